import type { WidgetNode } from "../../core/types";
import { WidgetView } from "../../widgets";
import { useImageHosts, useUi } from "../context";
import { Markdown } from "../markdown/Markdown";
import { widgetRegistry } from "../registry";

function WidgetMarkdown({ value, streaming }: { value: string; streaming: boolean }) {
  return <Markdown text={value} streaming={streaming} />;
}

export type WidgetProps = {
  widget: WidgetNode;
  /** Null for previews, whose actions belong to no item. */
  itemId: string | null;
};

/** Connects a widget to the chat's actions and to the element's texts and markdown. */
export function Widget({ widget, itemId }: WidgetProps) {
  const ui = useUi();
  const { chat } = ui;
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
      images={{ allowedDomains: useImageHosts() }}
      onLog={(event) => ui.emit("chatkit.log", event)}
      markdown={WidgetMarkdown}
      locale={ui.locale.value.tag}
      t={ui.locale.value.t}
    />
  );
}
