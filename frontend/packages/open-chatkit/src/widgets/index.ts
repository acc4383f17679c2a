/**
 * Widgets: trees of JSON that a server sends, drawn as views.
 *
 * `WidgetView` draws one; `widgetStyles` is the text of the style sheet that its shadow root needs.
 * Charts and calendars load by themselves when a widget has one.
 */

export { Icon as WidgetIcon } from "./Icon";
export type { WidgetStrings } from "./strings";
export { widgetStyles } from "./styles";
export { widgetTokens } from "./tokens";
export type {
  ActionConfig,
  CustomProps,
  CustomWidget,
  FormData,
  ImageRule,
  MarkdownView,
  WidgetLog,
  WidgetRegistry,
  WidgetViewProps,
} from "./types";
export { WidgetView } from "./WidgetView";
