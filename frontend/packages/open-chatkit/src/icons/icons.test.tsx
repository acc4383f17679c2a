import { render, waitFor } from "@testing-library/preact";
import { expect, it } from "vitest";
import { Icon } from "./Icon";

const drawn = (name: string) => render(<Icon name={name} />).container.firstElementChild;

it("loads other lucide icons by name", async () => {
  const svg = drawn("lucide:squirrel");

  await waitFor(() => expect(svg?.querySelector("path")).toBeTruthy());
});

it("draws a vendor icon as an initial and an unknown icon as a ring", async () => {
  expect(drawn("vendor:notion")?.textContent).toBe("N");
  expect(drawn("no-such-icon")?.querySelector("circle")).toBeTruthy();
  const unknown = drawn("lucide:no-such-icon");
  await waitFor(() => expect(unknown?.querySelector("circle")).toBeTruthy());
});
