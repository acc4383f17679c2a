/** What the widgets' tests share. */

import { act, cleanup, render } from "@testing-library/preact";
import { vi } from "vitest";
import type { ActionConfig, WidgetLog, WidgetNode, WidgetViewProps } from "../src/widgets/types";
import { WidgetView } from "../src/widgets/WidgetView";

/** A promise that a test ends when it likes. */
export function deferred() {
  let resolve: () => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** Shows a widget, and notes what it asks for and what it logs. */
export function show(widget: WidgetNode, options: Partial<WidgetViewProps> = {}) {
  cleanup();
  const onAction = vi.fn<WidgetViewProps["onAction"]>(options.onAction ?? (async () => undefined));
  const logs: WidgetLog[] = [];
  const props = (node: WidgetNode, more: Partial<WidgetViewProps> = {}): WidgetViewProps => ({
    item: { id: "itm_1" },
    onLog: (event) => logs.push(event),
    ...options,
    ...more,
    widget: node,
    onAction,
  });
  const view = render(<WidgetView {...props(widget)} />);
  return {
    ...view,
    logs,
    onAction,
    /** The last action, as the server would get it. */
    lastAction: (): ActionConfig | undefined => onAction.mock.lastCall?.[0],
    update: (node: WidgetNode, more: Partial<WidgetViewProps> = {}) =>
      act(() => view.rerender(<WidgetView {...props(node, more)} />)),
  };
}

/** Finds one element by selector; fails if there is none. */
export function one<E extends HTMLElement = HTMLElement>(container: Element, selector: string): E {
  const found = container.querySelector<E>(selector);
  if (!found) throw new Error(`nothing matches ${selector} in ${container.innerHTML}`);
  return found;
}

/** Lets promises and the drawing after them happen. */
export async function settle(): Promise<void> {
  await act(async () => {
    await new Promise((done) => setTimeout(done, 0));
  });
}
