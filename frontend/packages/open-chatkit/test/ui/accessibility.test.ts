import axe from "axe-core";
import { afterEach, expect, it } from "vitest";
import { demoThreads } from "../../demo/scenes";
import { leavePage, openPage, respondWith } from "./page";

afterEach(leavePage);

/** Returns axe's violations. Without a layout, contrast can't be checked here. */
async function violations(): Promise<string[]> {
  const found = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}

it.each(["thr_week", "thr_more", "thr_closed"])(
  "%s has no axe violations",
  async (id) => {
    const { view } = await openPage({
      threads: demoThreads(),
      initialThread: id,
      threadItemActions: { feedback: true, retry: true },
      composer: {
        attachments: { enabled: true },
        models: [{ id: "a", label: "Quick" }],
        tools: [{ id: "s", label: "Search", icon: "globe", pinned: true }],
      },
    });
    await view.findAllByRole("article");

    expect(await violations()).toEqual([]);
  },
  30_000,
);

it("the start screen and the history have no axe violations", async () => {
  const { element, view } = await openPage({
    threads: demoThreads(),
    script: respondWith("Yes."),
    startScreen: { prompts: [{ label: "My day", prompt: "Plan my day", icon: "calendar" }] },
  });
  expect(await violations()).toEqual([]);

  await element.showHistory();
  await view.findByText("Trip to Porto");

  expect(await violations()).toEqual([]);
}, 30_000);
