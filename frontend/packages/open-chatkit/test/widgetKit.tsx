/** Helpers for tests of widgets. */

import { act, cleanup, render } from "@testing-library/preact";
import { vi } from "vitest";
import type { ActionConfig, WidgetLog, WidgetNode, WidgetViewProps } from "../src/widgets/types";
import { WidgetView } from "../src/widgets/WidgetView";

/** Returns a promise with its resolve and reject functions. */
export function deferred() {
  let resolve: () => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** Renders a widget and records its actions and logs. */
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
    /** Returns the last action, as the server would receive it. */
    lastAction: (): ActionConfig | undefined => onAction.mock.lastCall?.[0],
    update: (node: WidgetNode, more: Partial<WidgetViewProps> = {}) =>
      act(() => view.rerender(<WidgetView {...props(node, more)} />)),
  };
}

/** Returns the first element that matches a selector; throws if there is none. */
export function one<E extends HTMLElement = HTMLElement>(container: Element, selector: string): E {
  const found = container.querySelector<E>(selector);
  if (!found) throw new Error(`nothing matches ${selector} in ${container.innerHTML}`);
  return found;
}

/** Waits for promises and rendering. */
export async function settle(): Promise<void> {
  await act(async () => {
    await new Promise((done) => setTimeout(done, 0));
  });
}
