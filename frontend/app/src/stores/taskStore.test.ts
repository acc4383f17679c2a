import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Section, Task } from "@/lib/tasks";
import { applyPatches } from "@/lib/taskView";
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
  color: null,
  icon: null,
  position: null,
  archived_at: null,
};

/** A server with tasks, recorded requests and a change feed. */
class FakeServer {
  tasks: Task[] = [makeTask("tsk_milk", { title: "milk" })];
  lists: object[] = [LIST];
  sections: Section[] = [];
  requests: string[] = [];
  bodies: unknown[] = [];
  /** Replaces the response to the next change. */
  nextResponse: (() => Promise<Response>) | null = null;
  #feed: ReadableStreamDefaultController<Uint8Array> | null = null;
  #lastId = 10;
  #held: Promise<void> = Promise.resolve();

  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const method = init?.method ?? "GET";
    const url = new URL(String(input), "http://site.test");
    const path = url.pathname.replace("/api/usr_1/", "");
    this.requests.push(`${method} ${path}`);
    if (path === "tasks/events") return this.#openFeed(new Headers(init?.headers));
    if (method === "GET" && path === "lists") return Response.json({ items: this.lists });
    if (method === "GET" && path === "sections") return Response.json({ items: this.sections });
    if (method === "GET" && path === "tasks") {
      const isDone = url.searchParams.get("status") === "completed";
      const items = this.tasks.filter((task) => (task.completed_at !== null) === isDone);
      await this.#held;
      return Response.json({ items, next_cursor: null });
    }
    if (this.nextResponse) {
      const respond = this.nextResponse;
      this.nextResponse = null;
      return respond();
    }
    const id = path.split("/")[1] ?? "tsk_new";
    if (method === "DELETE") {
      const headers = { "X-Change-Request": "req_1" };
      this.sections = this.sections.filter((section) => section.id !== id);
      return new Response(null, { status: 204, headers });
    }
    const body = init?.body ? (JSON.parse(String(init.body)) as Partial<Task>) : {};
    this.bodies.push(body);
    const before = this.tasks.find((task) => task.id === id) ?? makeTask(id);
    return Response.json({ ...before, ...body, updated_at: "2026-11-23T09:00:00Z" });
  };

  publish(change: object): void {
    this.#lastId += 1;
    const frame = `id: ${this.#lastId}\ndata: ${JSON.stringify(change)}\n\n`;
    this.#feed?.enqueue(new TextEncoder().encode(frame));
  }

  /** Delays responses with tasks, after the read, until the returned function is called. */
  holdTasks(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  /** Delays the response to the next change until the returned function is called with its body. */
  holdNextResponse(): (body: object) => void {
    let respond: (response: Response) => void = () => undefined;
    this.nextResponse = () =>
      new Promise((resolve) => {
        respond = resolve;
      });
    return (body) => respond(Response.json(body));
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
    if (this.resumedFrom === null) this.publish({ type: "feed.ready.v1" });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }
}

const problem = (status: number, detail: string) => async () =>
  Response.json({ type: "urn:todochat:problem:x", title: "x", detail }, { status });

const shownTitles = () => {
  const { tasks, patches } = useTaskStore.getState();
  return Object.values(applyPatches(tasks, patches)).map((task) => task.title);
};
const shown = (id: string) => {
  const { tasks, patches } = useTaskStore.getState();
  return applyPatches(tasks, patches)[id];
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

describe("useTaskStore", () => {
  it("opens the feed before it loads, so that no change is missed", () => {
    expect(server.requests.slice(0, 1)).toEqual(["GET tasks/events"]);
    expect(shownTitles()).toEqual(["milk"]);
  });

  it("shows a new task immediately and keeps it once stored", async () => {
    const stored = useTaskStore.getState().addTask({ title: "bread" });
    expect(shownTitles()).toEqual(["milk", "bread"]);
    expect(await stored).toBe(true);
    expect(shownTitles()).toEqual(["milk", "bread"]);
    expect(useTaskStore.getState().patches).toEqual([]);
  });

  it("removes a rejected new task and shows the reason", async () => {
    server.nextResponse = problem(422, "You have too many open tasks.");
    const stored = useTaskStore.getState().addTask({ title: "bread" });
    expect(shownTitles()).toContain("bread");
    expect(await stored).toBe(false);
    expect(shownTitles()).toEqual(["milk"]);
    expect(lastToast()).toMatchObject({ tone: "error", text: "You have too many open tasks." });
  });

  it("completes a task immediately and reverts that if the server is unreachable", async () => {
    server.nextResponse = () => Promise.reject(new TypeError("network"));
    const stored = useTaskStore.getState().changeTask("tsk_milk", { completed: true });
    expect(shown("tsk_milk")?.completed_at).not.toBeNull();
    expect(await stored).toBe(false);
    expect(shown("tsk_milk")?.completed_at).toBeNull();
    expect(lastToast()?.tone).toBe("error");
  });

  it("reverts only the failed edit", async () => {
    server.nextResponse = problem(500, "Something went wrong");
    const failing = useTaskStore.getState().changeTask("tsk_milk", { title: "oat milk" });
    const working = useTaskStore.getState().changeTask("tsk_milk", { priority: "high" });
    await Promise.all([failing, working]);
    expect(shown("tsk_milk")).toMatchObject({ title: "milk", priority: "high" });
  });

  it("deletes immediately and restores with undo", async () => {
    const deleted = useTaskStore.getState().deleteTask("tsk_milk");
    expect(shownTitles()).toEqual([]);
    await deleted;
    expect(lastToast()?.text).toBe("Deleted “milk”");
    lastToast()?.action?.run();
    await vi.waitFor(() => expect(shownTitles()).toEqual(["milk"]));
    expect(server.requests.at(-1)).toBe("POST tasks/tsk_milk/restore");
  });

  it("shows and highlights the assistant's changes", async () => {
    const task = makeTask("tsk_bread", { title: "bread" });
    server.publish({ type: "task.created.v1", actor: "agent", task });
    await vi.waitFor(() => expect(shownTitles()).toEqual(["milk", "bread"]));
    expect(useTaskStore.getState().highlighted?.id).toBe("tsk_bread");
    server.publish({ type: "task.deleted.v1", actor: "agent", task });
    await vi.waitFor(() => expect(shownTitles()).toEqual(["milk"]));
  });

  it("shows a new task once if the feed precedes the response", async () => {
    const respond = server.holdNextResponse();
    const stored = useTaskStore.getState().addTask({ title: "bread" });
    const task = makeTask("tsk_bread", { title: "bread" });
    server.publish({ type: "task.created.v1", actor: "user", task });
    await vi.waitFor(() => expect(shown("tsk_bread")).toBeDefined());
    expect(shownTitles()).toEqual(["milk", "bread"]);
    respond(task);
    await stored;
    expect(shownTitles()).toEqual(["milk", "bread"]);
  });

  it("ignores a response that is older than a feed event", async () => {
    const at = "2026-11-23T10:00:00Z";
    server.publish({
      type: "task.updated.v1",
      actor: "agent",
      task: makeTask("tsk_milk", { title: "oat milk", updated_at: at }),
    });
    await vi.waitFor(() => expect(shownTitles()).toEqual(["oat milk"]));
    await useTaskStore.getState().changeTask("tsk_milk", { title: "soy milk" });
    expect(shownTitles()).toEqual(["oat milk"]);
  });

  it("reconnects after the last event if the connection breaks", async () => {
    server.publish({ type: "task.created.v1", actor: "agent", task: makeTask("a") });
    await vi.waitFor(() => expect(shown("a")).toBeDefined());
    server.dropFeed();
    await vi.waitFor(() => expect(useTaskStore.getState().isLive).toBe(false));
    await vi.waitFor(() => expect(server.resumedFrom).toBe("12"), { timeout: 3000 });
    await vi.waitFor(() => expect(useTaskStore.getState().isLive).toBe(true));
  });

  describe("with a response that is slower than the feed", () => {
    const later = "2026-11-23T10:00:00Z";
    const publish = (type: string, task: Task) => server.publish({ type, actor: "agent", task });

    it("keeps changes, additions and deletions made during a load", async () => {
      server.tasks = [makeTask("tsk_milk"), makeTask("tsk_gone"), makeTask("tsk_same")];
      const release = server.holdTasks();
      const reloaded = useTaskStore.getState().reload();
      publish("task.updated.v1", makeTask("tsk_milk", { title: "oat milk", updated_at: later }));
      publish("task.deleted.v1", makeTask("tsk_gone"));
      publish("task.created.v1", makeTask("tsk_new", { updated_at: later }));
      await vi.waitFor(() => expect(shown("tsk_new")).toBeDefined());

      release();
      await reloaded;

      expect(shownTitles()).toEqual(["oat milk", "tsk_same", "tsk_new"]);
    });

    it("prefers the response if it is newer", async () => {
      const latest = "2026-11-23T11:00:00Z";
      server.tasks = [makeTask("tsk_milk", { title: "soy milk", updated_at: latest })];
      const release = server.holdTasks();
      const reloaded = useTaskStore.getState().reload();
      publish("task.updated.v1", makeTask("tsk_milk", { title: "oat milk", updated_at: later }));
      await vi.waitFor(() => expect(shownTitles()).toEqual(["oat milk"]));

      release();
      await reloaded;

      expect(shownTitles()).toEqual(["soy milk"]);
    });

    it("hides a task deleted while completed tasks were loading", async () => {
      server.tasks = [makeTask("tsk_done", { completed_at: later })];
      const release = server.holdTasks();
      const loaded = useTaskStore.getState().loadCompleted();
      publish("task.deleted.v1", makeTask("tsk_done"));
      publish("task.created.v1", makeTask("tsk_new", { updated_at: later }));
      await vi.waitFor(() => expect(shown("tsk_new")).toBeDefined());

      release();
      await loaded;

      expect(shown("tsk_done")).toBeUndefined();
    });

    it("leaves a task deleted whose change is confirmed late", async () => {
      const respond = server.holdNextResponse();
      const changed = useTaskStore.getState().changeTask("tsk_milk", { title: "oat milk" });
      publish("task.deleted.v1", makeTask("tsk_milk"));
      await vi.waitFor(() => expect(shownTitles()).toEqual([]));

      respond(makeTask("tsk_milk", { title: "oat milk" }));
      await changed;

      expect(shownTitles()).toEqual([]);
    });

    it("keeps a list's newer name", async () => {
      const respond = server.holdNextResponse();
      const changed = useTaskStore.getState().changeList(LIST.id, { color: "red" });
      const renamed = { ...LIST, name: "Arrivals", updated_at: later };
      server.publish({ type: "list.updated.v1", list: renamed });
      const name = () => useTaskStore.getState().lists[0]?.name;
      await vi.waitFor(() => expect(name()).toBe("Arrivals"));

      respond({ ...LIST, color: "red" });
      await changed;

      expect(name()).toBe("Arrivals");
    });

    it("drops recorded edits once no load is in progress", async () => {
      publish("task.deleted.v1", makeTask("tsk_milk"));
      await vi.waitFor(() => expect(shownTitles()).toEqual([]));

      await useTaskStore.getState().reload(); // the task was restored

      expect(shownTitles()).toEqual(["milk"]);
    });
  });

  it("keeps archived lists apart, in the order of the server", async () => {
    const list = { ...LIST, is_default: false, updated_at: "2026-11-24T08:00:00Z" };
    const names = () => useTaskStore.getState().lists.map(({ name }) => name);
    for (const name of ["Work", "Home"]) {
      server.publish({ type: "list.created.v1", list: { ...list, id: name, name } });
    }
    await vi.waitFor(() => expect(names()).toEqual(["Inbox", "Home", "Work"]));
    const work = { ...list, id: "Work", name: "Work", position: "a0" };
    server.publish({ type: "list.updated.v1", list: work });
    await vi.waitFor(() => expect(names()).toEqual(["Inbox", "Work", "Home"]));

    const archived = { ...work, archived_at: work.updated_at };
    server.publish({ type: "list.updated.v1", list: archived });

    await vi.waitFor(() => expect(names()).toEqual(["Inbox", "Home"]));
    expect(useTaskStore.getState().archivedLists).toEqual([archived]);
  });

  it("loads the tasks of a list that comes back", async () => {
    server.tasks = [...server.tasks, makeTask("tsk_old", { title: "old" })];
    server.publish({ type: "list.updated.v1", list: { ...LIST, id: "lst_old", name: "Old" } });

    await vi.waitFor(() => expect(shownTitles()).toEqual(["milk", "old"]));
  });

  describe("with sections", () => {
    const make = (id: string, name: string, position: string): Section => ({
      id,
      list_id: LIST.id,
      name,
      position,
      updated_at: "2026-11-23T08:00:00Z",
    });
    const names = () => useTaskStore.getState().sections.map(({ name }) => name);

    beforeEach(async () => {
      server.sections = [make("sec_1", "Dairy", "a0"), make("sec_2", "Fruit", "a1")];
      await useTaskStore.getState().reload();
    });

    it("renames and moves one", async () => {
      const dairy = { ...make("sec_1", "Milk", "a2"), updated_at: "2026-11-23T09:00:00Z" };
      server.nextResponse = async () => Response.json(dairy);
      const move = { after: "sec_2" };
      expect(await useTaskStore.getState().changeSection("sec_1", { name: "Milk", move })).toBe(
        true,
      );
      expect(names()).toEqual(["Fruit", "Milk"]);
      expect(server.requests).toContain("PATCH sections/sec_1");

      server.publish({ type: "section.updated.v1", section: make("sec_1", "Dairy", "a0") }); // late
      server.publish({ type: "section.created.v1", section: make("sec_3", "Bread", "Zz") });
      await vi.waitFor(() => expect(names()).toEqual(["Bread", "Fruit", "Milk"]));
    });

    it("keeps a new name that is stored while the sections are loading", async () => {
      const release = server.holdTasks();
      const reloaded = useTaskStore.getState().reload();
      const renamed = { ...make("sec_1", "Milk", "a0"), updated_at: "2026-11-23T09:00:00Z" };
      server.publish({ type: "section.updated.v1", section: renamed });
      await vi.waitFor(() => expect(names()).toContain("Milk"));

      release();
      await reloaded;

      expect(names()).toEqual(["Milk", "Fruit"]);
    });

    it("leaves one deleted whose change is confirmed late", async () => {
      const respond = server.holdNextResponse();
      const renamed = useTaskStore.getState().changeSection("sec_1", { name: "Milk" });
      server.sections = [make("sec_2", "Fruit", "a1")];
      server.publish({ type: "section.deleted.v1", section: make("sec_1", "Dairy", "a0") });
      await vi.waitFor(() => expect(names()).toEqual(["Fruit"]));

      respond(make("sec_1", "Milk", "a0"));
      await renamed;

      expect(names()).toEqual(["Fruit"]);
    });

    it("deletes one and undoes that", async () => {
      expect(await useTaskStore.getState().deleteSection(make("sec_1", "Dairy", "a0"))).toBe(true);
      expect(names()).toEqual(["Fruit"]);
      expect(lastToast()?.text).toBe("Deleted “Dairy”");

      server.sections = [make("sec_1", "Dairy", "a0"), ...server.sections];
      lastToast()?.action?.run();

      await vi.waitFor(() => expect(names()).toEqual(["Dairy", "Fruit"]));
      expect(server.bodies).toContainEqual({ request_id: "req_1" });
    });

    it("loads those of a list that comes back from the archive", async () => {
      const old = { ...LIST, id: "lst_old", is_default: false };
      const archived = { ...old, archived_at: "2026-11-24T08:00:00Z" };
      server.publish({ type: "list.created.v1", list: archived });
      await vi.waitFor(() => expect(useTaskStore.getState().archivedLists).toHaveLength(1));
      server.lists = [LIST, archived];
      server.sections = [...server.sections, { ...make("sec_3", "Attic", "a0"), list_id: old.id }];
      server.nextResponse = async () => Response.json(old);

      await useTaskStore.getState().changeList(old.id, { archived: false });

      expect(names()).toEqual(["Dairy", "Fruit", "Attic"]);
    });

    it("shows the reason of a refusal", async () => {
      server.nextResponse = problem(404, "You have no section with this ID.");
      expect(await useTaskStore.getState().deleteSection(make("sec_1", "Dairy", "a0"))).toBe(false);
      expect(names()).toEqual(["Dairy", "Fruit"]);
      expect(lastToast()).toMatchObject({ tone: "error" });
    });
  });

  it("asks about open subtasks before it completes their parent", async () => {
    server.nextResponse = async () =>
      Response.json({ type: "urn:todochat:problem:open-subtasks", title: "x" }, { status: 409 });

    expect(await useTaskStore.getState().changeTask("tsk_milk", { completed: true })).toBe(false);

    expect(useTaskStore.getState().undecidedTask).toBe("tsk_milk");
    expect(lastToast()).toBeUndefined();
    await useTaskStore.getState().decideSubtasks("complete");
    expect(useTaskStore.getState().undecidedTask).toBeNull();
    expect(server.requests.filter((request) => request === "PATCH tasks/tsk_milk")).toHaveLength(2);
  });

  it("reloads everything if changes were missed", async () => {
    server.tasks = [makeTask("tsk_new", { title: "new" })];
    server.publish({ type: "feed.reset.v1" });
    await vi.waitFor(() => expect(shownTitles()).toEqual(["new"]));
  });
});
