/** The searchable select. */

import { cleanup, fireEvent, waitFor } from "@testing-library/preact";
import axe from "axe-core";
import { afterEach, describe, expect, it } from "vitest";
import { one, settle, show } from "../../test/widgetKit";
import type { WidgetNode } from "./types";

afterEach(cleanup);

const options = [
  { value: "ber", label: "Berlin", description: "Germany" },
  { value: "cor", label: "Córdoba", description: "Argentina" },
  { value: "dub", label: "Dublin", disabled: true },
  { value: "lis", label: "Lisboa", description: "Portugal" },
];

const select = (rest: object = {}): WidgetNode => ({
  type: "Select",
  name: "city",
  searchable: true,
  options,
  ...rest,
});

async function open(widget: WidgetNode) {
  const view = show(widget);
  one(view.container, ".w-select").click();
  await waitFor(() => one(view.container, ".w-search"));
  await settle();
  const field = one<HTMLInputElement>(view.container, ".w-search-field");
  const shown = () =>
    [...view.container.querySelectorAll(".w-search-option")].map((each) => each.textContent);
  const type = async (text: string) => {
    fireEvent.input(field, { target: { value: text } });
    await settle();
  };
  const press = async (key: string) => {
    fireEvent.keyDown(field, { key });
    await settle();
  };
  return { ...view, field, shown, type, press };
}

describe("a searchable select", () => {
  it("filters its options by label and description, ignoring case and diacritics", async () => {
    const { shown, type, container } = await open(select());
    expect(shown()).toHaveLength(4);

    await type("cord");
    expect(shown()).toEqual(["CórdobaArgentina"]);
    await type("PORTU");
    expect(shown()).toEqual(["LisboaPortugal"]);
    await type("xyz");
    expect(shown()).toEqual([]);
    expect(one(container, ".w-search-none").textContent).toBe("Nothing found");
  });

  it("selects by keyboard, skips disabled options, and sends its action", async () => {
    const { press, container, lastAction, field } = await open(
      select({ defaultValue: "cor", onChangeAction: { type: "move" } }),
    );
    expect(document.activeElement).toBe(field);

    await press("ArrowDown");
    expect(field.getAttribute("aria-activedescendant")).toBe(one(container, "[data-active]").id);
    await press("Enter");

    expect(lastAction()?.payload).toEqual({ city: "lis" });
    expect(container.querySelector(".w-search")).toBeNull();
    expect(one(container, ".w-select").textContent).toBe("Lisboa");
    expect(document.activeElement).toBe(one(container, ".w-select"));
  });

  it("is a field of the surrounding form and can be cleared", async () => {
    const { container, lastAction } = await open({
      type: "Form",
      onSubmitAction: { type: "save" },
      children: [select({ defaultValue: "ber", clearable: true })],
    });
    const form = one<HTMLFormElement>(container, "form");
    const submit = async () => {
      fireEvent.submit(form);
      await settle();
    };
    container.querySelectorAll<HTMLElement>(".w-search-option")[3]?.click();
    await settle();
    await submit();
    expect(lastAction()?.payload).toEqual({ city: "lis" });

    one(container, ".w-clear").click();
    await submit();
    expect(lastAction()?.payload).toEqual({ city: "" });
  });

  it("closes on Escape without a choice and restores the focus", async () => {
    const { container, field } = await open(select({ defaultValue: "ber" }));

    fireEvent.keyDown(field, { key: "Escape" });
    await settle();

    expect(container.querySelector(".w-search")).toBeNull();
    expect(document.activeElement).toBe(one(container, ".w-select"));
  });

  it("reverts its value when the server rejects the change", async () => {
    const view = show(select({ defaultValue: "ber", onChangeAction: { type: "move" } }), {
      onAction: () => Promise.reject(new Error("no")),
    });
    one(view.container, ".w-select").click();
    await waitFor(() => one(view.container, ".w-search"));
    view.container.querySelectorAll<HTMLElement>(".w-search-option")[3]?.click();
    await settle();

    expect(one(view.container, ".w-select").textContent).toBe("Berlin");
  });

  it("has no axe violations", async () => {
    const { container } = await open(select({ defaultValue: "ber" }));
    const { violations } = await axe.run(container, {
      rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
    });

    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  }, 30_000);
});
