import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Task } from "@/lib/tasks";
import { withPatches } from "@/lib/taskView";
import { makeTask } from "@/lib/testing/makeTask";
import { useAuthStore } from "@/stores/authStore";
import { useTaskStore } from "@/stores/taskStore";
import { useToasts } from "@/stores/toastStore";

const LIST = {
  id: "lst_inbox",
  name: "Inbox",
  is_default: true,
  open_tasks: 1,
  created_at: "2026-11-23T08:00:00Z",
  updated_at: "2026-11-23T08:00:00Z",
};

/** The server of one test: what it has, what it was asked, what it says next. */
class FakeServer {
  tasks: Task[] = [makeTask("tsk_milk", { title: "milk" })];
  asked: string[] = [];
  /** Answers the next change instead of what the server would say. */
  nextChange: (() => Promise<Response>) | null = null;
  #feed: ReadableStreamDefaultController<Uint8Array> | null = null;
  #lastId = 10;
  #held: Promise<void> = Promise.resolve();

  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const method = init?.method ?? "GET";
    const url = new URL(String(input), "http://site.test");
    const path = url.pathname.replace("/api/usr_1/", "");
    this.asked.push(`${method} ${path}`);
    if (path === "tasks/events") return this.#openFeed(new Headers(init?.headers));
    if (method === "GET" && path === "lists") return Response.json({ items: [LIST] });
    if (method === "GET" && path === "tasks") {
      const isDone = url.searchParams.get("status") === "completed";
      const items = this.tasks.filter((task) => (task.completed_at !== null) === isDone);
      await this.#held;
      return Response.json({ items, next_cursor: null });
    }
    if (this.nextChange) {
      const answer = this.nextChange;
      this.nextChange = null;
      return answer();
    }
    const id = path.split("/")[1] ?? "tsk_new";
    if (method === "DELETE") return new Response(null, { status: 204 });
    const body = init?.body ? (JSON.parse(String(init.body)) as Partial<Task>) : {};
    const before = this.tasks.find((task) => task.id === id) ?? makeTask(id);
    return Response.json({ ...before, ...body, updated_at: "2026-11-23T09:00:00Z" });
  };

  say(change: object): void {
    this.#lastId += 1;
    const frame = `id: ${this.#lastId}\ndata: ${JSON.stringify(change)}\n\n`;
    this.#feed?.enqueue(new TextEncoder().encode(frame));
  }

  /** The server has looked, and its answer is on its way until the returned function is called. */
  holdTasks(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  dropFeed(): void {
    this.#feed?.error(new TypeError("network"));
  }

  resumedFrom: string | null = null;

  #openFeed(headers: Headers): Response {
    this.resumedFrom = headers.get("Last-Event-ID");
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#feed = controller;
      },
    });
    if (this.resumedFrom === null) this.say({ type: "feed.ready.v1" });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }
}

const problem = (status: number, detail: string) => async () =>
  Response.json({ type: "urn:todochat:problem:x", title: "x", detail }, { status });

const shownTitles = () => {
  const { tasks, patches } = useTaskStore.getState();
  return Object.values(withPatches(tasks, patches)).map((task) => task.title);
};
const shown = (id: string) => {
  const { tasks, patches } = useTaskStore.getState();
  return withPatches(tasks, patches)[id];
};
const lastToast = () => useToasts.getState().toasts.at(-1);

let server: FakeServer;
let stop: () => void;

beforeEach(async () => {
  server = new FakeServer();
  vi.stubGlobal("fetch", server.fetch);
  useToasts.setState({ toasts: [] });
  const user = { id: "usr_1", email: null, name: null, timezone: null, locale: null };
  useAuthStore.setState({ user, token: "token", isAuthenticated: true, status: "signed-in" });
  stop = useTaskStore.getState().follow();
  await vi.waitFor(() => expect(useTaskStore.getState().status).toBe("ready"));
});

afterEach(() => stop());

describe("the task panel's store", () => {
  it("opens the feed before it loads, so that nothing is missed", () => {
    expect(server.asked.slice(0, 1)).toEqual(["GET tasks/events"]);
    expect(shownTitles()).toEqual(["milk"]);
  });

  it("shows a new task at once and keeps it when it is stored", async () => {
    const stored = useTaskStore.getState().addTask({ title: "bread" });
    expect(shownTitles()).toEqual(["milk", "bread"]);
    expect(await stored).toBe(true);
    expect(shownTitles()).toEqual(["milk", "bread"]);
    expect(useTaskStore.getState().patches).toEqual([]);
  });

  it("takes a new task back when it is refused, and says why", async () => {
    server.nextChange = problem(422, "You have too many open tasks.");
    const stored = useTaskStore.getState().addTask({ title: "bread" });
    expect(shownTitles()).toContain("bread");
    expect(await stored).toBe(false);
    expect(shownTitles()).toEqual(["milk"]);
    expect(lastToast()).toMatchObject({ tone: "error", text: "You have too many open tasks." });
  });

  it("ticks a task at once and takes the tick back when the server is away", async () => {
    server.nextChange = () => Promise.reject(new TypeError("network"));
    const stored = useTaskStore.getState().changeTask("tsk_milk", { completed: true });
    expect(shown("tsk_milk")?.completed_at).not.toBeNull();
    expect(await stored).toBe(false);
    expect(shown("tsk_milk")?.completed_at).toBeNull();
    expect(lastToast()?.tone).toBe("error");
  });

  it("takes back only what failed: another edit under way stays", async () => {
    server.nextChange = problem(500, "Something went wrong");
    const failing = useTaskStore.getState().changeTask("tsk_milk", { title: "oat milk" });
    const working = useTaskStore.getState().changeTask("tsk_milk", { priority: "high" });
    await Promise.all([failing, working]);
    expect(shown("tsk_milk")).toMatchObject({ title: "milk", priority: "high" });
  });

  it("deletes at once and brings the task back with undo", async () => {
    const deleted = useTaskStore.getState().deleteTask("tsk_milk");
    expect(shownTitles()).toEqual([]);
    await deleted;
    expect(lastToast()?.text).toBe("Deleted “milk”");
    lastToast()?.action?.run();
    await vi.waitFor(() => expect(shownTitles()).toEqual(["milk"]));
    expect(server.asked.at(-1)).toBe("POST tasks/tsk_milk/restore");
  });

  it("shows what the assistant does, and points at it", async () => {
    const task = makeTask("tsk_bread", { title: "bread" });
    server.say({ type: "task.created.v1", actor: "agent", task });
    await vi.waitFor(() => expect(shownTitles()).toEqual(["milk", "bread"]));
    expect(useTaskStore.getState().touched?.id).toBe("tsk_bread");
    server.say({ type: "task.deleted.v1", actor: "agent", task });
    await vi.waitFor(() => expect(shownTitles()).toEqual(["milk"]));
  });

  it("shows a task once when the feed is faster than the answer", async () => {
    let answer: (response: Response) => void = () => undefined;
    server.nextChange = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const stored = useTaskStore.getState().addTask({ title: "bread" });
    const task = makeTask("tsk_bread", { title: "bread" });
    server.say({ type: "task.created.v1", actor: "user", task });
    await vi.waitFor(() => expect(shown("tsk_bread")).toBeDefined());
    expect(shownTitles()).toEqual(["milk", "bread"]);
    answer(Response.json(task));
    await stored;
    expect(shownTitles()).toEqual(["milk", "bread"]);
  });

  it("is not set back by an answer older than what the feed has said", async () => {
    const at = "2026-11-23T10:00:00Z";
    server.say({
      type: "task.updated.v1",
      actor: "agent",
      task: makeTask("tsk_milk", { title: "oat milk", updated_at: at }),
    });
    await vi.waitFor(() => expect(shownTitles()).toEqual(["oat milk"]));
    await useTaskStore.getState().changeTask("tsk_milk", { title: "soy milk" });
    expect(shownTitles()).toEqual(["oat milk"]);
  });

  it("goes on after the last event when the connection breaks", async () => {
    server.say({ type: "task.created.v1", actor: "agent", task: makeTask("a") });
    await vi.waitFor(() => expect(shown("a")).toBeDefined());
    server.dropFeed();
    await vi.waitFor(() => expect(useTaskStore.getState().isLive).toBe(false));
    await vi.waitFor(() => expect(server.resumedFrom).toBe("12"), { timeout: 3000 });
    await vi.waitFor(() => expect(useTaskStore.getState().isLive).toBe(true));
  });

  describe("with an answer that is slower than the feed", () => {
    const later = "2026-11-23T10:00:00Z";
    const feed = (type: string, task: Task) => server.say({ type, actor: "agent", task });

    it("keeps what was changed, added and deleted while everything was loaded", async () => {
      server.tasks = [makeTask("tsk_milk"), makeTask("tsk_gone"), makeTask("tsk_same")];
      const answer = server.holdTasks();
      const reloaded = useTaskStore.getState().reload();
      feed("task.updated.v1", makeTask("tsk_milk", { title: "oat milk", updated_at: later }));
      feed("task.deleted.v1", makeTask("tsk_gone"));
      feed("task.created.v1", makeTask("tsk_new", { updated_at: later }));
      await vi.waitFor(() => expect(shown("tsk_new")).toBeDefined());

      answer();
      await reloaded;

      expect(shownTitles()).toEqual(["oat milk", "tsk_same", "tsk_new"]);
    });

    it("takes the answer where that is the newer one", async () => {
      const latest = "2026-11-23T11:00:00Z";
      server.tasks = [makeTask("tsk_milk", { title: "soy milk", updated_at: latest })];
      const answer = server.holdTasks();
      const reloaded = useTaskStore.getState().reload();
      feed("task.updated.v1", makeTask("tsk_milk", { title: "oat milk", updated_at: later }));
      await vi.waitFor(() => expect(shownTitles()).toEqual(["oat milk"]));

      answer();
      await reloaded;

      expect(shownTitles()).toEqual(["soy milk"]);
    });

    it("does not show a task that was deleted while the finished ones were loaded", async () => {
      server.tasks = [makeTask("tsk_done", { completed_at: later })];
      const answer = server.holdTasks();
      const loaded = useTaskStore.getState().loadCompleted();
      feed("task.deleted.v1", makeTask("tsk_done"));
      feed("task.created.v1", makeTask("tsk_new", { updated_at: later }));
      await vi.waitFor(() => expect(shown("tsk_new")).toBeDefined());

      answer();
      await loaded;

      expect(shown("tsk_done")).toBeUndefined();
    });

    it("forgets what it heard once nothing is on its way", async () => {
      feed("task.deleted.v1", makeTask("tsk_milk"));
      await vi.waitFor(() => expect(shownTitles()).toEqual([]));

      await useTaskStore.getState().reload(); // somebody brought it back

      expect(shownTitles()).toEqual(["milk"]);
    });
  });

  it("loads everything again when changes are missing", async () => {
    server.tasks = [makeTask("tsk_new", { title: "new" })];
    server.say({ type: "feed.reset.v1" });
    await vi.waitFor(() => expect(shownTitles()).toEqual(["new"]));
  });
});
