/**
 * The chat's interface: its state (signals) and its methods.
 *
 * Independent of a framework: signals come from `@preact/signals-core`; a Preact view subscribes by
 * reading `.value`. Values of signals are immutable, and unchanged parts keep their identity, so
 * views may compare by `===`.
 */

import type { ChatKitEvents, ChatKitOptions, FileUploadStrategy } from "@openai/chatkit";
import type { ReadonlySignal, Signal } from "@preact/signals-core";
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

/** Returns a client secret; gets the one that it replaces, or null. */
export type GetClientSecret = (current: string | null) => Promise<string>;

/** A self-hosted server with client secrets. */
export type SecretApiConfig = {
  url: string;
  getClientSecret: GetClientSecret;
  fetch?: typeof fetch;
  uploadStrategy?: FileUploadStrategy;
};

/** The three server configurations: client secret, custom `fetch`, hosted service. */
export type ApiConfig = ChatKitOptions["api"] | SecretApiConfig;

/** The element's options that the core reads. */
export type ChatOptions = {
  api: ApiConfig;
} & Partial<
  Pick<
    ChatKitOptions,
    "initialThread" | "locale" | "onClientTool" | "composer" | "widgets" | "history"
  >
>;

/** The name and detail of an official DOM event; the element dispatches it as `CustomEvent`. */
export type ChatEvent = {
  [K in keyof ChatKitEvents]: { type: K; detail: ChatKitEvents[K]["detail"] };
}[keyof ChatKitEvents];

/** The last error in this thread. */
export type ChatError = {
  /** Origin: an error event of the stream, a rejected request, or an unreachable server. */
  kind: "stream" | "refused" | "unreachable" | "unauthorized" | "expired";
  /** ChatKit's error code, or the problem's code, for example `thread-busy`. */
  code: string;
  /** Text for the user; if null, the view supplies one in its language. */
  message: string | null;
  /** True if `retry()` may succeed. */
  allowRetry: boolean;
  /** HTTP status of a rejected request. */
  status?: number;
  /** Seconds to wait before a retry, from `Retry-After`. */
  retryAfter?: number;
};

/** A message from the server; shown until dismissed or the thread changes. */
export type Notice = Omit<NoticeEvent, "type"> & { id: string };

/** The assistant's progress before its next item appears. */
export type Progress = { text: string; icon: string | null };

/** The response in progress. */
export type ActiveRun = {
  /** Null until the server sends it, and for servers without runs. */
  runId: string | null;
  threadId: string | null;
  /** `stream_options.allow_cancel`. */
  allowCancel: boolean;
  /** True if the run was started elsewhere: before a reload, or in another tab. */
  attached: boolean;
};

/** A sent message that the server hasn't confirmed yet. */
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
  /** Client-side ID; stays the same after the upload. */
  key: string;
  name: string;
  size: number | null;
  mimeType: string;
  /** A `blob:` or server URL for images. */
  previewUrl: string | null;
  /** The uploaded share, from 0 to 1; null if unknown. */
  progress: number | null;
} & (
  | { status: "uploading"; attachment: null; error: null }
  | { status: "ready"; attachment: Attachment; error: null }
  /** `error` is the server's reason, null without one. */
  | { status: "failed"; attachment: null; error: string | null }
);

/** The composer's content, one draft per thread. Survives a rejected or failed message. */
export type Draft = {
  content: readonly UserMessageContent[];
  /** Quoted text that the message replies to. */
  reply: string | null;
  files: readonly DraftFile[];
  toolId: string | null;
  modelId: string | null;
};

/** A rejected file and the reason. */
export type FileRefusal = {
  file: File;
  reason: "disabled" | "too-large" | "too-many" | "not-accepted";
  /** In bytes or as a count, depending on the reason. */
  limit: number | null;
};

export type Composer = {
  readonly draft: ReadonlySignal<Draft>;
  /** True if `send()` would send the draft: it has content, and no upload is in progress. */
  readonly canSend: ReadonlySignal<boolean>;
  /** True if the draft is queued: it is sent after the response, or once its files are uploaded. */
  readonly isWaiting: ReadonlySignal<boolean>;
  /** Queues the draft or removes it from the queue. Editing the draft also removes it. */
  setWaiting(isWaiting: boolean): void;
  /** Replaces the given fields. Emits `chatkit.tool.change` when the tool changes. */
  set(patch: Partial<Pick<Draft, "content" | "reply" | "toolId" | "modelId">>): void;
  /** Returns the model for the next message: the selected one, else the default one. */
  selectedModel(): string | null;
  /** Adds files that are already uploaded. */
  addAttachments(attachments: readonly Attachment[]): void;
  /** Adds files and starts their uploads; resolves immediately with the rejected files. */
  addFiles(files: readonly File[]): Promise<readonly FileRefusal[]>;
  /** Removes a file, and deletes it at the server if it was uploaded here. */
  removeFile(key: string): Promise<void>;
  retryFile(key: string): Promise<void>;
  clear(): void;
  /** Converts speech to text. */
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
 * The result of sending. `busy`: another response is in progress in this thread; the chat shows it,
 * and the message is back in the composer.
 */
export type SendResult = "sent" | "busy" | "failed";

export type History = {
  /** Newest first; null until loaded once. */
  readonly threads: ReadonlySignal<readonly ThreadMetadata[] | null>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isLoading: ReadonlySignal<boolean>;
  readonly error: ReadonlySignal<ChatError | null>;
  readonly search: ThreadSearch;
  /** Reloads the first page. */
  load(): Promise<void>;
  loadMore(): Promise<void>;
};

/** A part of a message's text; `hit` if it is a word of the search. */
export type SnippetPart = { text: string; hit: boolean };

/** A thread that matches a search. */
export type FoundThread = {
  thread: ThreadMetadata;
  /** The newest matching message; null if only the title matches. */
  itemId: string | null;
  /** That message around its hits. */
  snippet: readonly SnippetPart[];
};

export type ThreadSearch = {
  readonly query: ReadonlySignal<string>;
  /** By newest match; null without a query, and until the first result. */
  readonly found: ReadonlySignal<readonly FoundThread[] | null>;
  /** True if the server has no search: only titles of the loaded threads are searched. */
  readonly usesTitles: ReadonlySignal<boolean>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isLoading: ReadonlySignal<boolean>;
  readonly error: ReadonlySignal<ChatError | null>;
  /** Searches once there was no further call for a moment; a blank query ends the search. */
  set(query: string): void;
  retry(): Promise<void>;
  loadMore(): Promise<void>;
};

/** The connection state, as observed by open streams and requests. */
export type Connection = "online" | "reconnecting" | "offline";

export type Chat = {
  // State

  /** The open thread; null in the new thread view and until a new thread is created. */
  readonly thread: ReadonlySignal<ThreadMetadata | null>;
  /** Set when a thread is opened, before it is loaded. */
  readonly threadId: ReadonlySignal<string | null>;
  /** Oldest first. `end_of_turn` items are among them; views skip them. */
  readonly items: ReadonlySignal<readonly ThreadItem[]>;
  /** The IDs of `items`; changes only when items are added, removed or moved. */
  readonly itemIds: ReadonlySignal<readonly string[]>;
  /** One item's signal; undefined for unknown IDs. */
  item(id: string): ReadonlySignal<ThreadItem | undefined>;
  /** Items that are still streaming: show a caret, treat their markdown as incomplete. */
  readonly openItemIds: ReadonlySignal<ReadonlySet<string>>;
  /** True if `loadMore()` can load older items. */
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isLoadingMore: ReadonlySignal<boolean>;
  /** True while the thread is loading. */
  readonly isLoading: ReadonlySignal<boolean>;
  readonly isResponding: ReadonlySignal<boolean>;
  readonly activeRun: ReadonlySignal<ActiveRun | null>;
  readonly canStop: ReadonlySignal<boolean>;
  /** True after `stop()` until the response ends. */
  readonly isStopping: ReadonlySignal<boolean>;
  readonly pending: ReadonlySignal<PendingMessage | null>;
  readonly progress: ReadonlySignal<Progress | null>;
  /** Client tools that are running now. */
  readonly runningTools: ReadonlySignal<readonly string[]>;
  readonly error: ReadonlySignal<ChatError | null>;
  readonly notices: ReadonlySignal<readonly Notice[]>;
  readonly connection: ReadonlySignal<Connection>;
  /** The user's feedback by item ID, in this page view. */
  readonly feedbackGiven: ReadonlySignal<ReadonlyMap<string, FeedbackKind>>;
  /** IDs of the items after which the user stopped a response. */
  readonly stoppedAfter: ReadonlySignal<ReadonlySet<string>>;
  /** IDs of the items after which a response was cancelled for another reason. */
  readonly interruptedAfter: ReadonlySignal<ReadonlySet<string>>;
  /**
   * Set by the view: whether streamed text is revealed over a few frames or, by default, applied when
   * it arrives.
   */
  readonly revealsGradually: Signal<boolean>;
  readonly history: History;
  readonly composer: Composer;

  // Methods

  /** Applies new options. A new `api` applies to the next request. */
  setOptions(options: ChatOptions): void;
  /** Sends the composer's draft, or the given message, which leaves the composer unchanged. */
  send(params?: SendParams): Promise<SendResult>;
  /** Stops the response. The text so far stays; an unconfirmed message returns to the composer. */
  stop(): Promise<void>;
  /**
   * Regenerates the response to a user message: the given one, the one before the given item, or
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
   * Runs the action of a widget's control: the page's `widgets.onAction`, or at the server. Resolves
   * when it has finished, so that the control can show its loading behavior until then.
   */
  widgetAction(action: ActionConfig, itemId: string): Promise<void>;
  /** Sends an action to the server. */
  action(action: CustomAction, itemId?: string): Promise<void>;
  submitStructuredInput(itemId: string, input: StructuredInputSubmission): Promise<void>;
  /** Submits the result of a pending client tool call that `onClientTool` doesn't handle. */
  submitClientToolResult(itemId: string, result: unknown): Promise<void>;
  dismissError(): void;
  dismissNotice(id: string): void;

  /** Subscribes to the official events; returns the unsubscribe function. */
  on(listener: (event: ChatEvent) => void): () => void;
  /** Detaches from all streams without cancelling their runs. The chat can't be used afterwards. */
  dispose(): void;
};
