/** A message that is ready before it can be sent. */

import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it } from "vitest";
import type { ThreadStreamEvent } from "../../src/core/types";
import { answers, leavePage, openPage } from "./page";

afterEach(leavePage);

/**
 * A page on which an answer is being written, and the next message stands in the field.
 *
 * @param last what the first answer ends with, once it is told to.
 */
async function pageWithAnswer(last: readonly ThreadStreamEvent[] = []) {
  let end = (_: unknown): void => {};
  const told = new Promise((resolve) => {
    end = resolve;
  });
  let asked = 0;
  const page = await openPage({
    script: (request, thread) => {
      asked += 1;
      return asked === 1 ? [told, ...last] : answers("The second answer.")(request, thread);
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

/** Waits until the message would have gone out. */
async function answerOver(page: Awaited<ReturnType<typeof pageWithAnswer>>): Promise<void> {
  await page.view.findByRole("button", { name: "Send message" });
  await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("Enter while an answer is written", () => {
  it("sends the message as soon as the answer is over", async () => {
    const page = await pageWithAnswer();

    page.press();
    await page.view.findByText("Waiting to be sent");
    expect(page.sent()).toBe(1);
    page.end();

    await page.view.findByText("The second answer.");
    expect(page.field.value).toBe("");
    expect(page.view.queryByText("Waiting to be sent")).toBeNull();
    expect(page.sent()).toBe(2);
  });

  it("sends it when the answer is stopped", async () => {
    const page = await pageWithAnswer();
    page.press();

    fireEvent.click(page.view.getByRole("button", { name: "Stop" }));

    await page.view.findByText("The second answer.");
    expect(page.sent()).toBe(2);
  });

  it("is taken back by its button", async () => {
    const page = await pageWithAnswer();
    page.press();

    fireEvent.click(await page.view.findByRole("button", { name: "Don't send yet" }));
    await waitFor(() => expect(page.view.queryByText("Waiting to be sent")).toBeNull());
    page.end();

    await answerOver(page);
    expect(page.field.value).toBe("Second");
    expect(page.sent()).toBe(1);
  });

  it("is taken back when the text is changed", async () => {
    const page = await pageWithAnswer();
    page.press();
    await page.view.findByText("Waiting to be sent");

    fireEvent.input(page.field, { target: { value: "Second thoughts" } });
    page.end();

    await answerOver(page);
    expect(page.field.value).toBe("Second thoughts");
    expect(page.sent()).toBe(1);
  });

  it("leaves the message in the field if the answer fails", async () => {
    const message = "Over budget.";
    const page = await pageWithAnswer([
      { type: "error", code: "custom", message, allow_retry: true },
    ]);
    page.press();

    page.end();

    await page.view.findByText(message);
    await answerOver(page);
    expect(page.field.value).toBe("Second");
    expect(page.sent()).toBe(1);
  });

  it("says nothing of an empty field", async () => {
    const page = await pageWithAnswer();
    fireEvent.input(page.field, { target: { value: " " } });

    page.press();

    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(page.view.queryByText("Waiting to be sent")).toBeNull();
  });
});
