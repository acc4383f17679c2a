import type { WidgetNode } from "../../core/types";
import { loader, useLoaded } from "../../widgets/lazy";
import { NotShown } from "../common/Boundary";
import { useImageHosts, useUi } from "../context";
import { Markdown } from "../markdown/Markdown";
import { widgetRegistry } from "../registry";

function WidgetMarkdown({ value, streaming }: { value: string; streaming: boolean }) {
  return <Markdown text={value} streaming={streaming} />;
}

/** The views of widgets, a chunk that is loaded for the first widget. */
export const widgetViews = loader("widgets", () =>
  import("../../widgets/WidgetView").then((module) => module.WidgetView),
);

export type WidgetProps = {
  widget: WidgetNode;
  /** Null for previews, whose actions belong to no item. */
  itemId: string | null;
};

/** Connects a widget to the chat's actions and to the element's texts and markdown. */
export function Widget({ widget, itemId }: WidgetProps) {
  const ui = useUi();
  const { chat } = ui;
  const hosts = useImageHosts();
  const { value: WidgetView, failed } = useLoaded(widgetViews);
  if (failed) return <NotShown />;
  if (!WidgetView) return <div aria-busy="true" />;
  return (
    <WidgetView
      widget={widget}
      item={itemId === null ? null : { id: itemId }}
      onAction={async (action) => {
        if (itemId === null)
          await chat.action({ type: action.type, payload: action.payload ?? null });
        else await chat.widgetAction(action, itemId);
      }}
      registry={widgetRegistry.value}
      isBusy={chat.isResponding.value}
      images={{ allowedDomains: hosts }}
      onLog={(event) => ui.emit("chatkit.log", event)}
      markdown={WidgetMarkdown}
      locale={ui.locale.value.tag}
      t={ui.locale.value.t}
    />
  );
}
