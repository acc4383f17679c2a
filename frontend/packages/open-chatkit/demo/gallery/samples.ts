/** Sample widgets: each component, and the todo agent's widgets. */

import type { WidgetNode } from "../../src/widgets/types";
import agents from "../../test/fixtures/agents.json";

const action = (type: string, rest: object = {}) => ({ type, ...rest });
const option = (value: string) => ({ value, label: value[0]?.toUpperCase() + value.slice(1) });

const picture =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 300"><rect width="640" height="300" fill="#5b8def"/><circle cx="480" cy="90" r="44" fill="#ffd76a"/><path d="M0 300 180 120l120 110 90-70 250 140z" fill="#2f5fb8"/></svg>',
  );

const texts: WidgetNode = {
  type: "Card",
  size: "lg",
  status: { text: "Texts", icon: "square-text" },
  children: [
    { type: "Title", value: "A title of size xl", size: "xl" },
    { type: "Title", value: "A title of size sm", size: "sm" },
    { type: "Text", value: "Text, as it is. It breaks into lines where there is no more room." },
    { type: "Text", value: "Small and secondary", size: "sm", color: "secondary" },
    { type: "Text", value: "Bold and dangerous", weight: "bold", color: "danger" },
    { type: "Text", value: "Done with", lineThrough: true, italic: true, color: "tertiary" },
    { type: "Text", value: "More is com", streaming: true, id: "stream" },
    {
      type: "Text",
      value: "Truncated after one line, however long the rest of this sentence may be in the end.",
      truncate: true,
    },
    { type: "Caption", value: "A caption in blue", color: { light: "blue-600", dark: "blue-300" } },
    { type: "Markdown", value: "**Markdown** by the message renderer\n\nSecond paragraph" },
    {
      type: "Row",
      wrap: "wrap",
      children: ["secondary", "success", "danger", "warning", "info", "discovery"].map((color) => ({
        type: "Badge",
        label: color,
        color,
      })),
    },
    {
      type: "Row",
      children: [
        { type: "Badge", label: "solid", variant: "solid", color: "success" },
        { type: "Badge", label: "outline", variant: "outline", color: "info", size: "lg" },
        {
          type: "Badge",
          label: "pill",
          pill: true,
          color: "discovery",
          variant: "solid",
          size: "sm",
        },
        { type: "Icon", name: "star-filled", color: { light: "#b45309", dark: "#fbbf24" } },
        { type: "Icon", name: "check-circle-filled", color: "success", size: "xl" },
        { type: "Icon", name: "lucide:rocket" },
        { type: "Icon", name: "no-such-icon" },
      ],
    },
  ],
};

const buttons: WidgetNode = {
  type: "Card",
  size: "lg",
  children: [
    ...["solid", "soft", "outline", "ghost"].map((variant) => ({
      type: "Row",
      wrap: "wrap",
      children: ["primary", "secondary", "info", "discovery", "success", "warning", "danger"].map(
        (color) => ({ type: "Button", label: color, color, variant, size: "sm" }),
      ),
    })),
    {
      type: "Row",
      wrap: "wrap",
      align: "center",
      children: ["2xs", "sm", "md", "xl", "3xl"].map((size) => ({
        type: "Button",
        label: size,
        size,
        style: "primary",
      })),
    },
    {
      type: "Row",
      children: [
        { type: "Button", iconStart: "plus", label: "With icon", pill: true },
        { type: "Button", iconStart: "reload", uniform: true, variant: "outline" },
        { type: "Button", label: "Disabled", disabled: true, style: "primary" },
      ],
    },
    { type: "Button", label: "Over the whole width", block: true, iconEnd: "chevron-right" },
  ],
};

const form: WidgetNode = {
  type: "Card",
  asForm: true,
  size: "md",
  status: { text: "A form", icon: "write" },
  children: [
    { type: "Title", value: "Book a table", size: "lg" },
    {
      type: "Col",
      children: [
        { type: "Label", value: "Name", fieldName: "guest.name" },
        { type: "Input", name: "guest.name", placeholder: "Ada Lovelace", required: true },
      ],
    },
    {
      type: "Row",
      children: [
        {
          type: "Col",
          flex: 1,
          children: [
            { type: "Label", value: "Day", fieldName: "day" },
            {
              type: "DatePicker",
              name: "day",
              clearable: true,
              defaultValue: "2026-11-27T00:00:00",
            },
          ],
        },
        {
          type: "Col",
          flex: 1,
          children: [
            { type: "Label", value: "People", fieldName: "people" },
            { type: "Select", name: "people", options: ["one", "two", "three"].map(option) },
          ],
        },
      ],
    },
    {
      type: "Select",
      name: "soft",
      variant: "soft",
      clearable: true,
      defaultValue: "two",
      options: ["one", "two"].map(option),
    },
    {
      type: "Select",
      name: "city",
      searchable: true,
      clearable: true,
      placeholder: "Where to?",
      options: ["amsterdam", "berlin", "cairo", "dakar", "edinburgh", "florence"].map(option),
    },
    {
      type: "RadioGroup",
      name: "where",
      ariaLabel: "Where",
      direction: "row",
      defaultValue: "inside",
      options: ["inside", "outside", "anywhere"].map(option),
    },
    { type: "Textarea", name: "wishes", placeholder: "Anything else?", rows: 2, autoResize: true },
    { type: "Checkbox", name: "remind", label: "Remind me a day before", defaultChecked: true },
    { type: "Text", value: "Editable text", editable: { name: "note" } },
  ],
  confirm: { label: "Book", action: action("book") },
  cancel: { label: "Not now", action: action("leave") },
};

const layout: WidgetNode = {
  type: "Card",
  size: "lg",
  children: [
    { type: "Image", src: picture, alt: "Mountains", flush: true, aspectRatio: "16/7" },
    {
      type: "Row",
      gap: 3,
      children: [
        {
          type: "Box",
          size: 48,
          radius: "full",
          background: { light: "blue-100", dark: "blue-800" },
          align: "center",
          justify: "center",
          children: [{ type: "Icon", name: "map-pin", color: "info" }],
        },
        {
          type: "Col",
          children: [
            { type: "Text", value: "In a column", weight: "semibold" },
            { type: "Caption", value: "beside a round box" },
          ],
        },
        { type: "Spacer" },
        { type: "Badge", label: "pushed", color: "info" },
      ],
    },
    { type: "Divider", flush: true },
    {
      type: "Box",
      padding: 3,
      radius: "lg",
      background: "surface-secondary",
      border: { size: 1, style: "dashed", color: "strong" },
      children: [{ type: "Text", value: "A box with a dashed border" }],
    },
    {
      type: "Table",
      children: [
        row(["City", "People", "Since"], true),
        row(["Berlin", "3,700,000", "1237"]),
        row(["Rome", "2,800,000", "-753"]),
      ],
    },
    { type: "Image", src: "https://pictures.example.org/cat.png", alt: "A cat" },
    { type: "Hologram", children: [{ type: "Text", value: "Inside of an unknown component" }] },
    { type: "Transition", children: { type: "Text", value: "Came in gently" } },
  ],
};

function row(cells: string[], header = false): WidgetNode {
  return {
    type: "Table.Row",
    header,
    children: cells.map((value, index) => ({
      type: "Table.Cell",
      align: index === 1 ? "end" : "start",
      children: [{ type: "Text", value, size: "sm" }],
    })),
  };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"];
const data = months.map((month, index) => ({
  month,
  open: 12 + ((index * 7) % 11),
  done: 5 + ((index * 5) % 9),
}));
const chart = (series: object[], rest: object = {}): WidgetNode => ({
  type: "Chart",
  data,
  xAxis: "month",
  series,
  height: 220,
  ...rest,
});

const charts: WidgetNode = {
  type: "Card",
  size: "lg",
  children: [
    { type: "Title", value: "Tasks by month", size: "sm" },
    chart(
      [
        { type: "bar", dataKey: "done", label: "Done" },
        { type: "bar", dataKey: "open", label: "Open" },
      ],
      { showYAxis: true, showLegend: true },
    ),
    chart([
      { type: "area", dataKey: "done", label: "Done", color: "green", stack: "all" },
      { type: "area", dataKey: "open", label: "Open", color: "orange", stack: "all" },
    ]),
    chart([{ type: "line", dataKey: "done", label: "Done", curveType: "linear" }], {
      showYAxis: true,
    }),
  ],
};

const list: WidgetNode = {
  type: "ListView",
  limit: 3,
  status: { text: "Places nearby", icon: "maps" },
  children: ["Café Sol", "Bäckerei Mond", "Tea house", "Library"].map((name, index) => ({
    type: "ListViewItem",
    key: name,
    onClickAction: action("open", { payload: { name } }),
    children: [
      { type: "Icon", name: index % 2 ? "book-open" : "compass", color: "secondary" },
      {
        type: "Col",
        gap: 0,
        children: [
          { type: "Text", value: name, weight: "medium" },
          { type: "Caption", value: `${index + 2} minutes on foot` },
        ],
      },
      { type: "Spacer" },
      { type: "Badge", label: index ? "open" : "closed", color: index ? "success" : "secondary" },
    ],
  })),
};

const dark: WidgetNode = {
  type: "Card",
  theme: "dark",
  size: "sm",
  status: { text: "Paid", icon: "check-circle" },
  collapsed: true,
  children: [{ type: "Text", value: "42 euros to the tea house" }],
  confirm: { label: "Again", action: action("again") },
};

const rtl: WidgetNode = {
  type: "Card",
  size: "sm",
  children: [
    { type: "Title", value: "شراء الحليب", size: "sm" },
    { type: "Checkbox", name: "done", label: "تم الإنجاز" },
    { type: "DatePicker", name: "day", defaultValue: "2026-11-27" },
  ],
  confirm: { label: "حفظ", action: action("save") },
  cancel: { label: "إلغاء", action: action("cancel") },
};

/** Samples by their headings in the gallery. */
export const samples: Readonly<Record<string, WidgetNode>> = {
  "Task list": agents.taskList,
  "Task list, completed and deleted": agents.taskListGone,
  "Task list, second page": agents.taskListPage,
  "Task card": agents.taskCard,
  "New task": agents.addCard,
  "Saved task": agents.savedCard,
  "Deleted task": agents.goneCard,
  "Changes of a turn, with undo": agents.undoCard,
  "Undone changes, with redo": agents.redoCard,
  "Refused undo": agents.undoConflictCard,
  "Bulk change, pending": agents.pendingCard,
  "Bulk change, confirmed": agents.confirmedCard,
  "Plan of a day": agents.planCard,
  "Accepted plan of a day": agents.acceptedPlanCard,
  Message: agents.messageCard,
  Tea: agents.teaCard,
  Texts: texts,
  Buttons: buttons,
  Form: form,
  Layout: layout,
  Charts: charts,
  List: list,
  "Dark theme, collapsed": dark,
  "Right to left": rtl,
};
