/** The types of widgets and the props of their views. */

import type { Widgets } from "@openai/chatkit";
import type { ComponentChildren, ComponentType } from "preact";
import type { ActionConfig, JsonObject, WidgetItem, WidgetNode } from "../core/types";
import type { Translate } from "../locale";

export type { ActionConfig, WidgetItem, WidgetNode };

type Official = Widgets.WidgetRoot | Widgets.WidgetComponent | Widgets.ListViewItem;

/** Looks up a component's official shape by its type. */
export type Shape<T extends Official["type"]> = Extract<Official, { type: T }>;

/** A select as the Python SDK builds it: its options have more fields than the official types. */
export type SelectShape = Omit<Shape<"Select">, "options"> & {
  options: { value: string; label: string; disabled?: boolean; description?: string }[];
  /** From openai-chatkit; missing in the official TypeScript types. */
  searchable?: boolean;
};

export type ThemeColor = { light: string; dark: string };
export type Color = string | ThemeColor;
export type Size = number | string;
export type Spacing = { [edge in "top" | "right" | "bottom" | "left" | "x" | "y"]?: Size };
export type BorderEdge = { size: number; color?: Color; style?: string };
export type Borders = { [edge in keyof Spacing]?: number | BorderEdge };

export type BlockProps = {
  height?: Size;
  width?: Size;
  size?: Size;
  minHeight?: Size;
  minWidth?: Size;
  minSize?: Size;
  maxHeight?: Size;
  maxWidth?: Size;
  maxSize?: Size;
  aspectRatio?: Size;
  radius?: string;
  margin?: Size | Spacing;
};

export type BoxProps = BlockProps & {
  align?: string;
  justify?: string;
  wrap?: string;
  flex?: Size;
  gap?: Size;
  padding?: Size | Spacing;
  border?: number | BorderEdge | Borders;
  background?: Color;
  direction?: "row" | "col";
};

/** One line, area or group of bars. Charts exist in the Python SDK, but not in the official types. */
export type ChartSeries = {
  type: "bar" | "area" | "line";
  dataKey: string;
  label?: string | null;
  color?: Color;
  stack?: string;
  curveType?: string;
};

export type ChartShape = BlockProps & {
  type: "Chart";
  key?: string;
  id?: string;
  data: Record<string, string | number>[];
  series: ChartSeries[];
  xAxis: string | { dataKey: string; hide?: boolean; labels?: Record<string, string> };
  showYAxis?: boolean;
  showLegend?: boolean;
  showTooltip?: boolean;
  barGap?: number;
  barCategoryGap?: number;
  flex?: Size;
};

/** The values of named fields; dotted names become nested objects. */
export type FormData = JsonObject;

/** Hosts from which images may be loaded besides the page's origin; the rule is in `images.ts`. */
export type ImageRule = {
  /** The thread's `allowed_image_domains`: hosts, or `*.host` for all subdomains. */
  allowedDomains?: readonly string[] | null;
};

/** The props of a custom component. */
export type CustomProps = {
  node: WidgetNode;
  /** Sends an action; named fields of the surrounding form are added to its payload. */
  onAction: (action: ActionConfig) => Promise<void>;
  /** True while a response is in progress: the server rejects actions that would stream. */
  isBusy: boolean;
};

/** A custom component in plain DOM. Its native fields with a `name` belong to the surrounding form. */
export type DomWidget = {
  /** Fills a host element; may return a cleanup function. */
  mount: (host: HTMLElement, props: CustomProps) => undefined | (() => void);
  /** Applies changed properties; without it, the component is mounted again. */
  update?: (host: HTMLElement, props: CustomProps) => void;
};

/** A custom component: plain DOM, or a view that uses this package's copy of Preact. */
export type CustomWidget =
  | DomWidget
  | { view: ComponentType<CustomProps & { children?: ComponentChildren }> };

/** Custom components by type; they override built-in types. */
export type WidgetRegistry = Readonly<Record<string, CustomWidget>>;

/** A log event of a widget, for developers. */
export type WidgetLog = { name: `widget.${string}`; data: JsonObject };

/** Renders sanitized markdown. */
export type MarkdownView = ComponentType<{ value: string; streaming: boolean }>;

export type WidgetViewProps = {
  /** The root of the tree: a Card, a ListView, a Basic, or any component. */
  widget: WidgetNode;
  /** The item that contains the widget; its ID identifies the widget. */
  item?: Pick<WidgetItem, "id"> | null;
  /**
   * Runs a control's action. Form values are already merged into `action.payload`; `formData` has
   * them separately. A rejected promise reverts a changed checkbox.
   */
  onAction: (action: ActionConfig, formData?: FormData) => Promise<void>;
  registry?: WidgetRegistry | undefined;
  /** True while a response is in progress: disables server actions unless `streaming: false`. */
  isBusy?: boolean | undefined;
  images?: ImageRule | undefined;
  onLog?: ((event: WidgetLog) => void) | undefined;
  /** @default plain paragraphs */
  markdown?: MarkdownView | undefined;
  /** @default English */
  t?: Translate | undefined;
  /** For dates and numbers. @default the document's language */
  locale?: string | undefined;
};
