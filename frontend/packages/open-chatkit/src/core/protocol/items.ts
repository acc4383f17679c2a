/**
 * Threads and their items, as the server sends them.
 *
 * Optional fields may be absent or null: servers differ in whether they drop nulls. Unknown types
 * become `unknown` items, so that every switch over `type` stays exhaustive.
 */

/** A page of a longer list; `after` is the cursor of the next one. */
export type Page<T> = { data: T[]; has_more: boolean; after?: string | null };

export type ThreadStatus =
  | { type: "active" }
  | { type: "locked"; reason?: string | null }
  | { type: "closed"; reason?: string | null };

/** A thread without its items. */
export type ThreadMetadata = {
  id: string;
  created_at: string;
  title?: string | null;
  status: ThreadStatus;
  /** Hosts from which this thread may load images, besides the page's own. */
  allowed_image_domains?: string[] | null;
  metadata?: Record<string, unknown>;
};

export type Thread = ThreadMetadata & { items: Page<ThreadItem> };

type ItemBase = { id: string; thread_id: string; created_at: string };

export type UserMessageItem = ItemBase & {
  type: "user_message";
  content: UserMessageContent[];
  attachments: Attachment[];
  quoted_text?: string | null;
  inference_options: InferenceOptions;
};

export type AssistantMessageItem = ItemBase & {
  type: "assistant_message";
  content: AssistantMessageContent[];
};

export type ClientToolCallItem = ItemBase & {
  type: "client_tool_call";
  status: "pending" | "completed";
  call_id: string;
  name: string;
  arguments: Record<string, unknown>;
  output?: unknown;
};

export type WidgetItem = ItemBase & {
  type: "widget";
  widget: WidgetNode;
  copy_text?: string | null;
};

export type GeneratedImage = { id: string; url: string };

export type GeneratedImageItem = ItemBase & {
  type: "generated_image";
  image?: GeneratedImage | null;
  /** 0 to 1 while the image is generated; client-side state, not part of the stored item. */
  progress?: number | null;
};

export type StructuredInputAnswer = { values: string[]; skipped: boolean };

type StructuredInputBase = {
  id: string;
  question: string;
  answer?: StructuredInputAnswer | null;
};

export type StructuredInputMultipleChoice = StructuredInputBase & {
  type: "multiple_choice";
  options: { value: string }[];
  multiple?: boolean;
};

export type StructuredInputFreeform = StructuredInputBase & {
  type: "freeform";
  description?: string | null;
};

export type StructuredInput = StructuredInputMultipleChoice | StructuredInputFreeform;

export type StructuredInputItem = ItemBase & {
  type: "structured_input";
  status: "pending" | "answered" | "skipped";
  inputs: StructuredInput[];
};

export type TaskItem = ItemBase & { type: "task"; task: Task };

export type WorkflowItem = ItemBase & { type: "workflow"; workflow: Workflow };

export type EndOfTurnItem = ItemBase & { type: "end_of_turn" };

/** An item of an unknown type, unchanged. */
export type UnknownItem = ItemBase & { type: "unknown"; raw: { type: string } & JsonObject };

export type ThreadItem =
  | UserMessageItem
  | AssistantMessageItem
  | ClientToolCallItem
  | WidgetItem
  | GeneratedImageItem
  | StructuredInputItem
  | TaskItem
  | WorkflowItem
  | EndOfTurnItem
  | UnknownItem;

// Messages

export type AssistantMessageContent = {
  type: "output_text";
  text: string;
  annotations: Annotation[];
};

/** The source of a statement; `index` is its position in the text. */
export type Annotation = { type: "annotation"; source: Source; index?: number | null };

export type UserMessageTextContent = { type: "input_text"; text: string };

export type UserMessageTagContent = {
  type: "input_tag";
  id: string;
  text: string;
  data?: Record<string, unknown>;
  group?: string | null;
  interactive?: boolean;
};

export type UserMessageContent = UserMessageTextContent | UserMessageTagContent;

export type InferenceOptions = { tool_choice?: { id: string } | null; model?: string | null };

export type UploadDescriptor = {
  url: string;
  method: "POST" | "PUT";
  headers?: Record<string, string>;
};

type AttachmentBase = {
  id: string;
  name: string;
  mime_type: string;
  upload_descriptor?: UploadDescriptor | null;
  thread_id?: string | null;
};

export type Attachment =
  | (AttachmentBase & { type: "file" })
  | (AttachmentBase & { type: "image"; preview_url: string });

// Workflows and tasks

export type Workflow = {
  type: "custom" | "reasoning";
  tasks: Task[];
  summary?: WorkflowSummary | null;
  expanded?: boolean;
};

/** `duration` is in seconds. */
export type WorkflowSummary = { title: string; icon?: string | null } | { duration: number };

type TaskBase = {
  /** Shown only inside a workflow. */
  status_indicator?: "none" | "loading" | "complete";
  title?: string | null;
};

export type CustomTask = TaskBase & {
  type: "custom";
  icon?: string | null;
  content?: string | null;
};

export type SearchTask = TaskBase & {
  type: "web_search";
  title_query?: string | null;
  queries?: string[];
  sources?: UrlSource[];
};

export type ThoughtTask = TaskBase & { type: "thought"; content: string };

export type FileTask = TaskBase & { type: "file"; sources?: FileSource[] };

export type ImageTask = TaskBase & { type: "image" };

/** A task of an unknown type, or one that can't be displayed. */
export type UnknownTask = TaskBase & { type: "unknown"; raw: unknown };

export type Task = CustomTask | SearchTask | ThoughtTask | FileTask | ImageTask | UnknownTask;

// Sources

type SourceBase = {
  title: string;
  description?: string | null;
  timestamp?: string | null;
  group?: string | null;
};

export type FileSource = SourceBase & { type: "file"; filename: string };

export type UrlSource = SourceBase & { type: "url"; url: string; attribution?: string | null };

export type EntitySource = SourceBase & {
  type: "entity";
  id: string;
  icon?: string | null;
  label?: string | null;
  inline_label?: string | null;
  interactive?: boolean;
  data?: Record<string, unknown>;
};

export type Source = UrlSource | FileSource | EntitySource;

// Widgets

export type JsonObject = Record<string, unknown>;

/**
 * A node of a widget's tree, of any type; views know their exact shape from the official `Widgets`
 * types. The reducer only finds nodes by ID and replaces them.
 */
export type WidgetNode = JsonObject & {
  type: string;
  id?: string | null;
  key?: string | null;
  children?: WidgetNode | WidgetNode[] | null;
};

/** The action of a widget's control; `handler` and `loadingBehavior` have the server's defaults. */
export type ActionConfig = {
  type: string;
  payload?: JsonObject | null;
  handler?: "client" | "server";
  loadingBehavior?: "auto" | "self" | "container" | "none";
  /** False: returns one changed item, and is allowed while a response streams. */
  streaming?: boolean;
};
