/** Messages that are queued until they can be sent. */

import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it } from "vitest";
import type { ThreadStreamEvent } from "../../src/core/types";
import { assistantItem, leavePage, openPage, respondWith } from "./page";

afterEach(leavePage);

const answer = (text: string): ThreadStreamEvent => ({
  type: "thread.item.done",
  item: assistantItem(text),
});

/**
 * Opens a page with a response in progress and the next message in the field.
 *
 * @param last the last events of the first response, sent when `end` is called.
 */
async function pageWithResponse(
  last: readonly ThreadStreamEvent[] = [answer("The first response.")],
) {
  let end = (_: unknown): void => {};
  const ended = new Promise((resolve) => {
    end = resolve;
  });
  let requestCount = 0;
  const page = await openPage({
    script: (request, thread) => {
      requestCount += 1;
      return requestCount === 1
        ? [ended, ...last]
        : respondWith("The second response.")(request, thread);
    },
  });
  void page.element.sendUserMessage({ text: "First" });
  await page.view.findByRole("button", { name: "Stop" });
  const field = page.view.getByRole("textbox") as HTMLTextAreaElement;
  fireEvent.input(field, { target: { value: "Second" } });
  const press = () => fireEvent.keyDown(field, { key: "Enter" });
  const sent = () =>
    page.server.requests.filter(({ type }) => /create$|message$/u.test(type)).length;
  return { ...page, field, end: () => end(null), press, sent };
}

/** Waits until the message would have been sent. */
async function responseEnded(page: Awaited<ReturnType<typeof pageWithResponse>>): Promise<void> {
  await page.view.findByRole("button", { name: "Send message" });
  await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("Enter during a response", () => {
  it("queues the message and sends it when the response ends", async () => {
    const page = await pageWithResponse();

    page.press();
    await page.view.findByText("Waiting to be sent");
    expect(page.sent()).toBe(1);
    page.end();

    await page.view.findByText("The second response.");
    expect(page.field.value).toBe("");
    expect(page.view.queryByText("Waiting to be sent")).toBeNull();
    expect(page.sent()).toBe(2);
  });

  it("sends the message when the response is stopped", async () => {
    const page = await pageWithResponse();
    page.press();

    fireEvent.click(page.view.getByRole("button", { name: "Stop" }));

    await page.view.findByText("The second response.");
    expect(page.sent()).toBe(2);
  });

  it("is cancelled by its button", async () => {
    const page = await pageWithResponse();
    page.press();

    fireEvent.click(await page.view.findByRole("button", { name: "Don't send yet" }));
    await waitFor(() => expect(page.view.queryByText("Waiting to be sent")).toBeNull());
    page.end();

    await responseEnded(page);
    expect(page.field.value).toBe("Second");
    expect(page.sent()).toBe(1);
  });

  it("is cancelled when the text changes", async () => {
    const page = await pageWithResponse();
    page.press();
    await page.view.findByText("Waiting to be sent");

    fireEvent.input(page.field, { target: { value: "Second thoughts" } });
    page.end();

    await responseEnded(page);
    expect(page.field.value).toBe("Second thoughts");
    expect(page.sent()).toBe(1);
  });

  it("keeps the message in the field if the response fails", async () => {
    const message = "Over budget.";
    const page = await pageWithResponse([
      { type: "error", code: "custom", message, allow_retry: true },
    ]);
    page.press();

    page.end();

    await page.view.findByText(message);
    await responseEnded(page);
    expect(page.field.value).toBe("Second");
    expect(page.sent()).toBe(1);
  });

  it("ignores an empty field", async () => {
    const page = await pageWithResponse();
    fireEvent.input(page.field, { target: { value: " " } });

    page.press();

    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(page.view.queryByText("Waiting to be sent")).toBeNull();
  });
});
