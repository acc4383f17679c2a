/** Custom components. */

import { cleanup, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { one, settle, show } from "../../test/widgetKit";
import type { CustomProps, CustomWidget } from "./types";

afterEach(cleanup);

describe("a custom component", () => {
  it("as a view receives its node, its children and onAction", async () => {
    const Gauge = ({ node, onAction, children }: CustomProps & { children?: unknown }) => (
      <div class="gauge">
        <button type="button" onClick={() => void onAction({ type: "turn" })}>
          {String(node.percent)}
        </button>
        {children as never}
      </div>
    );
    const { container, lastAction } = show(
      { type: "Gauge", percent: 40, children: [{ type: "Text", value: "inside" }] },
      { registry: { Gauge: { view: Gauge } } },
    );

    one(container, "button").click();
    await settle();

    expect(one(container, ".gauge").textContent).toBe("40inside");
    expect(lastAction()).toEqual({ type: "turn" });
  });

  it("as plain DOM is mounted, updated and cleaned up", async () => {
    const undo = vi.fn<() => void>();
    const gauge: CustomWidget = {
      mount: (host, { node }) => {
        host.textContent = `at ${node.percent}`;
        return undo;
      },
      update: (host, { node }) => {
        host.textContent = `now ${node.percent}`;
      },
    };
    const options = { registry: { Gauge: gauge } };
    const { container, update, unmount } = show({ type: "Gauge", percent: 1 }, options);
    await settle();
    expect(container.textContent).toBe("at 1");

    update({ type: "Gauge", percent: 2 });
    await settle();
    expect(container.textContent).toBe("now 2");
    expect(undo).not.toHaveBeenCalled();

    unmount();
    await waitFor(() => expect(undo).toHaveBeenCalledOnce());
  });

  it("adds its native fields to the surrounding form", async () => {
    const rating: CustomWidget = {
      mount: (host, { onAction }) => {
        const input = document.createElement("input");
        input.name = "stars";
        input.value = "4";
        input.addEventListener("click", () => void onAction({ type: "rate" }));
        host.append(input);
        return undefined;
      },
    };
    const { container, lastAction } = show(
      { type: "Form", children: [{ type: "Rating" }, { type: "Input", name: "why" }] },
      { registry: { Rating: rating } },
    );
    await settle();

    one(container, "input[name=stars]").click();
    await settle();

    expect(lastAction()).toEqual({ type: "rate", payload: { stars: "4", why: "" } });
  });

  it("overrides a built-in component", () => {
    const { container } = show(
      { type: "Text", value: "x" },
      { registry: { Text: { view: () => <em>mine</em> } } },
    );

    expect(one(container, "em").textContent).toBe("mine");
  });
});
