/**
 * The element that pages see. It is small, so that the script defines it at once; views and core
 * come in a chunk that starts to load with it.
 */

import type { ChatKitEvents, ChatKitOptions, OpenAIChatKit } from "@openai/chatkit";
import type { Mounted } from "../ui/mount";
import type { CustomWidget } from "../widgets";
import { checkOptions, IntegrationError } from "./checkOptions";
import { deferred } from "./deferred";
import { loadViews } from "./loadViews";

type Methods = Omit<OpenAIChatKit, keyof HTMLElement>;
type ComposerValue = Parameters<OpenAIChatKit["setComposerValue"]>[0];
type UserMessage = Parameters<OpenAIChatKit["sendUserMessage"]>[0];

/** Style of the one line that is shown when the views, and with them all other styles, are missing. */
const FAILURE_STYLE = `
:host { display: block; box-sizing: border-box; min-height: 0; overflow: auto }
p { margin: 0; padding: 16px; font: 14px/1.5 system-ui, sans-serif; text-align: center }`;

/** Starts the download of what every element needs. */
export function preload(): void {
  // The failure is in the console, and an element that needs the chunk tries again.
  loadViews().catch(() => undefined);
}

export class OpenChatKitElement extends HTMLElement implements Methods {
  readonly #root: ShadowRoot;
  #options: ChatKitOptions | null = null;
  #mounted: Mounted | null = null;
  #mounting = false;
  #ready = deferred<Mounted>();
  #isReadySaid = false;
  #listensForReady = false;
  #isReadyMissed = false;
  readonly #complaints = new Set<string>();

  constructor() {
    super();
    this.#root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
  }

  /** Adds a component of the page's own to what widgets may use. */
  static async registerWidget(type: string, widget: CustomWidget): Promise<void> {
    (await loadViews()).registerWidget(type, widget);
  }

  connectedCallback(): void {
    void this.#mount();
  }

  disconnectedCallback(): void {
    // Moved elements are taken out and put in again at once: their chat goes on.
    queueMicrotask(() => {
      if (!this.isConnected) this.#unmount();
    });
  }

  setOptions(options: ChatKitOptions): void {
    const { wrong, unknown } = checkOptions(options);
    if (unknown.length > 0) this.#complain(`unknown options: ${unknown.join(", ")}`);
    if (wrong.length > 0) {
      this.#complain(`invalid options: ${wrong.join("; ")}`);
      return;
    }
    this.#options = options;
    if (this.#mounted) this.#mounted.setOptions(options);
    else void this.#mount();
  }

  async focusComposer(): Promise<void> {
    (await this.#ready.promise).focusComposer();
  }

  async setThreadId(threadId: string | null): Promise<void> {
    const { chat, hideHistory } = await this.#ready.promise;
    hideHistory();
    if (threadId === null) chat.newThread();
    else await chat.openThread(threadId);
  }

  async sendCustomAction(
    action: { type: string; payload?: Record<string, unknown> },
    itemId?: string,
  ): Promise<void> {
    await (await this.#ready.promise).chat.action(action, itemId);
  }

  async sendUserMessage(message: UserMessage): Promise<void> {
    const { chat } = await this.#ready.promise;
    if (!message.newThread && (chat.isResponding.peek() || chat.isLoading.peek())) {
      throw new Error("A message can't be sent while the chat is loading or answering.");
    }
    const result = await chat.send(message);
    if (result === "busy") throw new Error("Another answer is being written in this thread.");
    if (result === "failed") throw new Error("The message could not be sent.");
  }

  async setComposerValue(value: ComposerValue): Promise<void> {
    const { chat, addFiles } = await this.#ready.promise;
    const { text, content, reply, attachments, files, selectedToolId, selectedModelId } = value;
    const given = content ?? (text === undefined ? undefined : [{ type: "input_text", text }]);
    chat.composer.set({
      ...(given === undefined ? {} : { content: given as NonNullable<ComposerValue["content"]> }),
      ...(reply === undefined ? {} : { reply: reply || null }),
      ...(selectedToolId === undefined ? {} : { toolId: selectedToolId }),
      ...(selectedModelId === undefined ? {} : { modelId: selectedModelId }),
    });
    if (attachments) chat.composer.addAttachments(attachments);
    if (files) await addFiles(files);
  }

  async showHistory(): Promise<void> {
    (await this.#ready.promise).showHistory();
  }

  async hideHistory(): Promise<void> {
    (await this.#ready.promise).hideHistory();
  }

  async fetchUpdates(): Promise<void> {
    await (await this.#ready.promise).chat.fetchUpdates();
  }

  /**
   * The first listener for `chatkit.ready` gets it even if it comes too late: React's wrapper gives
   * the options before it listens, and an element whose chunks are loaded is ready at once.
   */
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener, options);
    if (type !== "chatkit.ready") return;
    this.#listensForReady = true;
    if (!this.#isReadyMissed) return;
    this.#isReadyMissed = false;
    queueMicrotask(() => this.dispatchEvent(new CustomEvent("chatkit.ready")));
  }

  async #mount(): Promise<void> {
    if (this.#mounted || this.#mounting || !this.#options || !this.isConnected) return;
    this.#mounting = true;
    let isLoaded = false;
    try {
      const { mount } = await loadViews();
      isLoaded = true;
      this.#root.replaceChildren();
      // It may have left the page meanwhile.
      if (!this.isConnected || !this.#options) return;
      this.#mounted = mount({
        host: this,
        root: this.#root,
        options: this.#options,
        emit: (type, detail) => this.#emit(type, detail),
      });
      this.#ready.resolve(this.#mounted);
      if (!this.#isReadySaid) this.#emit("chatkit.ready", undefined);
      this.#isReadySaid = true;
      this.#isReadyMissed = !this.#listensForReady;
    } catch (error) {
      // A missing chunk has been reported where it was loaded.
      if (isLoaded) console.error(error);
      this.#showFailure();
      this.#emit("chatkit.error", {
        error: error instanceof Error ? error : new Error(String(error)),
      });
    } finally {
      this.#mounting = false;
    }
  }

  /** Words in place of an empty box; the reason is in the console and in `chatkit.error`. */
  #showFailure(): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(FAILURE_STYLE);
    this.#root.adoptedStyleSheets = [sheet];
    const line = document.createElement("p");
    line.setAttribute("role", "alert");
    line.setAttribute("part", "error");
    line.textContent = "The chat could not be loaded.";
    this.#root.replaceChildren(line);
  }

  #unmount(): void {
    if (!this.#mounted) return;
    // Put into the page again it goes on where it was.
    const threadId = this.#mounted.chat.threadId.peek();
    if (this.#options) this.#options = { ...this.#options, initialThread: threadId };
    this.#mounted.dispose();
    this.#mounted = null;
    this.#ready = deferred<Mounted>();
  }

  /**
   * Says what the page does wrong, once, in the event and in the console. It isn't thrown: that
   * would take down the tree of a React page for a misspelt option. Nor is it said at once, since
   * such a page listens only after it has given its options.
   */
  #complain(message: string): void {
    if (this.#complaints.has(message)) return;
    this.#complaints.add(message);
    setTimeout(() => {
      const error = new IntegrationError(message);
      this.#emit("chatkit.error", { error });
      console.error(error);
    });
  }

  #emit<K extends keyof ChatKitEvents>(type: K, detail: ChatKitEvents[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}
