import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { NodeViewContext } from "./Children";
import { type Runtime, RuntimeContext, type Settings, SettingsContext } from "./context";
import { SCOPE } from "./fields";
import { type CapturedFocus, captureFocus, restoreFocus } from "./focus";
import { NodeView } from "./NodeView";
import { englishStrings, widgetStrings } from "./strings";
import type { WidgetRegistry, WidgetViewProps } from "./types";

const NONE: WidgetRegistry = {};

/** Renders a widget and runs the actions of its controls. */
export function WidgetView(props: WidgetViewProps) {
  const { widget, registry = NONE, isBusy = false, images, t, locale, markdown } = props;
  const root = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const block = useBlocking(root.current);
  // Compared by value, because callers create a new rule on each render.
  const domains = images?.allowedDomains?.join(" ") ?? "";

  // Captured before the new tree is rendered, restored afterwards.
  const focus = captureFocus(root.current);
  useLayoutEffect(() => restoreFocus(focus, root.current));

  const runtime = useMemo<Runtime>(
    () => ({
      send: async (action, formData) => latest.current.onAction(action, formData),
      log: (name, data = {}) =>
        latest.current.onLog?.({ name, data: { ...data, item: latest.current.item?.id ?? null } }),
      blockWidget: block.blockUntil,
    }),
    [block.blockUntil],
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
          class={`ckw${block.isBlocked ? " ckw-held" : ""}`}
          part="widget"
          dir="auto"
          inert={block.isBlocked}
          aria-busy={block.isBlocked}
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

/** Counts the actions that block the whole widget; restores the focus after the last one. */
function useBlocking(root: HTMLElement | null) {
  const [count, setCount] = useState(0);
  const focus = useRef<CapturedFocus | null>(null);
  const current = useRef(root);
  current.current = root;
  const isBlocked = count > 0;

  const blockUntil = useMemo(
    () => (until: Promise<unknown>) => {
      focus.current ??= captureFocus(current.current);
      setCount((before) => before + 1);
      const release = () => setCount((before) => before - 1);
      until.then(release, release);
    },
    [],
  );
  useLayoutEffect(() => {
    if (isBlocked) return;
    restoreFocus(focus.current, current.current);
    focus.current = null;
  }, [isBlocked]);
  return { isBlocked, blockUntil };
}
