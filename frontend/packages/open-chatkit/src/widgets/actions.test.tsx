/** The actions of controls, their loading states, and reverted changes. */

import { cleanup, fireEvent } from "@testing-library/preact";
import { afterEach, describe, expect, it } from "vitest";
import agents from "../../test/fixtures/agents.json";
import { deferred, one, settle, show } from "../../test/widgetKit";
import type { ActionConfig, WidgetNode } from "./types";

afterEach(cleanup);

const click: ActionConfig = { type: "go", payload: { id: 7 } };

function button(action: ActionConfig, rest: object = {}): WidgetNode {
  return { type: "Button", label: "Go", onClickAction: action, ...rest };
}

function submit(container: Element): Promise<void> {
  fireEvent.submit(one(container, "form"));
  return settle();
}

/** Types a value, which then belongs to the field. */
function type(field: HTMLInputElement, value: string): void {
  field.focus();
  field.value = value;
  fireEvent.input(field);
}

describe("an action", () => {
  it.each(["server", "client"] as const)("for the %s is sent as configured", async (handler) => {
    const action = { ...click, handler, streaming: false };
    const { container, lastAction } = show(button(action));

    one(container, "button").click();
    await settle();

    expect(lastAction()).toEqual(action);
  });

  it.each<[behavior: ActionConfig["loadingBehavior"], spins: boolean, held: boolean]>([
    ["auto", true, false],
    ["self", true, false],
    ["container", false, true],
    ["none", false, false],
  ])("with loading behavior %s: spinner %s, widget blocked %s", async (behavior, spins, held) => {
    const work = deferred();
    const { container } = show(button({ ...click, loadingBehavior: behavior ?? "auto" }), {
      onAction: () => work.promise,
    });

    one(container, "button").click();
    await settle();
    expect(container.querySelector(".w-spinner") !== null).toBe(spins);
    expect(container.querySelector(".ckw[inert]") !== null).toBe(held);

    work.resolve();
    await settle();
    expect(container.querySelector(".w-spinner, .ckw[inert]")).toBeNull();
  });

  it("in a card's footer blocks the whole card", async () => {
    const work = deferred();
    const card = { type: "Card", children: [], confirm: { label: "Yes", action: click } };
    const { container } = show(card, { onAction: () => work.promise });

    one(container, "button").click();
    await settle();

    expect(one(container, ".ckw").hasAttribute("inert")).toBe(true);
    work.resolve();
    await settle();
    expect(one(container, ".ckw").hasAttribute("inert")).toBe(false);
  });

  it("isn't sent twice by a second press", async () => {
    const work = deferred();
    const { container, onAction } = show(button(click), { onAction: () => work.promise });

    one(container, "button").click();
    one(container, "button").click();
    await settle();
    one(container, "button").click();
    work.resolve();
    await settle();

    expect(onAction).toHaveBeenCalledTimes(1);
  });

  it("is logged if it fails, and the button works again", async () => {
    const { container, logs, onAction } = show(button(click), {
      onAction: () => Promise.reject(new Error("refused")),
    });

    one(container, "button").click();
    await settle();
    one(container, "button").click();
    await settle();

    expect(onAction).toHaveBeenCalledTimes(2);
    expect(logs.map((log) => log.name)).toEqual(["widget.action.failed", "widget.action.failed"]);
  });

  it.each<[string, Partial<ActionConfig>, number]>([
    ["a streaming action waits", {}, 0],
    ["a non-streaming action is sent", { streaming: false }, 1],
    ["a client action runs", { handler: "client" }, 1],
  ])("during a response: %s", async (_, rest, calls) => {
    const { container, onAction } = show(button({ ...click, ...rest }), { isBusy: true });

    one(container, "button").click();
    await settle();

    expect(onAction).toHaveBeenCalledTimes(calls);
    expect(one(container, "button").hasAttribute("aria-disabled")).toBe(calls === 0);
  });

  it("of a row is sent by the row, not by its controls", async () => {
    const row = {
      type: "ListViewItem",
      onClickAction: { type: "open" },
      children: [{ type: "Text", value: "Row" }, button({ type: "edit" })],
    };
    const { container, onAction, getByRole } = show({ type: "ListView", children: [row] });

    one(container, "button.w-button").click();
    await settle();
    getByRole("button", { name: /^Row/ }).click();
    await settle();

    expect(onAction.mock.calls.map(([action]) => action.type)).toEqual(["edit", "open"]);
  });
});

describe("a form", () => {
  const fields: WidgetNode[] = [
    { type: "Input", name: "guest.name", defaultValue: "Ada", required: true },
    { type: "Textarea", name: "guest.wish", defaultValue: "tea" },
    { type: "Checkbox", name: "remind", defaultChecked: true },
    { type: "Checkbox", name: "loud" },
    {
      type: "Select",
      name: "size",
      defaultValue: "m",
      options: [
        { value: "s", label: "S" },
        { value: "m", label: "M" },
      ],
    },
    {
      type: "RadioGroup",
      name: "where",
      defaultValue: "in",
      options: [
        { value: "in", label: "In" },
        { value: "out", label: "Out" },
      ],
    },
    { type: "DatePicker", name: "day", defaultValue: "2026-11-24T00:00:00" },
    { type: "Text", value: "note", editable: { name: "note" } },
    { type: "Input", name: "off", defaultValue: "x", disabled: true },
  ];
  const values = {
    guest: { name: "Ada", wish: "tea" },
    remind: true,
    loud: false,
    size: "m",
    where: "in",
    day: "2026-11-24T00:00:00",
    note: "note",
  };

  it.each<[string, WidgetNode]>([
    ["Form", { type: "Form", onSubmitAction: click, children: fields }],
    [
      "Card as a form",
      { type: "Card", asForm: true, children: fields, confirm: { label: "OK", action: click } },
    ],
  ])("(%s) sends its fields with the action, dotted names as objects", async (_, form) => {
    const { container, lastAction, onAction } = show(form);

    await submit(container);

    expect(lastAction()?.payload).toEqual({ id: 7, ...values });
    expect(onAction.mock.lastCall?.[1]).toEqual(values);
  });

  it("shows the loading state on its submit button and is sent once", async () => {
    const server = deferred();
    const { container, onAction } = show(
      {
        type: "Form",
        onSubmitAction: { type: "save" },
        children: [
          { type: "Input", name: "a" },
          { type: "Button", label: "Save", submit: true },
          { type: "Button", label: "Other", onClickAction: { type: "other" } },
        ],
      },
      { onAction: () => server.promise },
    );
    const [save, other] = [...container.querySelectorAll("button")];
    const form = one<HTMLFormElement>(container, "form");

    fireEvent.submit(form);
    await settle();
    fireEvent.submit(form);
    await settle();

    expect(onAction).toHaveBeenCalledOnce();
    expect(save?.getAttribute("aria-busy")).toBe("true");
    expect(other?.getAttribute("aria-busy")).toBeNull();
    server.resolve();
    await settle();
    expect(save?.getAttribute("aria-busy")).toBeNull();
  });

  it("sends its fields with the action of every control in it", async () => {
    const { container, lastAction } = show({
      type: "Form",
      children: [{ type: "Input", name: "title", defaultValue: "Tea" }, button(click)],
    });

    type(one<HTMLInputElement>(container, "input"), "Coffee");
    one(container, "button").click();
    await settle();

    expect(lastAction()?.payload).toEqual({ id: 7, title: "Coffee" });
  });

  it("keeps payload values and logs fields that differ", async () => {
    const { container, lastAction, logs } = show({
      type: "Form",
      onSubmitAction: click,
      children: [{ type: "Input", name: "id", defaultValue: "forged" }],
    });

    await submit(container);

    expect(lastAction()?.payload).toEqual({ id: 7 });
    expect(logs[0]).toMatchObject({ name: "widget.payload.collision", data: { fields: ["id"] } });
  });

  it("has a native submit button, so that the browser validates required fields", () => {
    const { container } = show({
      type: "Card",
      asForm: true,
      children: fields,
      confirm: { label: "OK", action: click },
      cancel: { label: "No", action: { type: "no" } },
    });

    expect(one<HTMLFormElement>(container, "form").noValidate).toBe(false);
    expect(one<HTMLFormElement>(container, "form").checkValidity()).toBe(true);
    type(one<HTMLInputElement>(container, "input[name='guest.name']"), "");
    expect(one<HTMLFormElement>(container, "form").checkValidity()).toBe(false);
    const types = [...container.querySelectorAll(".w-card-footer button")].map((each) =>
      each.getAttribute("type"),
    );
    expect(types).toEqual(["button", "submit"]);
  });
});

describe("a field with its own action", () => {
  const box = (rest: object = {}): WidgetNode => ({
    type: "Checkbox",
    name: "done",
    label: "Done",
    onChangeAction: { type: "toggle" },
    ...rest,
  });

  it.each<[string, WidgetNode, (container: Element) => void, unknown]>([
    ["a checkbox", box(), (c) => one(c, "input").click(), true],
    [
      "a select",
      {
        type: "Select",
        name: "done",
        onChangeAction: { type: "pick" },
        options: [
          { value: "a", label: "A" },
          { value: "b", label: "B" },
        ],
      },
      (c) => fireEvent.change(one(c, "select"), { target: { value: "b" } }),
      "b",
    ],
    [
      "a radio",
      {
        type: "RadioGroup",
        name: "done",
        onChangeAction: { type: "pick" },
        options: [{ value: "x", label: "X" }],
      },
      (c) => one(c, "input").click(),
      "x",
    ],
    [
      "a cleared date",
      {
        type: "DatePicker",
        name: "done",
        clearable: true,
        defaultValue: "2026-11-24",
        onChangeAction: { type: "pick" },
      },
      (c) => one(c, ".w-clear").click(),
      "",
    ],
  ])("sends its value outside of forms: %s", async (_, node, act, value) => {
    const { container, lastAction } = show(node);

    act(container);
    await settle();

    expect(lastAction()?.payload).toEqual({ done: value });
  });

  it("reverts a checkbox when the server rejects the change", async () => {
    const work = deferred();
    const { container, update } = show(box(), { onAction: () => work.promise });
    const input = one<HTMLInputElement>(container, "input");

    input.click();
    await settle();
    expect(input.checked).toBe(true);

    work.reject(new Error("refused"));
    await settle();
    expect(input.checked).toBe(false);

    update(box({ label: "Done now" }));
    await settle();
    expect(input.checked).toBe(false);
  });

  it("shows a later server value instead of the user's", async () => {
    const { container, update } = show(box());
    one<HTMLInputElement>(container, "input").click();
    await settle();

    update(box({ defaultChecked: true }));
    await settle();
    update(box({ defaultChecked: false }));
    await settle();

    expect(one<HTMLInputElement>(container, "input").checked).toBe(false);
  });
});

describe("an update during use", () => {
  const form = (more: WidgetNode[], value = "Tea"): WidgetNode => ({
    type: "Card",
    asForm: true,
    children: [
      ...more,
      { type: "Input", name: "title", defaultValue: value },
      { type: "Text", id: "t", value: "Thin", streaming: true },
    ],
  });

  it("keeps the focus and the typed text when nodes are added before the field", async () => {
    const { container, update } = show(form([]));
    const input = one<HTMLInputElement>(container, "input");
    type(input, "Cof");

    update(form([{ type: "Badge", label: "new" }], "Milk"));
    await settle();

    expect(one(container, "input")).toBe(input);
    expect(document.activeElement).toBe(input);
    expect(input.value).toBe("Cof");
  });

  it("shows the server's new value if nothing was typed", async () => {
    const { container, update } = show(form([]));

    update(form([], "Milk"));
    await settle();

    expect(one<HTMLInputElement>(container, "input").value).toBe("Milk");
  });

  it("streams text into the same element", async () => {
    const widget = form([]);
    const { container, update } = show(widget);
    const text = one(container, ".w-streaming");

    const grown = { ...widget, children: [...(widget.children as WidgetNode[])] };
    grown.children[1] = { type: "Text", id: "t", value: "Thinking done", streaming: false };
    update(grown);
    await settle();

    expect(one(container, "p.w-text")).toBe(text);
    expect(text.textContent).toBe("Thinking done");
    expect(text.className).not.toContain("w-streaming");
  });
});

describe("the todo agent's widgets", () => {
  it("send the completion of a task and show a spinner", async () => {
    const work = deferred();
    const { container, lastAction, logs } = show(agents.taskList, { onAction: () => work.promise });

    one<HTMLInputElement>(container, "input[type=checkbox]").click();
    await settle();

    expect(lastAction()).toMatchObject({
      type: "task.toggle",
      streaming: false,
      payload: { task_id: "tsk_00000000000000000000000001", completed: true },
    });
    expect(container.querySelectorAll(".w-spinner")).toHaveLength(1);
    work.resolve();
    await settle();
    expect(logs).toEqual([]);
  });

  it("keep the focus on a checkbox whose row is re-rendered", async () => {
    const { container, update } = show(agents.taskList);
    const before = one<HTMLInputElement>(container, "input[type=checkbox]");
    before.focus();
    before.click();
    await settle();

    update(agents.taskListTicked);
    await settle();

    const after = one<HTMLInputElement>(container, "input[type=checkbox]");
    expect(after).not.toBe(before);
    expect(after.checked).toBe(true);
    expect(document.activeElement).toBe(after);
  });

  it("can be checked, but not edited, during a response", () => {
    const { container } = show(agents.taskList, { isBusy: true });

    expect(one(container, "input[type=checkbox]").hasAttribute("aria-disabled")).toBe(false);
    expect(one(container, "button").hasAttribute("aria-disabled")).toBe(true);
  });

  it("submit the task's form with the day and the list", async () => {
    const { container, lastAction } = show(agents.taskCard);

    type(one<HTMLInputElement>(container, "input[name=title]"), "Call");
    fireEvent.change(one(container, "select[name=priority]"), { target: { value: "low" } });
    await submit(container);

    expect(lastAction()).toMatchObject({
      type: "task.save",
      payload: { title: "Call", due: "2026-11-25T00:00:00", priority: "low", list_id: "lst_2" },
    });
  });

  it("submit a new task with empty fields as empty values", async () => {
    const { container, lastAction } = show(agents.addCard);

    type(one<HTMLInputElement>(container, "input[name=title]"), "Call");
    await submit(container);

    expect(lastAction()).toMatchObject({
      type: "task.add",
      payload: { title: "Call", due: "", time: "", repeat: "none", list_id: "lst_1" },
    });
  });

  it("send an empty value for no date", async () => {
    const { container, lastAction } = show(agents.taskCardPlain);

    await submit(container);

    expect(lastAction()?.payload).toMatchObject({ due: "" });
  });

  it.each<[string, WidgetNode, string, string]>([
    ["undo a turn's changes", agents.undoCard, "Undo", "changes.undo"],
    ["redo undone changes", agents.redoCard, "Redo", "changes.undo"],
    ["retry a refused undo", agents.undoConflictCard, "Undo", "changes.undo"],
    ["undo what a form saved", agents.savedCard, "Undo", "changes.undo"],
    ["edit what a form saved", agents.savedCard, "Edit", "task.open"],
    ["accept a plan", agents.planCard, "Accept", "changes.confirm"],
    ["discard a plan", agents.planCard, "Cancel", "changes.discard"],
    ["undo an accepted plan", agents.acceptedPlanCard, "Undo", "changes.undo"],
    ["turn to the next page", agents.taskListPage, "Next", "tasks.page"],
    ["turn to the previous page", agents.taskListPage, "Previous", "tasks.page"],
    ["confirm a bulk change", agents.pendingCard, "Confirm", "changes.confirm"],
    ["discard a bulk change", agents.pendingCard, "Cancel", "changes.discard"],
    ["undo a bulk change", agents.confirmedCard, "Undo", "changes.undo"],
    ["cancel the tea order", agents.teaCard, "Cancel order", "order.cancel"],
  ])("%s", async (_, widget, label, action) => {
    const { getByRole, lastAction } = show(widget);

    getByRole("button", { name: label }).click();
    await settle();

    expect(lastAction()?.type).toBe(action);
  });
});
