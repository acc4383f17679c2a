/** What axe finds in every widget of the gallery; colors are looked at in a browser. */

import { cleanup } from "@testing-library/preact";
import axe from "axe-core";
import { afterEach, expect, it } from "vitest";
import { samples } from "../../demo/gallery/samples";
import { settle, show } from "../../test/widgetKit";

afterEach(cleanup);

it.each(Object.entries(samples))("%s has nothing that axe objects to", async (_, sample) => {
  const { container } = show(sample);
  await settle();

  const { violations } = await axe.run(container, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });

  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
});
