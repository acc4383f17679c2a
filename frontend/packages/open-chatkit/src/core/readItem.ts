/**
 * Reads items and their parts as servers may send them.
 *
 * A part without what it needs to be shown is null, and left out where there are others. Optional
 * members of the wrong type get their defaults. So views can rely on the types. Nothing here throws.
 */

import type {
  Annotation,
  AssistantMessageContent,
  Attachment,
  GeneratedImage,
  JsonObject,
  Source,
  StructuredInput,
  Task,
  ThreadItem,
  UserMessageContent,
  WidgetNode,
  Workflow,
} from "./types";

/** Deeper nodes of a widget are cut off: browsers and the call stack give out before servers do. */
const MAX_WIDGET_DEPTH = 50;

type Known = Exclude<ThreadItem["type"], "unknown">;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Text for people or an id; numbers count as text, everything else as none. */
export function textOf(value: unknown): string {
  return typeof value === "number" ? String(value) : (textOrNull(value) ?? "");
}

export function numberOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A position in a list; null if it is none. */
export function indexOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

function listOf<T>(raw: unknown, read: (value: unknown) => T | null): T[] {
  return Array.isArray(raw) ? raw.map(read).filter((value) => value !== null) : [];
}

/** A list that may be empty or absent; null if it holds nothing but what can't be read. */
function someOf<T>(raw: unknown, read: (value: unknown) => T | null): T[] | null {
  if (raw === undefined || raw === null) return [];
  const found = listOf(raw, read);
  return Array.isArray(raw) && (raw.length === 0 || found.length > 0) ? found : null;
}

/** Those of some members that are there, read. */
function present(
  raw: JsonObject,
  readers: Record<string, (value: unknown) => unknown>,
): JsonObject {
  const names = Object.keys(readers).filter((name) => name in raw);
  return Object.fromEntries(names.map((name) => [name, readers[name]?.(raw[name])]));
}

const isTrue = (value: unknown): boolean => value === true;
const texts = (value: unknown): string[] => listOf(value, textOrNull);
const sources = (value: unknown): Source[] => listOf(value, readSource);

function oneOf<T extends string>(value: unknown, known: readonly [T, ...T[]]): T {
  return known.find((each) => each === value) ?? known[0];
}

/** What an item of each known type has besides its base; null if it can't be shown. */
const MEMBERS: Record<Known, (raw: JsonObject) => JsonObject | null> = {
  user_message(raw) {
    const content = someOf(raw.content, readUserContent);
    return (
      content && {
        content,
        attachments: listOf(raw.attachments, readAttachment),
        inference_options: objectOf(raw.inference_options),
        ...present(raw, { quoted_text: textOrNull }),
      }
    );
  },
  assistant_message(raw) {
    const content = someOf(raw.content, readContent);
    return content && { content };
  },
  client_tool_call(raw) {
    if (textOrNull(raw.name) === null) return null;
    const status = oneOf(raw.status, ["pending", "completed"]);
    return { status, arguments: objectOf(raw.arguments) };
  },
  widget(raw) {
    const widget = readWidget(raw.widget);
    return widget && { widget, ...present(raw, { copy_text: textOrNull }) };
  },
  generated_image: (raw) => present(raw, { image: readImage, progress: numberOrNull }),
  structured_input(raw) {
    const inputs = someOf(raw.inputs, readInput);
    return inputs && { inputs, status: oneOf(raw.status, ["pending", "answered", "skipped"]) };
  },
  task(raw) {
    const task = readTask(raw.task);
    return task.type === "unknown" ? null : { task };
  },
  workflow: (raw) => (isObject(raw.workflow) ? { workflow: readWorkflow(raw.workflow) } : null),
  end_of_turn: () => ({}),
};

/** The members of an item of a known type, the rest as it came; null if it can't be shown. */
export function readMembers(type: string, raw: JsonObject): JsonObject | null {
  const read = Object.hasOwn(MEMBERS, type) ? MEMBERS[type as Known] : undefined;
  const members = read?.(raw);
  return members ? { ...raw, ...members } : null;
}

function readUserContent(raw: unknown): UserMessageContent | null {
  if (!isObject(raw) || typeof raw.text !== "string") return null;
  if (raw.type === "input_text") return raw as UserMessageContent;
  if (raw.type !== "input_tag" || typeof raw.id !== "string") return null;
  const members = present(raw, { data: objectOf, group: textOrNull, interactive: isTrue });
  return { ...raw, ...members } as UserMessageContent;
}

function readAttachment(raw: unknown): Attachment | null {
  if (!isObject(raw) || typeof raw.id !== "string") return null;
  return { ...raw, name: textOf(raw.name) } as Attachment;
}

/** A part of an assistant's message. */
export function readContent(raw: unknown): AssistantMessageContent | null {
  if (!isObject(raw) || typeof raw.text !== "string") return null;
  return {
    ...raw,
    annotations: listOf(raw.annotations, readAnnotation),
  } as AssistantMessageContent;
}

export function readAnnotation(raw: unknown): Annotation | null {
  if (!isObject(raw)) return null;
  const source = readSource(raw.source);
  return source && ({ ...raw, source, ...present(raw, { index: indexOrNull }) } as Annotation);
}

/** The member by which a source is told from others. */
const SOURCE_NAMES: Readonly<Record<Source["type"], string>> = {
  url: "url",
  file: "filename",
  entity: "id",
};

const SOURCE_MEMBERS = {
  description: textOrNull,
  timestamp: textOrNull,
  group: textOrNull,
  attribution: textOrNull,
  icon: textOrNull,
  label: textOrNull,
  inline_label: textOrNull,
  interactive: isTrue,
  data: objectOf,
};

function readSource(raw: unknown): Source | null {
  if (!isObject(raw) || !Object.hasOwn(SOURCE_NAMES, textOf(raw.type))) return null;
  if (typeof raw[SOURCE_NAMES[raw.type as Source["type"]]] !== "string") return null;
  return { ...raw, title: textOf(raw.title), ...present(raw, SOURCE_MEMBERS) } as Source;
}

/** A widget's tree, cut off where it is too deep. Nodes are read by their views. */
export function readWidget(raw: unknown): WidgetNode | null {
  return isObject(raw) && typeof raw.type === "string" ? cutDeep(raw as WidgetNode, 0) : null;
}

function cutDeep(node: WidgetNode, depth: number): WidgetNode {
  if (depth === MAX_WIDGET_DEPTH) return { type: "TooDeep" };
  const cut = (child: unknown): unknown =>
    isObject(child) ? cutDeep(child as WidgetNode, depth + 1) : child;
  const { children } = node as { children?: unknown };
  const kept = Array.isArray(children) ? children.map(cut) : cut(children);
  // What isn't changed keeps its identity, and isn't drawn again.
  const isSame = Array.isArray(children)
    ? children.every((child, index) => child === (kept as unknown[])[index])
    : kept === children;
  return isSame ? node : ({ ...node, children: kept } as WidgetNode);
}

export function readImage(raw: unknown): GeneratedImage | null {
  return isObject(raw) && typeof raw.url === "string" ? (raw as GeneratedImage) : null;
}

function readInput(raw: unknown): StructuredInput | null {
  if (!isObject(raw) || typeof raw.id !== "string" || typeof raw.question !== "string") return null;
  const shared = { ...raw, ...present(raw, { answer: readAnswer }) };
  if (raw.type !== "multiple_choice") {
    const description = present(raw, { description: textOrNull });
    return { ...shared, type: "freeform", ...description } as StructuredInput;
  }
  const options = listOf(raw.options, (option) =>
    isObject(option) && typeof option.value === "string" ? option : null,
  );
  return { ...shared, options, ...present(raw, { multiple: isTrue }) } as StructuredInput;
}

function readAnswer(raw: unknown): JsonObject | null {
  if (!isObject(raw)) return null;
  return { ...raw, values: texts(raw.values), skipped: raw.skipped === true };
}

const TASKS: ReadonlySet<unknown> = new Set<Task["type"]>([
  "custom",
  "web_search",
  "thought",
  "file",
  "image",
]);

const TASK_MEMBERS = {
  title: textOrNull,
  title_query: textOrNull,
  content: textOrNull,
  icon: textOrNull,
  status_indicator: (value: unknown) => oneOf(value, ["none", "loading", "complete"]),
  sources,
  queries: texts,
};

/** A step; one that can't be read keeps its place as `unknown`. */
export function readTask(raw: unknown): Task {
  if (!isObject(raw) || !TASKS.has(raw.type)) return { type: "unknown", raw };
  return { ...raw, ...present(raw, TASK_MEMBERS) } as Task;
}

function readWorkflow(raw: JsonObject): Workflow {
  const type = oneOf(raw.type, ["custom", "reasoning"]);
  const tasks = Array.isArray(raw.tasks) ? raw.tasks.map(readTask) : [];
  const members = present(raw, { summary: readSummary, expanded: isTrue });
  return { ...raw, type, tasks, ...members };
}

function readSummary(raw: unknown): JsonObject | null {
  if (!isObject(raw)) return null;
  if (typeof raw.title === "string") return { ...raw, ...present(raw, { icon: textOrNull }) };
  const duration = numberOrNull(raw.duration);
  return duration === null ? null : { duration };
}
