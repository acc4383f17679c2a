import { fireEvent, render } from "@testing-library/preact";
import fc from "fast-check";
import type { Tokens } from "marked";
import { describe, expect, it } from "vitest";
import { createBlockParser } from "./blocks";
import { parseDeeplink, safeHref } from "./links";
import { Markdown } from "./Markdown";
import { DEFAULT_SETTINGS, MarkdownContext } from "./MarkdownContext";
import { insertMarks } from "./text";

const html = (text: string, streaming = false): string =>
  render(<Markdown text={text} streaming={streaming} />).container.innerHTML;

const LONG = `# Title

A paragraph with **bold**, \`code\` and [a link](https://example.com).

- one
- two
  1. nested

| A | B |
|---|--:|
| 1 | 2 |

\`\`\`ts
const x = 1;
\`\`\`

Done[^1].`;

describe("streaming markdown", () => {
  it("has the same result as complete text", () => {
    const parser = createBlockParser();
    for (let end = 1; end <= LONG.length; end += 1) parser.parse(LONG.slice(0, end), false);

    const grown = parser.parse(LONG, true).map((block) => block.raw);

    expect(grown).toEqual(
      createBlockParser()
        .parse(LONG, true)
        .map((block) => block.raw),
    );
  });

  it.each([
    [
      "tight",
      "- one\n- **two\n  more** words\n- three\n  - in\n    - deeper\n  - ner\n- four\n- five",
    ],
    ["loose", "1. one\n\n2. two\n\n   more\n\n3. three\n\n4. four\n\n5. five\n\nAfter."],
    [
      "tight, then loose",
      "* one\n* two\n* three\n* four\n\n* five\n* six\n* seven\n\nAfter.\n\n* one",
    ],
    [
      "another kind",
      "- one\n- two\n- three\n- four\n1. five\n2. six\n3. seven\n4. eight\n\n# Next",
    ],
    [
      "with code",
      "- one\n- two\n- three\n  ```js\n  - x\n  ```\n- [ ] four\n- [x] five\n\n---\n- six",
    ],
  ])("parses a %s list in steps as in one piece", (_, text) => {
    const parser = createBlockParser();
    for (let end = 1; end <= text.length; end += 1) {
      const grown = parser.parse(text.slice(0, end), false);

      expect(grown).toEqual(createBlockParser().parse(text.slice(0, end), false));
    }
    expect(parser.parse(text, true)).toEqual(createBlockParser().parse(text, true));
  });

  it("keeps the identity of a list's settled items", () => {
    const parser = createBlockParser();
    const items = (text: string) =>
      (parser.parse(text, false).at(0)?.token as Tokens.List | undefined)?.items ?? [];
    const before = items("- one\n- two\n- three\n- fo");

    const after = items("- one\n- two\n- three\n- four\n- five");

    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
  });

  it("keeps the identity of complete blocks", () => {
    const parser = createBlockParser();
    const first = parser.parse("One.\n\nTwo.\n\nThr", false);
    const later = parser.parse("One.\n\nTwo.\n\nThree", false);

    expect(later[0]).toBe(first[0]);
    expect(later[1]).toBe(first[1]);
  });

  it("keeps the elements of a text that is complete", () => {
    const text = "One.\n\n- two\n- three\n\nFour.";
    const view = render(<Markdown text={text} streaming />);
    const before = view.container.querySelectorAll("p, li");

    view.rerender(<Markdown text={`${text} Five.`} />);

    expect([...view.container.querySelectorAll("p, li")]).toEqual([...before]);
  });

  it("restarts when the text isn't a continuation", () => {
    const parser = createBlockParser();
    parser.parse("One.\n\nTwo.\n\nThree", false);

    expect(parser.parse("Else.", true).map((block) => block.raw)).toEqual(["Else."]);
  });

  it("renders incomplete emphasis", () => {
    expect(html("This is **very", true)).toContain("<strong>very</strong>");
  });

  it("hides a table until its separator row is complete", () => {
    expect(html("Look:\n\n| Day | Foc", true)).not.toContain("|");
    expect(html("Look:\n\n| Day | Focus |\n| --", true)).not.toContain("|");
    expect(html("Look:\n\n| Day | Focus |\n|---|---|\n| Mon", true)).toContain("<table>");
    expect(html("| not a table")).toContain("| not a table");
  });

  it("resolves links that are defined below", () => {
    expect(html("See [it][a].\n\nMore.\n\n[a]: https://example.com/a")).toContain(
      'href="https://example.com/a"',
    );
  });
});

describe("a task list", () => {
  it.each(["- [x] one\n- [ ] two", "- [x] one\n\n- [ ] two"])(
    "has boxes in place of %j",
    (text) => {
      const { container } = render(<Markdown text={text} />);

      const boxes = [...container.querySelectorAll("input")].map((box) => box.checked);
      expect(boxes).toEqual([true, false]);
      expect(container.textContent).toBe("onetwo");
    },
  );
});

describe("footnotes", () => {
  it("lead to their text and back, by name", () => {
    const view = render(<Markdown text={"One[^a] two[^b].\n\n[^b]: Second\n[^a]: First"} />);
    const note = () => document.activeElement?.textContent;

    fireEvent.click(view.getByRole("button", { name: "Footnote 2" }));
    expect(note()).toContain("Second");

    fireEvent.click(view.getByRole("button", { name: "Back to reference 2" }));
    expect(note()).toBe("2");
  });
});

describe("blocks", () => {
  it("have their own direction", () => {
    const text =
      "One `code`\n\n- two\n\n  three\n\n> four\n>\n> five\n\n| six |\n|-|\n| seven |\n\n    code";
    const { container } = render(<Markdown text={text} />);

    const directions = [...container.querySelectorAll("[dir]")].map(
      (element) => `${element.localName} ${element.getAttribute("dir")}`,
    );
    expect(directions).toEqual([
      "p auto",
      "code ltr",
      // The first block of a container has the container's direction, which it determines.
      "li auto",
      "p auto",
      "blockquote auto",
      "p auto",
      "section auto",
      "td auto",
      "figure ltr",
    ]);
  });
});

const SAFE_ELEMENTS =
  "a b blockquote br button code del details div em figcaption figure h3 h4 h5 h6 hr i img input kbd li mark ol p path pre rect s section small span strong sub summary sup svg table tbody td th thead tr u ul".split(
    " ",
  );

const SAFE_ATTRIBUTES =
  "alt aria-hidden aria-label checked class d data-mark data-note dir disabled fill height href loading open rel role rx ry src start stroke stroke-linecap stroke-linejoin stroke-width tabindex target title type viewBox width x y".split(
    " ",
  );

/** HTML that must not pass, and markdown around it. */
const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<details onclick='alert(1)' style='position:fixed' open>",
  "<details/open/ontoggle=alert(1)>",
  "<summary onmouseover=alert(1) id=x>S</summary>",
  "<summary><img src=x onerror=alert(1)></summary>",
  "</details>",
  "<!-- <script>alert(1)</script> -->",
  "<!--><img src=x onerror=alert(1)>-->",
  "<!-- --!><svg onload=alert(1)>",
  "<b onclick=alert(1)>b</b>",
  "<sub><iframe srcdoc='<script>alert(1)</script>'></sub>",
  "<a href=javascript:alert(1)>a</a>",
  "<style>*{display:none}</style>",
  "<math><mtext></mtext><mglyph><style></math>",
  "[a](javascript&colon;alert(1))",
  "[a](&#106;avascript:alert(1) 'x\" onclick=alert(1)')",
  "![a](data:text/html,<script>alert(1)</script>)",
  "$\\href{javascript:alert(1)}{x}$",
  '[^x"onclick=alert(1)]: <img src=x onerror=alert(1)>',
  'note[^x"onclick=alert(1)]',
  '```html" onclick=alert(1)\n</code><script>\n```',
  "> ",
  "- ",
  "\n\n",
  "\n",
];

describe("untrusted markdown", () => {
  it("has no elements and attributes but those of markdown, in any combination", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...HOSTILE), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        (pieces, streaming) => {
          const { container, unmount } = render(
            <Markdown text={pieces.join("")} streaming={streaming} />,
          );
          for (const element of container.querySelectorAll("*")) {
            expect(SAFE_ELEMENTS).toContain(element.localName);
            for (const name of element.getAttributeNames()) expect(SAFE_ATTRIBUTES).toContain(name);
            expect(element.getAttribute("href") ?? "").not.toMatch(/^(?:javascript|data):/iu);
          }
          unmount();
        },
      ),
      { numRuns: 200 },
    );
  });

  it("opens links in a new tab without a referrer", () => {
    expect(html("[a](https://example.com/)")).toContain(
      '<a href="https://example.com/" target="_blank" rel="noopener noreferrer">a</a>',
    );
  });

  it("calls telephone numbers without an empty tab", () => {
    expect(html("[call](tel:+441234)")).toContain('<a href="tel:+441234">call</a>');
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    " java\tscript:x",
  ])("doesn't link to %s", (href) => {
    expect(safeHref(href)).toBeNull();
    expect(html(`[a](<${href}>)`)).not.toContain("<a ");
  });

  it("shows HTML as source", () => {
    const { container } = render(
      <Markdown text={'<img src=x onerror="alert(1)"> and <b>bold</b><br>x'} />,
    );

    expect(container.querySelector("img")).toBeNull();
    expect(container.textContent).toContain("onerror");
    expect(html("a <b>bold</b> word<br>x")).toContain("<b>bold</b> word<br>");
    expect(html("<script>alert(1)</script>")).not.toContain("<script>");
  });

  it("replaces an image from a foreign host by a link", () => {
    const out = html("![pixel](https://tracker.example.net/p.png)");

    expect(out).not.toContain("<img");
    expect(out).toContain('href="https://tracker.example.net/p.png"');
    expect(out).toContain("tracker.example.net");
  });

  it("loads images from hosts that the thread allows", () => {
    const { container } = render(
      <MarkdownContext.Provider
        value={{ ...DEFAULT_SETTINGS, allowedImageHosts: ["cdn.example.com"] }}
      >
        <Markdown text="![a](https://cdn.example.com/a.png) ![b](https://b.example.com/b.png)" />
      </MarkdownContext.Provider>,
    );

    expect([...container.querySelectorAll("img")].map((image) => image.alt)).toEqual(["a"]);
    expect(container.querySelector("a")?.textContent).toContain("b.example.com");
  });

  it("decodes entities once", () => {
    expect(render(<Markdown text={"a &amp;lt; b &copy; &#x1F600;"} />).container.textContent).toBe(
      "a &lt; b © 😀",
    );
  });

  it("parses deep links", () => {
    expect(parseDeeplink("chatkit-link://open?a=1&b=x%20y")).toEqual({
      name: "open",
      data: { a: "1", b: "x y" },
    });
    expect(parseDeeplink("chatkit-link://open/")).toEqual({ name: "open" });
    expect(parseDeeplink("https://example.com")).toBeNull();
  });
});

describe("citations", () => {
  const cited = (text: string, index: number): string => {
    const place = {
      ...DEFAULT_SETTINGS,
      renderCitation: (number: number) => <sup key={number}>{number}</sup>,
    };
    return render(
      <MarkdownContext.Provider value={place}>
        <Markdown text={insertMarks(text, [{ index, number: 1 }])} />
      </MarkdownContext.Provider>,
    ).container.innerHTML;
  };

  it("are rendered at their position", () => {
    expect(cited("One. Two.", 4)).toContain("One.\u2060<sup>1</sup> Two.");
  });

  it("don't break emphasis that ends directly before them", () => {
    expect(cited("**One.**", 8)).toContain("<strong>One.</strong>\u2060<sup>1</sup>");
  });

  it("are removed from code and URLs", () => {
    expect(cited("`code`", 3)).toContain('<code dir="ltr">code</code>');
    expect(cited("[a](https://example.com/x)", 20)).toContain('href="https://example.com/x"');
  });
});
