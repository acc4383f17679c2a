import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { TaskEditor } from "@/components/tasks/TaskEditor";
import type { Section } from "@/lib/tasks";
import { makeTask } from "@/lib/testing/makeTask";
import { useTaskStore } from "@/stores/taskStore";

const DATES = { timezone: "UTC", locale: "en-GB", now: new Date("2026-11-23T08:00:00Z") };

afterEach(cleanup);

it("keeps time and repetition while the day is empty, as browsers have it while it is typed", () => {
  const changeTask = vi.fn();
  useTaskStore.setState({ changeTask });
  const task = makeTask("Gym", {
    due: { at: "2026-11-24T17:00:00Z", timezone: "UTC" },
    repeat: { rule: "FREQ=WEEKLY", from: "due" },
  });
  render(<TaskEditor task={task} lists={[]} dates={DATES} onEnd={() => undefined} />);

  fireEvent.change(screen.getByLabelText("Due"), { target: { value: "" } });
  fireEvent.change(screen.getByLabelText("Due"), { target: { value: "2026-11-26" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));

  expect(changeTask).toHaveBeenCalledWith("Gym", {
    due: { at: "2026-11-26T17:00:00.000+00:00", timezone: "UTC" },
    applies_to: "this",
  });
});

it("keeps what is typed while a new section is being stored", async () => {
  let store = (_section: Section) => {};
  useTaskStore.setState({
    addSection: () =>
      new Promise((resolve) => {
        store = resolve;
      }),
  });
  render(<TaskEditor task={makeTask("Gym")} lists={[]} dates={DATES} onEnd={() => undefined} />);

  fireEvent.change(screen.getByLabelText("Section"), { target: { value: "new" } });
  fireEvent.change(screen.getByLabelText("New section"), { target: { value: "Sport" } });
  fireEvent.blur(screen.getByLabelText("New section"));
  fireEvent.change(screen.getByLabelText("Title"), { target: { value: "Swimming" } });
  await act(async () =>
    store({ id: "sec_1", list_id: "lst_inbox", name: "Sport", position: "V", updated_at: "" }),
  );

  expect(screen.getByLabelText<HTMLInputElement>("Title").value).toBe("Swimming");
});
