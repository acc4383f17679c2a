"use client";

import { Upload } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { fieldClass, Input } from "@/components/ui/input";
import { Notice } from "@/components/ui/notice";
import { useDateContext } from "@/hooks/useDateContext";
import { postUndo } from "@/lib/history";
import { messageOf } from "@/lib/problem";
import { idempotencyKey } from "@/lib/taskApi";
import {
  describeCounts,
  describeFormat,
  type ImportReport,
  MAX_IMPORT_BYTES,
  postImport,
} from "@/lib/transfer";
import { cn } from "@/lib/utils";
import { useTaskStore } from "@/stores/taskStore";
import { showInfo } from "@/stores/toastStore";

const SUFFIXES = ".json,.csv,.zip,.ics,.txt";
const SHOWN_ISSUES = 20;

/** Imports a file: first a report of what would be imported, then the import, which can be undone. */
export function ImportForm() {
  const { timezone } = useDateContext();
  const reloadTasks = useTaskStore((state) => state.reload);
  const fileField = useRef<HTMLInputElement>(null);
  const importKey = useRef<Record<string, string>>({}); // of the checked file's import
  const [file, setFile] = useState<File | null>(null);
  const [listName, setListName] = useState("");
  const [report, setReport] = useState<ImportReport | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState<"check" | "import" | "undo" | null>(null);

  const attempt = async (step: typeof busy, request: () => Promise<ImportReport | null>) => {
    if (busy) return;
    setBusy(step);
    setProblem(null);
    try {
      setReport(await request());
    } catch (error) {
      setProblem(messageOf(error));
    }
    setBusy(null);
  };
  const send = (content: File, isDryRun: boolean) => {
    if (isDryRun) importKey.current = idempotencyKey();
    const key = importKey.current;
    return postImport(content, { timezone, listName: listName.trim(), isDryRun, key });
  };
  const check = (event: FormEvent) => {
    event.preventDefault();
    if (file) void attempt("check", () => send(file, true));
  };
  const reset = () => {
    setFile(null);
    setReport(null);
    setProblem(null);
    if (fileField.current) fileField.current.value = "";
  };
  const importFile = (content: File) =>
    attempt("import", async () => {
      const done = await send(content, false);
      await reloadTasks();
      return done;
    });
  const undo = (requestId: string) =>
    attempt("undo", async () => {
      await postUndo({ request_id: requestId });
      await reloadTasks();
      reset();
      showInfo("The import was undone");
      return null;
    });
  return (
    <section className="grid gap-3">
      <h4 className="text-sm font-semibold">Import tasks</h4>
      <form onSubmit={check} className="grid gap-3">
        <Field
          label="File"
          hint="JSON or CSV of this service, Todoist (CSV, ZIP, JSON), TickTick, Vikunja or iCalendar. At most 10 MB."
        >
          {(control) => (
            <input
              {...control}
              ref={fileField}
              type="file"
              accept={SUFFIXES}
              required
              onChange={({ target }) => {
                const chosen = target.files?.[0] ?? null;
                const isTooLarge = (chosen?.size ?? 0) > MAX_IMPORT_BYTES;
                setFile(isTooLarge ? null : chosen);
                setReport(null);
                setProblem(isTooLarge ? "The file is larger than 10 MB." : null);
              }}
              className={cn(
                fieldClass,
                "h-auto py-1.5 pl-1.5 file:mr-3 file:h-7 file:rounded-md file:bg-secondary file:px-3 file:text-[0.8125rem] file:font-medium file:text-secondary-foreground",
              )}
            />
          )}
        </Field>
        <Field label="List for tasks without one" hint="Optional; Inbox by default.">
          {(control) => (
            <Input
              {...control}
              maxLength={100}
              value={listName}
              onChange={({ target }) => {
                setListName(target.value);
                setReport(null);
              }}
            />
          )}
        </Field>
        {report === null ? (
          <div>
            <Button type="submit" variant="outline" aria-disabled={!file || busy !== null}>
              <Upload aria-hidden className="h-4 w-4" />
              {busy === "check" ? "Checking…" : "Check file"}
            </Button>
          </div>
        ) : null}
      </form>
      {problem ? <Notice tone="error">{problem}</Notice> : null}
      <div role="status">{report ? <Report report={report} /> : null}</div>
      {report?.dry_run && file ? (
        <div className="flex flex-wrap gap-2">
          <Button
            aria-disabled={busy !== null || !hasNew(report)}
            onClick={() => hasNew(report) && void importFile(file)}
          >
            {busy === "import" ? "Importing…" : "Import"}
          </Button>
          <Button variant="ghost" onClick={reset}>
            Cancel
          </Button>
        </div>
      ) : null}
      {report && !report.dry_run ? (
        <div className="flex flex-wrap gap-2">
          {report.request_id ? (
            <Button
              variant="outline"
              aria-disabled={busy !== null}
              onClick={() => void undo(report.request_id ?? "")}
            >
              {busy === "undo" ? "Undoing…" : "Undo this import"}
            </Button>
          ) : null}
          <Button variant="ghost" onClick={reset}>
            Import another file
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function hasNew({ tasks, lists, sections, filters, tags }: ImportReport): boolean {
  return [tasks, lists, sections, filters, tags].some(({ created }) => created > 0);
}

function Report({ report }: { report: ImportReport }) {
  const counts = describeCounts(report);
  return (
    <div className="grid gap-2 rounded-md border p-3 text-sm">
      <p className="font-medium">
        {report.dry_run ? "This file would import" : "Imported"}
        <span className="font-normal text-muted-foreground"> · {describeFormat(report)}</span>
      </p>
      <ul className="list-disc pl-5">
        {counts.length > 0 ? (
          counts.map((line) => <li key={line}>{line}</li>)
        ) : (
          <li>Nothing: the file has no tasks</li>
        )}
        {report.left_out.map(({ kind, count }) => (
          <li key={kind}>
            Left out: {count} {kind}
          </li>
        ))}
      </ul>
      {report.issue_count > 0 ? (
        <details>
          <summary className="text-muted-foreground pointer-coarse:py-3">
            {report.issue_count} {report.issue_count === 1 ? "row needs" : "rows need"} attention
          </summary>
          <ul className="mt-2 grid gap-1.5">
            {report.issues.slice(0, SHOWN_ISSUES).map((issue) => (
              <li key={`${issue.place} ${issue.reason}`} className="break-words">
                <span className="text-muted-foreground">{issue.place}: </span>
                {issue.title ? `“${issue.title}”: ` : ""}
                {issue.reason}
                {issue.skipped ? " (skipped)" : ""}
              </li>
            ))}
            {report.issue_count > SHOWN_ISSUES ? (
              <li className="text-muted-foreground">
                and {report.issue_count - SHOWN_ISSUES} more
              </li>
            ) : null}
          </ul>
        </details>
      ) : null}
    </div>
  );
}
