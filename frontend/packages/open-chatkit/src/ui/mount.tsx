/** Renders a chat into a shadow root and applies its options. */

import type { ChatKitOptions } from "@openai/chatkit";
import { computed, effect, signal } from "@preact/signals";
import { render } from "preact";
import { createChat } from "../core";
import type { Chat, ChatOptions } from "../core/types";
import { english, loadLocale } from "../locale";
import { normalizeTheme } from "../theme/palette";
import { sharedSheets } from "../theme/sheets";
import { createTheming } from "../theme/theming";
import { App } from "./App";
import { announceResponses } from "./announce";
import { refusalText } from "./composer/useFiles";
import { type Emit, toast, type Ui, UiProvider } from "./context";
import { fitVisibleArea } from "./visibleArea";

export type Mounted = {
  chat: Chat;
  setOptions(options: ChatKitOptions): void;
  focusComposer(): void;
  showHistory(): void;
  hideHistory(): void;
  /** Uploads files into the composer and shows a toast for each rejected file. */
  addFiles(files: readonly File[]): Promise<void>;
  /** Removes the views; the chat stays. */
  dispose(): void;
};

export type MountParams = {
  host: HTMLElement;
  root: ShadowRoot;
  options: ChatKitOptions;
  emit: Emit;
  /** The chat of views that were removed; null for a new one. */
  chat: Chat | null;
};

/** Returns the options that the core reads; views read the rest. */
function chatOptions(options: ChatKitOptions): ChatOptions {
  const { api, initialThread, locale, onClientTool, composer, widgets, history } = options;
  const given = { initialThread, locale, onClientTool, composer, widgets, history };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { api, ...Object.fromEntries(set) };
}

/** Returns the server's host; null if it is the page's own. */
function hostOf(api: ChatKitOptions["api"]): string | null {
  if (!("url" in api)) return null;
  const { host } = new URL(api.url, document.baseURI);
  return host === location.host ? null : host;
}

function emitHistoryEvents(ui: Ui): () => void {
  let before = ui.view.peek();
  return effect(() => {
    const view = ui.view.value;
    if (view === before) return;
    before = view;
    ui.emit(view === "history" ? "chatkit.history.open" : "chatkit.history.close", undefined);
  });
}

/** Creates a chat and renders it into `root`. */
export function mount(params: MountParams): Mounted {
  const { host, root, options, emit } = params;
  root.adoptedStyleSheets = [...sharedSheets()];
  const frame = document.createElement("div");
  frame.className = "frame";
  frame.setAttribute("part", "frame");
  frame.setAttribute("role", "region");
  root.append(frame);

  const chat = params.chat ?? createChat(chatOptions(options));
  const current = signal<ChatKitOptions>(options);
  const locale = signal(english);
  const ui: Ui = {
    chat,
    options: current,
    locale,
    apiHost: computed(() => hostOf(current.value.api)),
    host,
    frame,
    emit,
    view: signal("chat"),
    focusComposer: signal(null),
    wantedItem: signal(null),
    announcement: signal(""),
    toasts: signal([]),
  };
  const theming = createTheming(host, root, frame);

  let requested: string | undefined | null = null;
  const applyLocale = (tag: string | undefined): void => {
    if (tag === requested) return;
    requested = tag;
    void loadLocale(tag).then((loaded) => {
      // A later request may have finished first.
      if (requested !== tag) return;
      locale.value = loaded;
      frame.lang = loaded.tag;
      frame.dir = loaded.direction;
    });
  };

  const apply = (next: ChatKitOptions): void => {
    current.value = next;
    theming.apply(normalizeTheme(next.theme));
    applyLocale(next.locale);
  };
  apply(options);
  if (params.chat !== null) chat.setOptions(chatOptions(options));

  const stops = [
    effect(() => {
      frame.setAttribute("aria-label", current.value.frameTitle ?? locale.value.t("chat"));
    }),
    emitHistoryEvents(ui),
    announceResponses(ui),
    fitVisibleArea(host, frame),
  ];
  render(
    <UiProvider value={ui}>
      <App />
    </UiProvider>,
    frame,
  );

  return {
    chat,
    setOptions(next) {
      chat.setOptions(chatOptions(next));
      apply(next);
    },
    focusComposer: () => ui.focusComposer.value?.(),
    showHistory: () => {
      ui.view.value = "history";
    },
    hideHistory: () => {
      ui.view.value = "chat";
    },
    async addFiles(files) {
      const { t, tag } = locale.peek();
      for (const refused of await chat.composer.addFiles(files)) {
        toast(ui, refusalText(refused, t, tag), "danger");
      }
    },
    dispose() {
      for (const stop of stops) stop();
      render(null, frame);
      frame.remove();
      theming.dispose();
    },
  };
}
