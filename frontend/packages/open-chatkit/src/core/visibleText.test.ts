import { expect, it } from "vitest";
import { isVisible } from "./visibleText";

it.each(["", " \n", "\u200b\u200d", "\u2800", "\u3164\ufe0f", "\u00ad\ufeff"])(
  "finds nothing to see in %j",
  (text) => expect(isVisible(text)).toBe(false),
);

it.each(["a", "\u200b.", "👩‍🚀", "\u0301"])("finds something to see in %j", (text) =>
  expect(isVisible(text)).toBe(true),
);
