import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TaskItems, type TaskItemsProps } from "@/components/tasks/TaskItems";
import type { Section } from "@/lib/tasks";
import { makeTask } from "@/lib/testing/makeTask";
import { useOpenedTask } from "@/stores/openedTaskStore";
import { useTaskStore } from "@/stores/taskStore";

const section = (id: string, name: string): Section => ({
  id,
  list_id: "lst_inbox",
  name,
  position: id,
  updated_at: "2026-11-23T08:00:00Z",
});
const PROPS: TaskItemsProps = {
  tasks: [
    makeTask("milk", { section_id: "sec_1" }),
    makeTask("bread"),
    makeTask("pears", { section_id: "sec_2" }),
  ],
  query: { filter: "open", listId: "lst_inbox", words: "", order: "due" },
  lists: [],
  dates: { timezone: "UTC", locale: "en-GB", now: new Date("2026-11-23T08:00:00Z") },
  hasNoTasks: false,
  onClear: () => undefined,
};
const headings = () => screen.queryAllByRole("heading").map(({ textContent }) => textContent);
const titles = () =>
  screen.queryAllByRole("button", { name: /^Edit: / }).map(({ textContent }) => textContent);

beforeEach(() => {
  useTaskStore.setState({
    sections: [section("sec_1", "Dairy"), section("sec_2", "Fruit"), section("sec_3", "Tea")],
  });
});
afterEach(cleanup);

it("shows the tasks of a list under its sections, those without a section first", () => {
  render(<TaskItems {...PROPS} />);
  expect(headings()).toEqual(["Dairy1", "Fruit1", "Tea0"]);
  expect(titles()).toEqual(["bread", "milk", "pears"]);
});

it("shows only sections with matching tasks while tasks are filtered", () => {
  const query = { ...PROPS.query, words: "pears" };
  render(<TaskItems {...PROPS} tasks={PROPS.tasks.slice(2)} query={query} />);
  expect(headings()).toEqual(["Fruit1"]);
});

it("shows tasks of all lists without headings, and names their section in the row", () => {
  render(<TaskItems {...PROPS} query={{ ...PROPS.query, listId: null }} />);
  expect(headings()).toEqual([]);
  expect(titles()).toEqual(["milk", "bread", "pears"]);
  expect(screen.getByText("Dairy")).toBeTruthy();
});

it("closes a section until a task in it is opened", () => {
  render(<TaskItems {...PROPS} />);
  fireEvent.click(screen.getByRole("button", { name: "Dairy 1" }));
  expect(titles()).toEqual(["bread", "pears"]);

  act(() => useOpenedTask.getState().open("milk"));

  expect(screen.getByRole("form", { name: "Edit milk" })).toBeTruthy();
});

it("adds tasks under a heading to its section", async () => {
  const addTask = vi.fn(async () => true);
  useTaskStore.setState({ addTask });
  render(<TaskItems {...PROPS} tasks={[]} hasNoTasks />);
  const fruit = within(screen.getByRole("region", { name: "Fruit 0" }));
  fireEvent.click(fruit.getByRole("button", { name: "Add task to Fruit" }));
  const field = fruit.getByRole("textbox", { name: "New task in Fruit" });
  expect(document.activeElement).toBe(field);

  fireEvent.change(field, { target: { value: "pears" } });
  await act(async () => void fireEvent.submit(field));

  const place = { list_id: "lst_inbox", section_id: "sec_2" };
  expect(addTask).toHaveBeenCalledWith(expect.objectContaining({ title: "pears", ...place }));
  fireEvent.click(fruit.getByRole("button", { name: "Cancel" }));
  expect(fruit.queryByRole("textbox")).toBeNull();
});
