import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { scriptedServer } from "../../demo/scriptedServer";
import { titleParts } from "../../src/ui/history/ThreadMatch";
import { leavePage, openPage, type Page, thread } from "./page";

afterEach(leavePage);

const THREADS = ["Groceries", "Trip to Hamburg", "Grocery budget"].map((title, index) =>
  thread([], { id: `thr_${index}`, title }),
);

/** A found thread, as our server returns it. */
const hit = (id: string, title: string | null, ...snippet: object[]) => ({
  id,
  title,
  status: { type: "active" },
  created_at: "2026-11-23T08:00:00Z",
  agent: "default",
  item_id: "msg_1",
  snippet,
  found_at: "2026-11-24T08:00:00Z",
});

type Search = (params: URLSearchParams) => Response | Promise<Response>;

/** A server with runs, and with a search if there is one; the requests of the search are recorded. */
function ownServer(search: Search) {
  const server = scriptedServer({ threads: THREADS, script: () => [] });
  const queries: string[] = [];
  const answer: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    if (url.pathname.endsWith("/runs")) return Response.json({ items: [] });
    if (url.pathname !== "/chatkit/search/threads") {
      const response = await server.fetch(input, init);
      response.headers.set("X-Resumable", "1");
      return response;
    }
    queries.push(url.search);
    return search(url.searchParams);
  };
  return { fetch: answer, queries, requests: server.requests };
}

async function search({ element, view }: Page, query: string): Promise<HTMLElement> {
  await element.showHistory();
  const field = await view.findByRole("searchbox");
  fireEvent.input(field, { target: { value: query } });
  return field;
}

const titles = ({ view }: Page) =>
  view
    .queryAllByRole("listitem")
    .map((row: HTMLElement) => row.querySelector(".thread-title")?.textContent);

const marks = ({ element }: Page) =>
  [...(element.shadowRoot?.querySelectorAll("mark") ?? [])].map((mark) => mark.textContent);

it("finds threads by title and messages at a server that searches, and marks the hits", async () => {
  const parts = [
    { text: "Buy **oat** `", hit: false },
    { text: "milk", hit: true },
  ];
  const items = [hit("thr_8", "Milk prices"), hit("thr_9", null, ...parts)];
  const server = ownServer(() => Response.json({ items, next_cursor: null }));
  const page = await openPage({ fetch: server.fetch });
  await search(page, "milk");
  await waitFor(() => expect(titles(page)).toEqual(["Milk prices", "New chat"]));
  expect(marks(page)).toEqual(["Milk", "milk"]);
  const snippet = page.element.shadowRoot?.querySelector(".thread-snippet");
  expect(snippet?.textContent).toBe("Buy oat milk");
  expect(server.queries).toEqual(["?q=milk"]);
});

it("loads further results on demand", async () => {
  const server = ownServer((params) =>
    params.has("cursor")
      ? Response.json({ items: [hit("thr_8", "One"), hit("thr_9", "Two")], next_cursor: null })
      : Response.json({ items: [hit("thr_8", "One")], next_cursor: "thr_8@1" }),
  );
  const page = await openPage({ fetch: server.fetch });
  await search(page, "o");
  fireEvent.click(await page.view.findByRole("button", { name: "Load more" }));
  await waitFor(() => expect(titles(page)).toEqual(["One", "Two"]));
  expect(server.queries).toEqual(["?q=o", "?q=o&cursor=thr_8%401"]);
});

it("shows the results of the last query, in whatever order they arrive", async () => {
  const releases: Record<string, () => void> = {};
  const server = ownServer(async (params) => {
    const q = String(params.get("q"));
    await new Promise<void>((resolve) => {
      releases[q] = resolve;
    });
    return Response.json({ items: [hit(`thr_${q}`, `About ${q}`)], next_cursor: null });
  });
  const page = await openPage({ fetch: server.fetch });
  await search(page, "a");
  await waitFor(() => expect(releases.a).toBeTruthy());
  await search(page, "ab");
  await waitFor(() => expect(releases.ab).toBeTruthy());
  releases.ab?.();
  await waitFor(() => expect(titles(page)).toEqual(["About ab"]));
  releases.a?.();
  await new Promise((resolve) => setTimeout(resolve));
  expect(titles(page)).toEqual(["About ab"]);
});

it("asks a server of another kind for nothing and searches the loaded titles", async () => {
  const page = await openPage({ threads: THREADS });
  await search(page, "GROC");
  await waitFor(() => expect(titles(page)).toEqual(["Groceries", "Grocery budget"]));
  expect(marks(page)).toEqual(["Groc", "Groc"]);
  expect(new Set(page.server.requests.map(({ type }) => type))).toEqual(new Set(["threads.list"]));
  await search(page, "nothing like it");
  await page.view.findByText("Nothing found");
});

it("searches titles if the server has runs but no search", async () => {
  const server = ownServer(() => new Response("", { status: 404 }));
  const page = await openPage({ fetch: server.fetch });
  await search(page, "trip");
  await waitFor(() => expect(titles(page)).toEqual(["Trip to Hamburg"]));
  await search(page, "budget");
  await waitFor(() => expect(titles(page)).toEqual(["Grocery budget"]));
  expect(server.queries).toHaveLength(1);
});

it("shows the titles and an error with a retry if the search fails", async () => {
  let isDown = true;
  const server = ownServer(() =>
    isDown
      ? new Response("", { status: 503 })
      : Response.json({ items: [hit("thr_9", "Far trip")], next_cursor: null }),
  );
  const page = await openPage({ fetch: server.fetch });
  await search(page, "trip");
  const retry = await page.view.findByRole("button", { name: "Try again" });
  expect(titles(page)).toEqual(["Trip to Hamburg"]);
  isDown = false;
  fireEvent.click(retry);
  await waitFor(() => expect(titles(page)).toEqual(["Far trip"]));
  expect(page.view.queryByRole("alert")).toBeNull();
});

it("clears the query with Escape, moves on with the arrow, and forgets the query", async () => {
  const page = await openPage({ threads: THREADS });
  const field = await search(page, "trip");
  await waitFor(() => expect(titles(page)).toEqual(["Trip to Hamburg"]));
  fireEvent.keyDown(field, { key: "ArrowDown" });
  expect(page.element.shadowRoot?.activeElement?.textContent).toContain("Trip to Hamburg");
  fireEvent.keyDown(field, { key: "Escape" });
  expect(titles(page)).toHaveLength(3);
  await search(page, "trip");
  await page.element.hideHistory();
  await page.element.showHistory();
  await waitFor(() => expect(titles(page)).toHaveLength(3));
});

it("renames and deletes what was found", async () => {
  const items = [hit("thr_8", "Far trip"), hit("thr_9", "Near trip")];
  const server = ownServer(() => Response.json({ items, next_cursor: null }));
  const page = await openPage({ fetch: server.fetch });
  const { view } = page;
  await search(page, "trip");
  fireEvent.click(await view.findByRole("button", { name: "More for Far trip" }));
  fireEvent.click(view.getByRole("menuitem", { name: "Rename" }));
  const field = view.getByRole("textbox", { name: "Chat title" });
  fireEvent.input(field, { target: { value: "Long trip" } });
  fireEvent.blur(field);
  await waitFor(() => expect(titles(page)).toEqual(["Long trip", "Near trip"]));
  fireEvent.click(view.getByRole("button", { name: "More for Near trip" }));
  fireEvent.click(view.getByRole("menuitem", { name: "Delete" }));
  fireEvent.click(view.getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(titles(page)).toEqual(["Long trip"]));
});

it.each([
  ["Trip to Hamburg", "ham TRIP", "[Trip] to [Ham]burg"],
  ["a.b (c)", ". (c", "a[.]b [(c])"],
  ["週末の買い物", "買い物", "週末の[買い物]"],
  ["ananas", "an ana", "[ana]nas"],
  ["plain", "", "plain"],
])("marks the words of a title: %s", (title, query, marked) => {
  const parts = titleParts(title, query);
  expect(parts.map(({ text, hit }) => (hit ? `[${text}]` : text)).join("")).toBe(marked);
});
