/**
 * The shape of a chat: what it shows (signals) and what can be done with it (methods).
 *
 * No framework: signals come from `@preact/signals-core`, so a Preact view subscribes by reading
 * `.value`, a test by reading it once. Everything a signal holds is immutable, and what hasn't
 * changed keeps its identity, so views may compare by `===`.
 */

import type { ChatKitEvents, ChatKitOptions, FileUploadStrategy } from "@openai/chatkit";
import type { ReadonlySignal } from "@preact/signals-core";
import type {
  ActionConfig,
  Attachment,
  CustomAction,
  FeedbackKind,
  NoticeEvent,
  StructuredInputSubmission,
  ThreadItem,
  ThreadMetadata,
  UserMessageContent,
} from "./protocol";

export type * from "./protocol";

/** Gets a client secret. The argument is ChatKit's; it is always null here. */
export type GetClientSecret = (current: string | null) => Promise<string>;

/** One's own server, opened by a client secret. */
export type SecretApiConfig = {
  url: string;
  getClientSecret: GetClientSecret;
  fetch?: typeof fetch;
  uploadStrategy?: FileUploadStrategy;
};

/** The three ways to reach a server: ours by secret, a custom one by `fetch`, the hosted one. */
export type ApiConfig = ChatKitOptions["api"] | SecretApiConfig;

/** What the core reads of the element's options. */
export type ChatOptions = {
  api: ApiConfig;
} & Partial<
  Pick<
    ChatKitOptions,
    "initialThread" | "locale" | "onClientTool" | "composer" | "widgets" | "history"
  >
>;

/** The name and detail of an official DOM event; the element makes a `CustomEvent` of it. */
export type ChatEvent = {
  [K in keyof ChatKitEvents]: { type: K; detail: ChatKitEvents[K]["detail"] };
}[keyof ChatKitEvents];

/** What went wrong last, in this thread. */
export type ChatError = {
  /** Where it came from: the stream said so, the server refused, or it can't be reached. */
  kind: "stream" | "refused" | "unreachable" | "unauthorized" | "expired";
  /** ChatKit's error code, or the problem's code, for example `thread-busy`. */
  code: string;
  /** For people; null where the view should say it in its own language. */
  message: string | null;
  /** Whether `retry()` may help. */
  allowRetry: boolean;
  /** HTTP status, if it was refused. */
  status?: number;
};

/** Something the server wants said; stays until dismissed or the thread changes. */
export type Notice = Omit<NoticeEvent, "type"> & { id: string };

/** What the assistant is doing before its next item appears. */
export type Progress = { text: string; icon: string | null };

/** The response that is being streamed. */
export type ActiveRun = {
  /** Null until the server says it, and for servers without runs. */
  runId: string | null;
  threadId: string | null;
  /** `stream_options.allow_cancel`. */
  allowCancel: boolean;
  /** Found in the thread rather than started here: after a reload, or by another tab. */
  attached: boolean;
};

/** A message that has left the composer and that the server hasn't confirmed yet. */
export type PendingMessage = {
  id: string;
  content: readonly UserMessageContent[];
  attachments: readonly Attachment[];
  quotedText: string | null;
  /** `failed`: `retry()` sends it again under the same Idempotency-Key. */
  status: "sending" | "failed";
};

/** A file in the composer. */
export type DraftFile = {
  /** The client's own id; stays the same when the upload ends. */
  key: string;
  name: string;
  size: number | null;
  mimeType: string;
  /** A `blob:` or server URL for pictures. */
  previewUrl: string | null;
  /** The share that is uploaded, from 0 to 1; null where that isn't known. */
  progress: number | null;
} & (
  | { status: "uploading"; attachment: null; error: null }
  | { status: "ready"; attachment: Attachment; error: null }
  | { status: "failed"; attachment: null; error: string }
);

/** What the composer holds, for each thread apart. Survives a refused or failed message. */
export type Draft = {
  content: readonly UserMessageContent[];
  /** Quoted text that the message replies to. */
  reply: string | null;
  files: readonly DraftFile[];
  toolId: string | null;
  modelId: string | null;
};

/** Why a file wasn't taken. */
export type FileRefusal = {
  file: File;
  reason: "disabled" | "too-large" | "too-many" | "not-accepted";
  /** Bytes or number, by the reason. */
  limit: number | null;
};

export type Composer = {
  readonly draft: ReadonlySignal<Draft>;
  /** True if `send()` would send something: it has content, and no upload is under way. */
  readonly canSend: ReadonlySignal<boolean>;
  /** The draft is to be sent as soon as it can be: after the answer, or once its files are up. */
  readonly isWaiting: ReadonlySignal<boolean>;
  /** Says so, or takes it back. A draft that is changed no longer waits. */
  setWaiting(waits: boolean): void;
  /** Replaces what is given, keeps the rest. `chatkit.tool.change` follows a new tool. */
  set(patch: Partial<Pick<Draft, "content" | "reply" | "toolId" | "modelId">>): void;
  /** Adds files that the server has already. */
  addAttachments(attachments: readonly Attachment[]): void;
  /** Uploads and adds files; resolves with those that the limits refuse, at once. */
  addFiles(files: readonly File[]): Promise<readonly FileRefusal[]>;
  /** Takes a file out, and tells the server if it was uploaded from here. */
  removeFile(key: string): Promise<void>;
  retryFile(key: string): Promise<void>;
  clear(): void;
  /** Speech to text. */
  transcribe(audio: Blob): Promise<string>;
};

/** A message sent by the page instead of the composer. */
export type SendParams = {
  text?: string;
  content?: readonly UserMessageContent[];
  reply?: string;
  attachments?: readonly Attachment[];
  newThread?: boolean;
  toolChoice?: { id: string };
  model?: string;
};

/**
 * How sending went. `busy`: another response is still being written in this thread; the chat
 * shows that one, and the message is back in the composer.
 */
export type SendResult = "sent" | "busy" | "failed";

export type History = {
  /** Newest first; null until loaded once. */
  readonly threads: ReadonlySignal<readonly ThreadMetadata[] | null>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isLoading: ReadonlySignal<boolean>;
  readonly error: ReadonlySignal<ChatError | null>;
  /** Loads the first page anew. */
  load(): Promise<void>;
  loadMore(): Promise<void>;
};

/** Whether the server can be reached, as far as open streams and requests have shown. */
export type Connection = "online" | "reconnecting" | "offline";

export type Chat = {
  // What is shown

  /** The open thread; null in the new thread view and until a new thread is created. */
  readonly thread: ReadonlySignal<ThreadMetadata | null>;
  /** Set at once when a thread is opened, before it is loaded. */
  readonly threadId: ReadonlySignal<string | null>;
  /** Oldest first. `end_of_turn` items are among them; views skip them. */
  readonly items: ReadonlySignal<readonly ThreadItem[]>;
  /** The ids of `items`; changes only when items come, go or move. */
  readonly itemIds: ReadonlySignal<readonly string[]>;
  /** One item; its signal changes only with that item. Unknown ids give undefined. */
  item(id: string): ReadonlySignal<ThreadItem | undefined>;
  /** Items that were begun and aren't done: show a caret, treat their markdown as unfinished. */
  readonly openItemIds: ReadonlySignal<ReadonlySet<string>>;
  /** Older items can be loaded by `loadMore()`. */
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isLoadingMore: ReadonlySignal<boolean>;
  /** The thread is being loaded. */
  readonly isLoading: ReadonlySignal<boolean>;
  readonly isResponding: ReadonlySignal<boolean>;
  readonly activeRun: ReadonlySignal<ActiveRun | null>;
  readonly canStop: ReadonlySignal<boolean>;
  /** `stop()` was called; the response has not ended yet. */
  readonly isStopping: ReadonlySignal<boolean>;
  readonly pending: ReadonlySignal<PendingMessage | null>;
  readonly progress: ReadonlySignal<Progress | null>;
  /** Client tools that are running now. */
  readonly runningTools: ReadonlySignal<readonly string[]>;
  readonly error: ReadonlySignal<ChatError | null>;
  readonly notices: ReadonlySignal<readonly Notice[]>;
  readonly connection: ReadonlySignal<Connection>;
  /** What the person thought of items, by item id, in this page view. */
  readonly feedbackGiven: ReadonlySignal<ReadonlyMap<string, FeedbackKind>>;
  readonly history: History;
  readonly composer: Composer;

  // What can be done

  /** Applies new options. A new `api` is used from the next request on. */
  setOptions(options: ChatOptions): void;
  /** Sends what the composer holds, or what is given; the composer stays as it is for the latter. */
  send(params?: SendParams): Promise<SendResult>;
  /** Ends the response. What was said stays. */
  stop(): Promise<void>;
  /**
   * Says the turn anew after a user message: the one given, the one before the item given, or
   * the last one. A message that failed to reach the server is sent again.
   */
  retry(itemId?: string): Promise<void>;
  openThread(threadId: string): Promise<void>;
  newThread(): void;
  /** Loads older items. */
  loadMore(): Promise<void>;
  /** Reads the thread and its items from the server again. */
  fetchUpdates(): Promise<void>;
  rename(threadId: string, title: string): Promise<void>;
  remove(threadId: string): Promise<void>;
  feedback(itemIds: readonly string[], kind: FeedbackKind): Promise<void>;
  /**
   * Does what a widget's control is configured to do: the page's `widgets.onAction` or the server.
   * Resolves when it is done, so that a control can show its loading behaviour meanwhile.
   */
  widgetAction(action: ActionConfig, itemId: string): Promise<void>;
  /** Sends an action to the server. */
  action(action: CustomAction, itemId?: string): Promise<void>;
  submitStructuredInput(itemId: string, input: StructuredInputSubmission): Promise<void>;
  /** Answers a pending client tool call; handlers in `onClientTool` are called by themselves. */
  submitClientToolResult(itemId: string, result: unknown): Promise<void>;
  dismissError(): void;
  dismissNotice(id: string): void;

  /** Passes on the official events; returns what ends that. */
  on(listener: (event: ChatEvent) => void): () => void;
  /** Leaves all streams without stopping their runs; the chat can't be used after it. */
  dispose(): void;
};

/** Makes a chat. It loads `initialThread` by itself. */
export type CreateChat = (options: ChatOptions) => Chat;
