import { afterEach, expect, it, vi } from "vitest";
import { previewEntity } from "@/lib/entityPreview";

const DATES = { locale: "en-GB", timezone: "Europe/Berlin", now: new Date("2026-11-24T12:00:00Z") };
const TASK = {
  ...{ id: "tsk_1", number: 12, title: "Ring Rob", notes: "About the roof", list_id: "lst_1" },
  ...{ priority: "high", due: { date: "2026-11-25" }, tags: [], completed_at: null },
};
const LIST = { id: "lst_1", name: "Work", open_tasks: 1 };

function serve(answers: Record<string, unknown>): void {
  vi.stubGlobal("fetch", async (path: string) => {
    const answer = answers[path.slice(path.lastIndexOf("/") + 1)];
    return Response.json(answer ?? { type: "not-found" }, { status: answer ? 200 : 404 });
  });
}

async function linesOf(type: string, id: string): Promise<string[] | null> {
  const { preview } = await previewEntity({ id, title: "Call Bob", data: { type } }, DATES);
  return preview?.children.map((child) => ("value" in child ? String(child.value) : "")) ?? null;
}

afterEach(() => vi.unstubAllGlobals());

it("shows a task as it is now, not as it was mentioned", async () => {
  serve({ tsk_1: TASK, lst_1: LIST });
  const lines = ["Ring Rob", "#12 · Work · Tomorrow · High", "About the roof"];
  expect(await linesOf("task", "tsk_1")).toEqual(lines);
});

it("doesn't call a task overdue that is done", async () => {
  const done = { due: { date: "2026-11-20" }, completed_at: "2026-11-23T09:00:00Z", notes: "" };
  serve({ tsk_1: { ...TASK, ...done }, lst_1: LIST });
  expect(await linesOf("task", "tsk_1")).toEqual(["Ring Rob", "#12 · Work · Done"]);
});

it("shows how many tasks of a list are open", async () => {
  serve({ lst_1: LIST });
  expect(await linesOf("list", "lst_1")).toEqual(["Work", "1 open task"]);
});

it("says that a task was deleted", async () => {
  serve({});
  expect(await linesOf("task", "tsk_1")).toEqual(["This task was deleted."]);
});

it("shows nothing for other entities", async () => {
  expect(await linesOf("person", "usr_1")).toBeNull();
});
