/**
 * Widgets: JSON trees from a server, rendered as views.
 *
 * `WidgetView` renders one; `widgetStyles` is the style sheet that its shadow root needs. Charts and
 * calendars are loaded on demand.
 */

export { Icon as WidgetIcon } from "./Icon";
export type { WidgetStrings } from "./strings";
export { widgetStyles } from "./styles";
export { widgetTokens } from "./tokens";
export type {
  ActionConfig,
  CustomProps,
  CustomWidget,
  DomWidget,
  FormData,
  ImageRule,
  MarkdownView,
  WidgetLog,
  WidgetRegistry,
  WidgetViewProps,
} from "./types";
export { WidgetView } from "./WidgetView";
