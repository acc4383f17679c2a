/** What a widget is made of, and what a view of one is given. */

import type { Widgets } from "@openai/chatkit";
import type { ComponentChildren, ComponentType } from "preact";
import type { ActionConfig, JsonObject, WidgetItem, WidgetNode } from "../core/types";
import type { Translate } from "../locale";

export type { ActionConfig, WidgetItem, WidgetNode };

type Official = Widgets.WidgetRoot | Widgets.WidgetComponent | Widgets.ListViewItem;

/** Looks up a component's official shape by its type. */
export type Shape<T extends Official["type"]> = Extract<Official, { type: T }>;

/** A select as the Python SDK builds it: its options may say more than the official types tell. */
export type SelectShape = Omit<Shape<"Select">, "options"> & {
  options: { value: string; label: string; disabled?: boolean; description?: string }[];
  /** Of openai-chatkit; the official TypeScript types don't have it. */
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

/** One line, area or group of bars; the official types leave charts out, the Python SDK has them. */
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

/** The values of named fields; dots in names make objects inside. */
export type FormData = JsonObject;

/** Where pictures may come from besides the page's own origin; the rule is in `images.ts`. */
export type ImageRule = {
  /** The thread's `allowed_image_domains`: hosts, or `*.host` for all below one. */
  allowedDomains?: readonly string[] | null;
};

/** What a component of one's own is given. */
export type CustomProps = {
  node: WidgetNode;
  /** Sends an action; named fields of the form around are added to its payload. */
  onAction: (action: ActionConfig) => Promise<void>;
  /** A response is being written: the server refuses actions that would stream. */
  isBusy: boolean;
};

/**
 * A component of one's own: a Preact view, or plain DOM for pages that have no Preact. Native
 * fields with a `name` inside take part in the form around, either way.
 */
export type CustomWidget =
  | { view: ComponentType<CustomProps & { children?: ComponentChildren }> }
  | {
      /** Fills a host element; may return what undoes that. */
      mount: (host: HTMLElement, props: CustomProps) => undefined | (() => void);
      /** Shows changed properties; without it the host is mounted anew. */
      update?: (host: HTMLElement, props: CustomProps) => void;
    };

/** Components of one's own by type; a type that exists already is replaced. */
export type WidgetRegistry = Readonly<Record<string, CustomWidget>>;

/** What happened in a widget that a developer may want to know. */
export type WidgetLog = { name: `widget.${string}`; data: JsonObject };

/** Renders markdown, sanitised. */
export type MarkdownView = ComponentType<{ value: string; streaming: boolean }>;

export type WidgetViewProps = {
  /** The root of the tree: a Card, a ListView, a Basic, or any component. */
  widget: WidgetNode;
  /** The item that the widget belongs to; its id tells widgets apart. */
  item?: Pick<WidgetItem, "id"> | null;
  /**
   * Does what a control is configured to do. Form values are in `action.payload` already;
   * `formData` has them alone. A rejected promise takes a ticked box back.
   */
  onAction: (action: ActionConfig, formData?: FormData) => Promise<void>;
  registry?: WidgetRegistry | undefined;
  /** A response is being written: server actions wait unless they are `streaming: false`. */
  isBusy?: boolean | undefined;
  images?: ImageRule | undefined;
  onLog?: ((event: WidgetLog) => void) | undefined;
  /** @default plain paragraphs */
  markdown?: MarkdownView | undefined;
  /** @default those of `locale` */
  t?: Translate | undefined;
  /** For dates and numbers. @default the document's language */
  locale?: string | undefined;
};
