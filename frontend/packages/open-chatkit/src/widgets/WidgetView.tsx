import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { NodeViewContext } from "./Children";
import { type Runtime, RuntimeContext, type Settings, SettingsContext } from "./context";
import { SCOPE } from "./fields";
import { type FocusPlace, focusPlace, restoreFocus } from "./focus";
import { NodeView } from "./NodeView";
import { englishStrings, widgetStrings } from "./strings";
import type { WidgetRegistry, WidgetViewProps } from "./types";

const NONE: WidgetRegistry = {};

/** Shows a widget, and does what its controls are configured to do. */
export function WidgetView(props: WidgetViewProps) {
  const { widget, registry = NONE, isBusy = false, images, t, locale, markdown } = props;
  const root = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const held = useHold(root.current);
  // Callers make the rule anew each time they draw; what it says decides.
  const domains = images?.allowedDomains?.join(" ") ?? "";

  // Read before the new tree is drawn, given back when it is there.
  const place = focusPlace(root.current);
  useLayoutEffect(() => restoreFocus(place, root.current));

  const runtime = useMemo<Runtime>(
    () => ({
      send: async (action, formData) => latest.current.onAction(action, formData),
      log: (name, data = {}) =>
        latest.current.onLog?.({ name, data: { ...data, item: latest.current.item?.id ?? null } }),
      holdWidget: held.hold,
    }),
    [held.hold],
  );
  const settings = useMemo<Settings>(
    () => ({
      isBusy,
      registry,
      images: { allowedDomains: domains === "" ? [] : domains.split(" ") },
      strings: t ? widgetStrings(t) : englishStrings,
      locale,
      markdown,
    }),
    [isBusy, registry, domains, t, locale, markdown],
  );

  return (
    <RuntimeContext.Provider value={runtime}>
      <SettingsContext.Provider value={settings}>
        <div
          ref={root}
          class={`ckw${held.isHeld ? " ckw-held" : ""}`}
          part="widget"
          dir="auto"
          inert={held.isHeld}
          aria-busy={held.isHeld}
          {...{ [SCOPE]: "" }}
        >
          <NodeViewContext.Provider value={NodeView}>
            <NodeView node={widget} />
          </NodeViewContext.Provider>
        </div>
      </SettingsContext.Provider>
    </RuntimeContext.Provider>
  );
}

/** Counts what holds the whole widget, and gives the focus back after the last. */
function useHold(root: HTMLElement | null) {
  const [count, setCount] = useState(0);
  const place = useRef<FocusPlace | null>(null);
  const current = useRef(root);
  current.current = root;
  const isHeld = count > 0;

  const hold = useMemo(
    () => (until: Promise<unknown>) => {
      place.current ??= focusPlace(current.current);
      setCount((before) => before + 1);
      const release = () => setCount((before) => before - 1);
      until.then(release, release);
    },
    [],
  );
  useLayoutEffect(() => {
    if (isHeld) return;
    restoreFocus(place.current, current.current);
    place.current = null;
  }, [isHeld]);
  return { isHeld, hold };
}
