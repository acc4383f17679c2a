/**
 * The custom element. It is small, so that the script defines it immediately; views and core are in
 * a chunk whose download starts at the same time.
 */

import type { ChatKitEvents, ChatKitOptions, OpenAIChatKit } from "@openai/chatkit";
import type { Chat } from "../core/types";
import type { Mounted } from "../ui/mount";
import type { DomWidget } from "../widgets";
import { checkOptions, IntegrationError } from "./checkOptions";
import { deferred } from "./deferred";
import { loadViews } from "./loadViews";

type Methods = Omit<OpenAIChatKit, keyof HTMLElement>;
type ComposerValue = Parameters<OpenAIChatKit["setComposerValue"]>[0];
type UserMessage = Parameters<OpenAIChatKit["sendUserMessage"]>[0];

/** Style of the error line that is shown when the chunk with the views and styles is missing. */
const FAILURE_STYLE = `
:host { display: block; box-sizing: border-box; min-height: 0; overflow: auto }
p { margin: 0; padding: 16px; font: 14px/1.5 system-ui, sans-serif; text-align: center;
  color: CanvasText; background: Canvas }`; // readable on any page, also without a color of its own

/** Starts the download of the chunk that every element needs. */
export function preload(): void {
  // The failure is reported in the console, and an element that needs the chunk retries.
  loadViews().catch(() => undefined);
}

/** A page that is rendered on a server imports this module there, too. */
const BaseElement: typeof HTMLElement = globalThis.HTMLElement ?? class {};

export class OpenChatKitElement extends BaseElement implements Methods {
  readonly #root: ShadowRoot;
  #options: ChatKitOptions | null = null;
  #mounted: Mounted | null = null;
  #mounting = false;
  /** The chat of a removed element, until its response ends. */
  #kept: Chat | null = null;
  #ready = deferred<Mounted>();
  #hasEmittedReady = false;
  #hasReadyListener = false;
  #hasMissedReady = false;
  readonly #reported = new Set<string>();

  constructor() {
    super();
    this.#root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
  }

  /** Registers a custom component of the page for widgets. */
  static async registerWidget(type: string, widget: DomWidget): Promise<void> {
    (await loadViews()).registerWidget(type, widget);
  }

  connectedCallback(): void {
    void this.#mount();
  }

  disconnectedCallback(): void {
    // A moved element is disconnected and reconnected at once: keep its chat.
    queueMicrotask(() => {
      if (!this.isConnected) this.#unmount();
    });
  }

  setOptions(options: ChatKitOptions): void {
    const { wrong, unknown } = checkOptions(options);
    if (unknown.length > 0) this.#report(`unknown options: ${unknown.join(", ")}`);
    if (wrong.length > 0) {
      this.#report(`invalid options: ${wrong.join("; ")}`);
      if (this.#options === null) this.#showFailure();
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
      throw new Error("A message can't be sent while the chat is loading or responding.");
    }
    const result = await chat.send(message);
    if (result === "busy") throw new Error("Another response is in progress in this thread.");
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
   * The first listener for `chatkit.ready` gets the event even if it was added too late: React's
   * wrapper sets the options before it listens, and an element with loaded chunks is ready at once.
   */
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener, options);
    if (type !== "chatkit.ready") return;
    this.#hasReadyListener = true;
    if (!this.#hasMissedReady) return;
    this.#hasMissedReady = false;
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
      // The element may have been removed since.
      if (!this.isConnected || !this.#options) return;
      const kept = this.#kept;
      this.#kept = null;
      this.#mounted = mount({
        host: this,
        root: this.#root,
        options: this.#options,
        emit: (type, detail) => this.#emit(type, detail),
        chat: kept,
      });
      if (kept === null) this.#mounted.chat.on((event) => this.#emit(event.type, event.detail));
      this.#ready.resolve(this.#mounted);
      if (!this.#hasEmittedReady) this.#emit("chatkit.ready", undefined);
      this.#hasEmittedReady = true;
      this.#hasMissedReady = !this.#hasReadyListener;
    } catch (error) {
      // A missing chunk is already reported.
      if (isLoaded) console.error(error);
      this.#showFailure();
      this.#emit("chatkit.error", {
        error: error instanceof Error ? error : new Error(String(error)),
      });
    } finally {
      this.#mounting = false;
    }
  }

  /** Shows an error line instead of an empty box; the console and `chatkit.error` have the reason. */
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
    const { chat } = this.#mounted;
    this.#mounted.dispose();
    this.#mounted = null;
    this.#ready = deferred<Mounted>();
    this.#kept = chat;
    const stop = chat.isResponding.subscribe((isResponding) => {
      if (isResponding) return;
      // Deferred: a client tool may run next, and the response continues.
      setTimeout(() => {
        const isUsed = this.#kept !== chat;
        if (!isUsed && chat.isResponding.peek()) return;
        stop();
        if (!isUsed) this.#discard(chat);
      });
    });
  }

  /** Ends the chat of a removed element. If that is added again, it opens the same thread. */
  #discard(chat: Chat): void {
    this.#kept = null;
    const initialThread = chat.threadId.peek();
    if (this.#options) this.#options = { ...this.#options, initialThread };
    chat.dispose();
  }

  /**
   * Reports an error of the page once, in `chatkit.error` and in the console. It isn't thrown, which
   * would unmount the tree of a React page because of a misspelled option. The event is delayed,
   * because such a page listens only after it has set the options.
   */
  #report(message: string): void {
    if (this.#reported.has(message)) return;
    this.#reported.add(message);
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
