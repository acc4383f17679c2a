/** A text looks the same however it arrived. */

import { cleanup, render } from "@testing-library/preact";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answers } from "../../../test/fixtures/answers";
import { Markdown } from "./Markdown";

/** Beginnings and ends of syntax, to be combined in any order. */
const PIECES = [
  "One line\nand another",
  "See [docs] and [the guide][g].",
  "[docs]: https://example.com/docs",
  '[g]: <https://example.com/g> "Guide"',
  "A claim[^1] and another[^n].",
  "[^1]: Its source.",
  "[^n]: First line.\n\n    Second paragraph.",
  "1. **One**\n\n   More about it.\n\n2. **Two**\n   - a\n   - b\n\n   ```sh\n   ls\n   ```\n\n3. Three",
  "- [ ] milk\n- [x] eggs\n\n- [X] bread",
  "Use \\[optional\\] and \\*plain\\* and \\(x^2\\).",
  "$$\na^2 + b^2 = c^2\n$$",
  "\\[ \\frac{1}{2} \\]",
  "It costs $5, not $6, and $x_1$ is $n$.",
  "Task | Due\n--- | ---\nMilk | **Mon**",
  "| a | b |\n|:-:|--:|\n| `x \\| y` | 2 |",
  "```ts\nconst x = `a`;\n```",
  "~~~\n```\n~~~",
  "> quote\n>> deeper\n\n> - item",
  "<details>\n<summary>More **here**</summary>\n\n- hidden\n\n</details>",
  "<details open>",
  "</details>",
  "Before <!-- a note --> after",
  "<!-- lines\n\nof a note -->",
  "これは**「重要」**な点です。https://example.com/a。次",
  "20~25 and ~~gone~~ and ~~~",
  "Title\n===",
  "Text\n---",
  "## Heading",
  "* one\n+ two\n- three",
  "**open",
  "`open",
  "![picture](https://example.com/p.png) [link](https://example.com/?a=1&amp;b=2)",
  "A mark 【4:0†source】 and \ue200cite\ue202turn0\ue201.",
  "\u200b### Title\n\n-\u00a0item",
  "    indented",
  "\tTab",
  "שלום **hello** `code`",
  "$5",
  "\\",
  "* * *",
  "请看**重点：**内容，한국어**강조(强調)**입니다",
  "\\begin{align}a&=b\\\\c&=d\\end{align}",
  "$$\\frac{1}{2$$ is broken",
  "- [ ] a\n  - [x] b\n    1. c",
  "a | b\n:-:|--:\n1 | 2\nafter",
  "| x |\n|---|\n| a\\|b |",
  "````md\n```js\nx\n```\n````",
  "<DETAILS>\n<SUMMARY>S</SUMMARY>\n\n> a\n</DETAILS>",
  "[a][] and [A]\n\n[a]: /x",
  "*a **b* c** and 2*3*4",
  "> a\nlazy\n1. b",
  "https://example.com/a_(b)*c* www.example.com.",
  "<b>bold</b> <script>x</script> &amp; &hearts; &#x27;",
];

const text = fc
  .tuple(
    fc.shuffledSubarray(PIECES, { minLength: 1, maxLength: 16 }),
    // Texts that use them may be long before.
    fc.constantFrom("", "\n\n[docs]: https://example.com/docs\n[g]: /g\n[^1]: Its source."),
    fc.infiniteStream(fc.constantFrom("\n", "\n\n", "\n\n", "\n\n\n", " ", "\r\n")),
  )
  .map(
    ([pieces, definitions, gaps]) =>
      pieces.flatMap((piece) => [piece, gaps.next().value]).join("") + definitions,
  );

/** Positions in a text, in any order, in thousandths of its length. */
const cuts = fc.array(fc.nat(1000), { minLength: 4, maxLength: 16 });

function rendered(whole: string, ends: readonly number[]): Element {
  const view = render(<Markdown text="" streaming />);
  for (const end of ends) {
    view.rerender(<Markdown text={whole.slice(0, end)} streaming />);
    expect(view.container.innerHTML).not.toContain("streamdown:");
  }
  view.rerender(<Markdown text={whole} />);
  return view.container;
}

function expectSame(whole: string, ends: readonly number[]): void {
  const grown = rendered(whole, ends);
  const once = render(<Markdown text={whole} />).container;
  // A link that loses its title keeps an empty one.
  for (const link of grown.querySelectorAll("[title='']")) link.removeAttribute("title");
  // The order of attributes may differ.
  expect(grown.isEqualNode(once) ? "" : grown.innerHTML).toBe(
    grown.isEqualNode(once) ? "" : once.innerHTML,
  );
  cleanup();
}

describe("a text that grew", () => {
  it("looks like the same text in one piece, with any cuts", () => {
    fc.assert(
      fc.property(text, cuts, (whole, shares) => {
        const ends = shares
          .map((share) => Math.round((share * whole.length) / 1000))
          .sort((a, b) => a - b);
        expectSame(whole, ends);
      }),
      // On a busy machine fewer runs, instead of a timeout.
      { numRuns: 200, interruptAfterTimeLimit: 20_000 },
    );
  });

  it("has no link to a definition that turned out to be none", () => {
    const whole = "| a |\n|---|\n| [b][] |\n> [b]: /x and more";
    expectSame(whole, [whole.indexOf(" and"), whole.length]);
  });

  it("has no link of a list's settled item to a definition that turned out to be none", () => {
    const whole = "- [b][]\n- c\n- d\n- e\n\n  [b]: /x and more\n\nText";
    expectSame(whole, [whole.indexOf(" and"), whole.indexOf("\n\nText"), whole.length]);
  });

  it.each(answers.map(({ markdown }) => markdown))("looks like %j in one piece", (whole) => {
    for (const step of [1, 3, 5]) {
      const count = Math.ceil(whole.length / step);
      expectSame(
        whole,
        Array.from({ length: count }, (_, index) => (index + 1) * step),
      );
    }
  });
});
