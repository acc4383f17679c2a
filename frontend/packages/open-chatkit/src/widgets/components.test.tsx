/** The rendering of each component. */

import { cleanup } from "@testing-library/preact";
import { afterEach, describe, expect, it } from "vitest";
import { samples } from "../../demo/gallery/samples";
import { one, settle, show } from "../../test/widgetKit";
import { loadLocale } from "../locale";
import type { WidgetNode } from "./types";
import { views } from "./views";

afterEach(cleanup);

const inCard = (...children: WidgetNode[]): WidgetNode => ({ type: "Card", children });
const text = (value: string): WidgetNode => ({ type: "Text", value });

type Story = [name: string, node: WidgetNode, selector: string, shows: string];

const stories: Story[] = [
  ["a text", text("Hello"), "p.w-text", "Hello"],
  ["a struck text", { ...text("Gone"), lineThrough: true }, "p s", "Gone"],
  ["a title is a heading", { type: "Title", value: "News" }, "h3", "News"],
  ["a caption", { type: "Caption", value: "small" }, ".w-caption", "small"],
  ["markdown's paragraphs", { type: "Markdown", value: "one\n\ntwo" }, "p + p", "two"],
  ["markdown of a number", { type: "Markdown", value: 7 }, "p", "7"],
  ["a list's text", { type: "ListView", children: [text("in")] }, "li.w-item p", "in"],
  ["a badge", { type: "Badge", label: "new", color: "info" }, ".w-tone-info", "new"],
  ["a button", { type: "Button", label: "Go" }, "button", "Go"],
  ["a label", { type: "Label", value: "Name", fieldName: "n" }, "label", "Name"],
  ["a box of children", { type: "Box", children: [text("in")] }, ".w-box p", "in"],
  ["a row of children", { type: "Row", children: [text("in")] }, ".w-row p", "in"],
  ["a column of children", { type: "Col", children: [text("in")] }, ".w-col p", "in"],
  ["a form of children", { type: "Form", children: [text("in")] }, "form p", "in"],
  ["a transition's child", { type: "Transition", children: text("in") }, "p", "in"],
  ["a frameless root", { type: "Basic", children: [inCard(text("in"))] }, ".w-card p", "in"],
  [
    "a select's options",
    { type: "Select", name: "s", defaultValue: "b", options: [{ value: "b", label: "Bee" }] },
    "select",
    "Bee",
  ],
  [
    "a table's head",
    {
      type: "Table",
      children: [
        {
          type: "Table.Row",
          header: true,
          children: [{ type: "Table.Cell", children: [text("City")] }],
        },
      ],
    },
    "th[scope=col]",
    "City",
  ],
  [
    "a radio's options",
    { type: "RadioGroup", name: "r", options: [{ value: "a", label: "Ay" }] },
    "[role=radiogroup] label",
    "Ay",
  ],
  ["a checkbox's label", { type: "Checkbox", name: "c", label: "Yes" }, "label", "Yes"],
  [
    "a date in words",
    { type: "DatePicker", name: "d", defaultValue: "2026-11-24" },
    "button",
    "24",
  ],
  [
    "a list's rows",
    { type: "ListView", children: [{ type: "ListViewItem", children: [text("row")] }] },
    "ul > li",
    "row",
  ],
  [
    "a chart as a table",
    {
      type: "Chart",
      xAxis: "m",
      data: [{ m: "Jan", v: 3 }],
      series: [{ type: "bar", dataKey: "v", label: "Value" }],
    },
    "table td:last-child",
    "3",
  ],
  [
    "a card's status",
    { type: "Card", status: { text: "Done", icon: "check" }, children: [] },
    ".w-status",
    "Done",
  ],
];

describe("each component", () => {
  it.each(stories)("shows %s", (_, node, selector, shows) => {
    const { container } = show(node);

    expect(one(container, selector).textContent).toContain(shows);
  });

  it.each(Object.keys(samples))("renders the gallery's %s without errors", (name) => {
    const sample = samples[name];
    const { container, logs } = show(sample ?? text(""));

    expect(container.textContent).not.toBe("");
    // The gallery has these on purpose. The icon is logged only if the icons have been loaded before.
    const unexpected = logs.filter(
      ({ data }) => data.type !== "Hologram" && data.name !== "no-such-icon",
    );
    expect(unexpected).toEqual([]);
  });

  it("has a view for every type in the official list, and for charts", () => {
    const official =
      "Badge Basic Box Button Caption Card Chart Checkbox Col DatePicker Divider Form Icon Image Input Label ListView ListViewItem Markdown RadioGroup Row Select Spacer Table Table.Cell Table.Row Text Textarea Title Transition";

    expect(Object.keys(views).sort()).toEqual(official.split(" ").sort());
  });
});

describe("an invalid node", () => {
  it("is logged once, and an unknown component's children are rendered", () => {
    const { container, logs } = show(
      inCard({ type: "Hologram", children: [text("still read")] }, text("after")),
    );

    expect(container.textContent).toContain("still read");
    expect(container.textContent).toContain("after");
    expect(logs).toEqual([
      {
        name: "widget.component.unknown",
        data: { type: "Hologram", reason: "unknown", item: "itm_1" },
      },
    ]);
  });

  it("doesn't affect the rest of the widget if its properties are invalid", () => {
    const broken = { type: "Select", name: "s", options: 7 } as unknown as WidgetNode;
    const { container, logs } = show(inCard(broken, text("after")));

    expect(container.textContent).toContain("after");
    expect(logs[0]).toMatchObject({ name: "widget.value.unknown", data: { property: "options" } });
  });

  it("is a placeholder if its view throws, beside the rest of the widget", () => {
    const view = () => {
      throw new Error("no data");
    };
    const node = { type: "Gauge", label: "Fuel" };
    const { container, logs } = show(inCard(node, text("after")), {
      registry: { Gauge: { view } },
    });

    expect(one(container, ".w-fallback").textContent).toContain("Fuel");
    expect(container.textContent).toContain("after");
    expect(logs[0]?.name).toBe("widget.component.failed");
  });

  it("is skipped if it isn't a component", () => {
    const odd = [null, 3, "x", { no: "type" }, text("good")] as unknown as WidgetNode[];
    const { container, logs } = show(inCard(...odd));

    expect(container.querySelectorAll("p")).toHaveLength(1);
    expect(logs).toEqual([]);
  });

  it("does not resolve its type to a built-in object property", () => {
    const { logs } = show({ type: "constructor" });

    expect(logs[0]?.name).toBe("widget.component.unknown");
  });
});

describe("images", () => {
  const image = (src: string): WidgetNode => ({ type: "Image", src, alt: "A cat" });

  it.each([
    ["of the page's own origin", "/cat.png"],
    ["inside the widget", "data:image/png;base64,AAAA"],
    ["of an allowed host", "https://cats.example.com/1.png"],
    ["of an allowed subdomain", "https://a.dogs.example.com/1.png"],
  ])("are shown if they are %s", (_, src) => {
    const allowedDomains = ["cats.example.com", "*.dogs.example.com"];
    const { container } = show(image(src), { images: { allowedDomains } });

    expect(one<HTMLImageElement>(container, "img").alt).toBe("A cat");
  });

  it("of any other host are replaced by a link with the host", () => {
    const { container } = show(image("https://tracker.example.net/1.png?who=you"));

    expect(container.querySelector("img")).toBeNull();
    const link = one<HTMLAnchorElement>(container, "a");
    expect(link.textContent).toContain("tracker.example.net");
    expect(link.rel).toBe("noopener noreferrer");
  });

  it.each([
    ["url(https://cats.example.com/1.png) no-repeat center / cover", "cats.example.com/1.png"],
    ["linear-gradient(#000, #fff), url('/own.png')", "/own.png"],
    ["url(https://tracker.example.net/1.png)", ""],
    ["url(/own.png), url(https://tracker.example.net/1.png)", ""],
    ["url(/own.png) image-set('https://tracker.example.net/1.png' 1x)", ""],
  ])("are backgrounds by the same rule: %s", (background, shown) => {
    const images = { allowedDomains: ["cats.example.com"] };
    const { container } = show({ type: "Card", background, children: [] }, { images });

    const { style } = one(container, ".w-card");
    expect(style.background).toContain(shown);
    expect(style.background === "").toBe(shown === "");
    expect(style.background).not.toContain("tracker");
  });

  it.each(["javascript:alert(1)", "data:text/html,<b>", "ftp://x/y.png", ""])(
    "are neither shown nor linked if they are %j",
    (src) => {
      const { container } = show(image(src));

      expect(container.querySelector("img, a")).toBeNull();
      expect(container.textContent).toContain("A cat");
    },
  );
});

describe("styles", () => {
  it("are never a style attribute in markup and load nothing", () => {
    const { container } = show({
      type: "Box",
      background: "url(https://tracker.example.net/x.png)",
      border: { size: 2, color: "red-500" },
      padding: { x: 2, top: "1em" },
      children: [{ ...text("x"), color: "image-set('https://tracker.example.net' 1x)" }],
    });

    expect(container.innerHTML).not.toContain("tracker");
    expect(one(container, ".w-box").style.getPropertyValue("padding-top")).toBe("1em");
  });
});

describe("lists", () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      type: "ListViewItem",
      key: `k${index}`,
      children: [text(`row ${index}`)],
    }));

  it("have no frame if they are empty", () => {
    const { container } = show({ type: "ListView", status: null, children: [null] } as never);

    expect(container.querySelector(".w-list-frame")).toBeNull();
  });

  it("expand the rows over the limit and collapse them again", async () => {
    const { container, getByText } = show({ type: "ListView", limit: 2, children: rows(5) });
    expect(container.querySelectorAll("li")).toHaveLength(2);

    getByText("Show 3 more").click();
    await settle();
    expect(container.querySelectorAll("li")).toHaveLength(5);

    getByText("Show less").click();
    await settle();
    expect(container.querySelectorAll("li")).toHaveLength(2);
  });
});

describe("a finished card", () => {
  it("collapses automatically and can be expanded", async () => {
    const card = { type: "Card", status: { text: "Sent" }, children: [text("the letter")] };
    const { container, update } = show(card);
    expect(container.querySelector("[hidden]")).toBeNull();

    update({ ...card, collapsed: true });
    await settle();
    const toggle = one<HTMLButtonElement>(container, ".w-card-toggle");
    expect(toggle.getAttribute("aria-expanded")).toBe("false");
    expect(container.querySelector("[hidden]")?.textContent).toBe("the letter");

    toggle.click();
    await settle();
    expect(container.querySelector("[hidden]")).toBeNull();
  });
});

describe("the views' own texts", () => {
  it("are in the user's language", async () => {
    const rows = ["a", "b"].map((value) => ({ type: "ListViewItem", children: [text(value)] }));
    const { t, tag } = await loadLocale("de-AT");
    const { getByText } = show({ type: "ListView", limit: 1, children: rows }, { locale: tag, t });

    expect(getByText("1 weitere anzeigen")).toBeTruthy();
  });
});
