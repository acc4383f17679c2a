import { sendAuthorized, sendAuthorizedJson, userPath } from "@/lib/authorizedHttp";
import { sendChange } from "@/lib/taskApi";

/** Numbers of things of a kind that an import created, or did not. */
export interface ImportCounts {
  created: number;
  existing: number;
  changed: number;
  in_trash: number;
  skipped: number;
}

/** A row that wasn't imported, or not completely. */
export interface ImportIssue {
  /** A line of the file, or an ID in it. */
  place: string;
  title: string;
  reason: string;
  skipped: boolean;
}

/** The outcome of an import, or of its dry run. */
export interface ImportReport {
  dry_run: boolean;
  format: string;
  /** Guessed; null if it was certain. */
  encoding: string | null;
  /** To undo the import; null if nothing was created. */
  request_id: string | null;
  lists: ImportCounts;
  sections: ImportCounts;
  tasks: ImportCounts;
  filters: ImportCounts;
  tags: ImportCounts;
  issues: ImportIssue[];
  issue_count: number;
  left_out: { kind: string; count: number }[];
}

/** The largest file that can be imported, in bytes. */
export const MAX_IMPORT_BYTES = 10_000_000;

const FORMATS: Record<string, string> = {
  json: "JSON export of this service",
  csv: "Table (CSV)",
  "todoist-csv": "Todoist (CSV)",
  "todoist-json": "Todoist (JSON)",
  ticktick: "TickTick",
  vikunja: "Vikunja",
  icalendar: "iCalendar",
};

const KINDS = ["tasks", "lists", "sections", "filters", "tags"] as const;

/**
 * Imports a file, or returns what an import would do.
 *
 * @param options.key the header with the idempotency key: a failed import that is repeated with it
 *   continues, and one undo reverts both.
 */
export function postImport(
  file: Blob,
  options: {
    timezone: string;
    listName: string;
    isDryRun: boolean;
    key: Record<string, string>;
  },
): Promise<ImportReport> {
  const params = new URLSearchParams({ timezone: options.timezone });
  if (options.listName) params.set("list", options.listName);
  if (options.isDryRun) params.set("dry_run", "true");
  return sendChange<ImportReport>(`import?${params}`, {
    method: "POST",
    file,
    headers: options.key,
  });
}

/** Names the format of an imported file. */
export function describeFormat({ format, encoding }: ImportReport): string {
  return (FORMATS[format] ?? format) + (encoding ? ` in ${encoding}` : "");
}

/** Describes what an import does, a line for each kind of thing that the file has. */
export function describeCounts(report: ImportReport): string[] {
  return KINDS.flatMap((kind) => {
    const { created, existing, changed, in_trash, skipped } = report[kind];
    const others = [
      existing > 0 ? `${existing} already here` : "",
      changed > 0 ? `${changed} of them different in the file` : "",
      in_trash > 0 ? `${in_trash} in the trash` : "",
      skipped > 0 ? `${skipped} skipped` : "",
    ].filter(Boolean);
    if (created === 0 && others.length === 0) return [];
    const name = created === 1 ? kind.slice(0, -1) : kind;
    const text = `${created} new ${name}`;
    return [others.length > 0 ? `${text} (${others.join(", ")})` : text];
  });
}

/** Returns all tasks as a CSV file. */
export async function getCsvExport(): Promise<Blob> {
  return (await sendAuthorized(userPath("export/tasks.csv"))).blob();
}

/** Returns all tasks and lists as a JSON file that can be imported. */
export async function getJsonExport(): Promise<Blob> {
  return (await sendAuthorized(userPath("export"))).blob();
}

/** Returns when the calendar feed's address was created; null if there is no feed. */
export async function getCalendarFeed(): Promise<string | null> {
  const state = await sendAuthorizedJson<{ created_at: string | null }>(userPath("calendar"));
  return state.created_at;
}

/** Creates a calendar feed, and returns its address; a former address stops working. */
export async function postCalendarFeed(): Promise<string> {
  const path = userPath("calendar");
  return (await sendAuthorizedJson<{ url: string }>(path, { method: "POST" })).url;
}

/** Revokes the calendar feed's address. */
export async function deleteCalendarFeed(): Promise<void> {
  await sendAuthorized(userPath("calendar"), { method: "DELETE" });
}
