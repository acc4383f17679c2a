import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ListDialog } from "@/components/tasks/ListDialog";
import type { TaskList } from "@/lib/tasks";
import { useTaskStore } from "@/stores/taskStore";

const LIST: TaskList = {
  id: "lst_home",
  name: "Home",
  is_default: false,
  open_tasks: 0,
  created_at: "2026-11-23T08:00:00Z",
  updated_at: "2026-11-23T08:00:00Z",
  color: "red",
  icon: null,
  position: null,
  archived_at: null,
};

afterEach(cleanup);

it("sends only the edited fields of a list, which another tab may change, too", async () => {
  const changeList = vi.fn(async () => true);
  useTaskStore.setState({ changeList });
  const open = (list: TaskList) => (
    <ListDialog list={list} onClose={() => undefined} onCreated={() => undefined} />
  );
  const { rerender } = render(open(LIST));
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "Flat" } });
  rerender(open({ ...LIST, color: "blue", updated_at: "2026-11-23T09:00:00Z" }));

  await act(async () => fireEvent.submit(screen.getByLabelText("Name")));

  expect(changeList).toHaveBeenCalledExactlyOnceWith("lst_home", { name: "Flat" });
});

it("edits the sections of an archived list, too", () => {
  const archived = { ...LIST, archived_at: "2026-11-24T08:00:00Z" };
  render(<ListDialog list={archived} onClose={() => undefined} onCreated={() => undefined} />);
  expect(screen.getByRole("region", { name: "Sections" })).toBeTruthy();
});

it("adds one list and one section however often the button is clicked", () => {
  const never = () => new Promise<never>(() => undefined);
  const addList = vi.fn(never);
  const addSection = vi.fn(never);
  useTaskStore.setState({ addList, addSection });
  render(<ListDialog list={null} onClose={() => undefined} onCreated={() => undefined} />);
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "Flat" } });
  for (const _ of "12") fireEvent.click(screen.getByRole("button", { name: "Create list" }));
  expect(addList).toHaveBeenCalledTimes(1);

  cleanup();
  render(<ListDialog list={LIST} onClose={() => undefined} onCreated={() => undefined} />);
  fireEvent.change(screen.getByLabelText("New section"), { target: { value: "Kitchen" } });
  for (const _ of "12") fireEvent.click(screen.getByRole("button", { name: "Add" }));
  expect(addSection).toHaveBeenCalledExactlyOnceWith("lst_home", "Kitchen");
});
