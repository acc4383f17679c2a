/** Invalid nodes don't affect their siblings. */

import { cleanup } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { samples } from "../../demo/gallery/samples";
import { settle, show } from "../../test/widgetKit";
import type { WidgetNode } from "./types";

afterEach(cleanup);

const WRONG: unknown[] = [
  ...[null, true, 0, -1, 1e308, "", "x", "\u0000", {}, [], [null], [[]], { type: 7 }],
  { toString: 1 },
  [{ toString: 1 }],
];

/** Yields a node and all nodes inside it. */
function* nodes(node: WidgetNode): Generator<WidgetNode> {
  yield node;
  const { children } = node;
  for (const child of Array.isArray(children) ? children : [children]) {
    if (child) yield* nodes(child);
  }
}

/** One node per type, with the union of its fields in the gallery. */
const fullest = new Map<string, WidgetNode>();
for (const sample of Object.values(samples)) {
  for (const node of nodes(sample)) {
    fullest.set(node.type, { ...fullest.get(node.type), ...node });
  }
}

it.each([...fullest])("%s", async (_, node) => {
  const errors = vi.fn<(event: Event) => void>();
  window.addEventListener("error", errors);
  const wrong = Object.keys(node)
    .filter((name) => name !== "type")
    .flatMap((name) => WRONG.map((value) => ({ ...node, [name]: value }) as WidgetNode));
  const [before, after] = ["Before.", "After."].map((value) => ({ type: "Text", value }));

  const { container } = show({ type: "Col", children: [before, ...wrong, after] as WidgetNode[] });
  await settle();

  expect(container.textContent).toMatch(/^Before\..*After\.$/su);
  expect(errors).not.toHaveBeenCalled();
  window.removeEventListener("error", errors);
});
