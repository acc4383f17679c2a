/** The growth of a response's text on the page. */

import { fireEvent } from "@testing-library/preact";
import { options } from "preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ThreadStreamEvent } from "../../src/core/types";
import { assistantItem, leavePage, openPage } from "./page";

const TEXT = "one two three four five six seven";
const FIRST_FRAME = "one two";

afterEach(() => {
  leavePage();
  vi.restoreAllMocks();
});

/** Returns a promise and the function that resolves it. */
function gate(): [Promise<void>, () => void] {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return [opened, open];
}

/**
 * Opens a page whose response is one delta; `send` sends it, `end` completes the response. The clock
 * stands still, so that the text isn't due before.
 *
 * @param before the text that the message starts with.
 */
async function pageWithResponse(text: string, before = "") {
  const item = assistantItem(before + text);
  const [started, send] = gate();
  const [completed, end] = gate();
  const type = "assistant_message.content_part.text_delta";
  const delta = (text: string): ThreadStreamEvent => ({
    ...{ type: "thread.item.updated", item_id: item.id },
    update: { type, content_index: 0, delta: text },
  });
  const page = await openPage({
    script: () => [
      { type: "thread.item.added", item: assistantItem(before, item.id) },
      started,
      delta(text),
      completed,
      { type: "thread.item.done", item },
    ],
  });
  void page.element.sendUserMessage({ text: "Count" });
  await page.view.findByRole("button", { name: "Stop" });
  vi.spyOn(performance, "now").mockReturnValue(performance.now());
  return { ...page, send, end };
}

function preferReducedMotion(): void {
  const match = window.matchMedia.bind(window);
  vi.spyOn(window, "matchMedia").mockImplementation((query) => {
    const list = match(query);
    if (query.includes("reduced-motion")) Object.defineProperty(list, "matches", { value: true });
    return list;
  });
}

describe("the text of one event", () => {
  it("is revealed over several frames, and completed by the end of the message", async () => {
    const { view, send, end } = await pageWithResponse(TEXT);

    send();
    await view.findByText(FIRST_FRAME);
    end();

    await view.findByText(TEXT);
  });

  it("is revealed at once if the user prefers reduced motion", async () => {
    preferReducedMotion();
    const { view, send } = await pageWithResponse(TEXT);

    send();

    await view.findByText(TEXT);
  });

  it("is revealed at once below the visible part of the thread", async () => {
    const { element, view, send } = await pageWithResponse(TEXT);
    const thread = element.shadowRoot?.querySelector(".thread") as HTMLElement;
    Object.defineProperty(thread, "scrollHeight", { value: 5000 });
    fireEvent.wheel(element); // ends the scrolling to the new message
    fireEvent.scroll(thread);
    await view.findByRole("button", { name: "Scroll to the latest message" });

    send();

    await view.findByText(TEXT);
  });
});

it("renders only the last block again", async () => {
  const { view, send, end } = await pageWithResponse(` ${TEXT}`, "First.\n\nSecond.\n\nThird:");
  await view.findByText("Third:");
  const rendered = vi.spyOn(options as Required<typeof options>, "diffed");

  send();
  await view.findByText(/^Third: one/u);

  const texts = rendered.mock.calls.filter(
    ([{ type }]) => typeof type === "function" && type.name === "Text",
  );
  expect(texts).toHaveLength(1);
  end();
  await view.findByText(`Third: ${TEXT}`);
});
