import { signal } from "@preact/signals";
import type { CustomWidget, WidgetRegistry } from "../widgets";

/** The page's custom widget components by type, shared by all elements of a page. */
export const widgetRegistry = signal<WidgetRegistry>({});

/** Registers a custom component for widgets, or replaces one. */
export function registerWidget(type: string, widget: CustomWidget): void {
  widgetRegistry.value = { ...widgetRegistry.value, [type]: widget };
}
