/** Selecting a day, by pointer and by keyboard. */

import { cleanup, fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it } from "vitest";
import { one, settle, show } from "../../test/widgetKit";
import type { WidgetNode } from "./types";

afterEach(cleanup);

const picker = (rest: object = {}): WidgetNode => ({
  type: "DatePicker",
  name: "day",
  defaultValue: "2026-11-24T00:00:00",
  onChangeAction: { type: "pick" },
  ...rest,
});

async function open(widget: WidgetNode, locale = "en-US") {
  const view = show(widget, { locale });
  one(view.container, ".w-date").click();
  await waitFor(() => one(view.container, ".w-calendar"));
  await settle();
  return view;
}

const focused = () => (document.activeElement as HTMLElement | null)?.dataset.day;

describe("the calendar", () => {
  it("opens on the selected day and selects another by a click", async () => {
    const { container, lastAction } = await open(picker());
    expect(focused()).toBe("2026-11-24");

    one(container, "[data-day='2026-11-27']").click();
    await settle();

    expect(lastAction()?.payload).toEqual({ day: "2026-11-27T00:00:00" });
    expect(container.querySelector(".w-calendar")).toBeNull();
    expect(one(container, ".w-date").textContent).toContain("27");
    expect(document.activeElement).toBe(one(container, ".w-date"));
  });

  it.each([
    ["ArrowRight", false, "2026-11-25"],
    ["ArrowLeft", false, "2026-11-23"],
    ["ArrowDown", false, "2026-12-01"],
    ["ArrowUp", false, "2026-11-17"],
    ["Home", false, "2026-11-22"],
    ["End", false, "2026-11-28"],
    ["PageUp", false, "2026-10-24"],
    ["PageDown", false, "2026-12-24"],
    ["PageDown", true, "2027-11-24"],
  ])("moves by %s (shift: %s) to %s", async (key, shiftKey, day) => {
    const { container } = await open(picker());

    fireEvent.keyDown(one(container, "[data-day='2026-11-24']"), { key, shiftKey });
    await settle();

    expect(focused()).toBe(day);
  });

  it("stays within its limits", async () => {
    const { container } = await open(picker({ min: "2026-11-20", max: "2026-11-25T00:00:00Z" }));

    fireEvent.keyDown(one(container, "[data-day='2026-11-24']"), { key: "PageDown" });
    await settle();

    expect(focused()).toBe("2026-11-25");
    expect(one<HTMLButtonElement>(container, "[data-day='2026-11-26']").disabled).toBe(true);
  });

  it("closes on Escape without a choice and restores the focus", async () => {
    const { container, onAction } = await open(picker());

    fireEvent.keyDown(one(container, ".w-calendar"), { key: "Escape" });
    await settle();

    expect(container.querySelector(".w-calendar")).toBeNull();
    expect(document.activeElement).toBe(one(container, ".w-date"));
    expect(onAction).not.toHaveBeenCalled();
  });

  it("starts weeks on the locale's first day", async () => {
    const { container } = await open(picker(), "de-DE");

    expect(one(container, "thead th").getAttribute("abbr")).toBe("Montag");
  });

  it("has the label and the day as its accessible name", () => {
    const { container, getByRole } = show({
      type: "Card",
      children: [{ type: "Label", value: "Due", fieldName: "day" }, picker()],
    });

    expect(getByRole("button", { name: /^Due.*24/ })).toBe(one(container, ".w-date"));
  });
});
