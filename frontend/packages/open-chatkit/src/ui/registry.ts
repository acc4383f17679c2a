import { signal } from "@preact/signals";
import type { CustomWidget, WidgetRegistry } from "../widgets";

/** Widget components of the page's own, by type; the same for all elements of a page. */
export const widgetRegistry = signal<WidgetRegistry>({});

/** Adds or replaces a component that widgets may use. */
export function registerWidget(type: string, widget: CustomWidget): void {
  widgetRegistry.value = { ...widgetRegistry.value, [type]: widget };
}
