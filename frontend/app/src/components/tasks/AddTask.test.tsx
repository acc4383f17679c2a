import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { AddTask } from "@/components/tasks/AddTask";
import { SubtaskList } from "@/components/tasks/SubtaskList";
import { makeTask } from "@/lib/testing/makeTask";
import { useTaskStore } from "@/stores/taskStore";

const DATES = { timezone: "UTC", locale: "en-GB", now: new Date("2026-11-23T08:00:00Z") };

afterEach(cleanup);

it.each([
  ["task", <AddTask key="task" listId={null} dates={DATES} />],
  ["subtask", <SubtaskList key="subtask" parent={makeTask("party")} />],
])("adds one %s if both clicks come before React renders", async (kind, form) => {
  const addTask = vi.fn(async () => true);
  useTaskStore.setState({ addTask });
  render(form);
  fireEvent.change(screen.getByLabelText(`New ${kind}`), { target: { value: "milk" } });

  const button = screen.getByRole<HTMLButtonElement>("button", { name: `Add ${kind}` });
  await act(async () => {
    button.click();
    button.click();
  });

  expect(addTask).toHaveBeenCalledTimes(1);
});
