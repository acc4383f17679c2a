import { render, waitFor } from "@testing-library/preact";
import { expect, it, vi } from "vitest";
import { Icon } from "./Icon";

const drawn = (name: string) => render(<Icon name={name} />).container.firstElementChild;

it("loads other lucide icons by name", async () => {
  const svg = drawn("lucide:squirrel");

  await waitFor(() => expect(svg?.querySelector("path")).toBeTruthy());
});

it("draws a vendor icon as an initial and an unknown icon as a ring", async () => {
  expect(drawn("vendor:notion")?.textContent).toBe("N");
  for (const name of ["no-such-icon", "lucide:no-such-icon"]) {
    const onUnknown = vi.fn();
    const unknown = render(<Icon name={name} onUnknown={onUnknown} />).container.firstElementChild;

    await waitFor(() => expect(unknown?.querySelector("circle")).toBeTruthy());
    await waitFor(() => expect(onUnknown.mock.calls).toEqual([[name]]));
  }
});

it.each([
  ["wallet", "lucide:wallet"],
  ["shopping_cart", "lucide:shopping-cart"],
  ["HomeOutlined", "lucide:house"],
  ["lightning-bolt", "lucide:zap"],
  ["currency-dollar", "lucide:circle-dollar-sign"],
  ["magnifying-glass", "lucide:search"],
])("draws %s as %s", async (name, lucide) => {
  const [one, other] = [drawn(name), drawn(lucide)];

  await waitFor(() => expect(one?.childElementCount).toBeGreaterThan(0));
  await waitFor(() => expect(one?.innerHTML).toBe(other?.innerHTML));
});
