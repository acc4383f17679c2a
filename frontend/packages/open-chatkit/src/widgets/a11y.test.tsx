/** Checks every widget of the gallery with axe, except for colors, which need a browser. */

import { cleanup } from "@testing-library/preact";
import axe from "axe-core";
import { afterEach, expect, it } from "vitest";
import { samples } from "../../demo/gallery/samples";
import { settle, show } from "../../test/widgetKit";

afterEach(cleanup);

it.each(Object.entries(samples))("%s has no axe violations", async (_, sample) => {
  const { container } = show(sample);
  await settle();

  const { violations } = await axe.run(container, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });

  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
});
