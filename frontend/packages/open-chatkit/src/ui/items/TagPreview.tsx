import type { Entity } from "@openai/chatkit";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { WidgetNode } from "../../core/types";
import { useUi } from "../context";
import { Widget } from "./Widget";

type PreviewProps = { id: string; widget: WidgetNode; anchor: { current: HTMLElement | null } };

/** Rendered in the top layer, because turns clip their content. */
function Preview({ id, widget, anchor }: PreviewProps) {
  const box = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    const near = anchor.current?.getBoundingClientRect();
    if (!element || !near) return;
    element.showPopover?.();
    const { width, height } = element.getBoundingClientRect();
    const above = near.top - height - 8;
    const left = Math.min(near.left, document.documentElement.clientWidth - width - 8);
    element.style.left = `${Math.max(8, left)}px`;
    element.style.top = `${above > 8 ? above : near.bottom + 8}px`;
  }, [anchor]);
  return (
    <span ref={box} class="preview" role="tooltip" id={id} popover="manual">
      <Widget widget={widget} itemId={null} />
    </span>
  );
}

/** Shows the preview from `entities.onRequestPreview` while an entity is hovered or focused. */
export function TagPreview({ entity, children }: { entity: Entity; children: ComponentChildren }) {
  const ui = useUi();
  const request = ui.options.value.entities?.onRequestPreview;
  const [preview, setPreview] = useState<WidgetNode | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const anchor = useRef<HTMLSpanElement>(null);
  const id = useId();
  useEffect(() => () => clearTimeout(timer.current), []);
  if (!request) return <>{children}</>;

  const show = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(async () => {
      try {
        setPreview((await request(entity)).preview as WidgetNode | null);
      } catch (error) {
        ui.emit("chatkit.log", { name: "entity.preview.failed", data: { error: String(error) } });
      }
    }, 250);
  };
  const hide = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setPreview(null), 120);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only adds what a click also gives
    <span
      ref={anchor}
      class="preview-anchor"
      aria-describedby={preview ? id : undefined}
      onPointerEnter={show}
      onPointerLeave={hide}
      onFocusCapture={show}
      onBlurCapture={hide}
      onKeyDown={(event) => event.key === "Escape" && setPreview(null)}
    >
      {children}
      {preview && <Preview id={id} widget={preview} anchor={anchor} />}
    </span>
  );
}
