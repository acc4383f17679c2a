/** The notations that models write. */

import { render } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import { answers } from "../../../test/fixtures/answers";
import { Markdown } from "./Markdown";

/** Returns the structure and the texts of an element, without what only a browser draws. */
function outline(node: Node): string {
  if (!(node instanceof Element)) return node.textContent ?? "";
  const inner = [...node.childNodes].map(outline).join("");
  const name = node.localName;
  if (node.matches(".md-formula")) return `[${inner}]`;
  if (node.matches("input")) return (node as HTMLInputElement).checked ? "☑" : "☐";
  if (name === "figure") return `<pre>${node.querySelector("code")?.textContent}</pre>`;
  if (name === "a") return `<a ${node.getAttribute("href")}>${inner}</a>`;
  if (name === "br" || name === "hr") return `<${name}>`;
  const start = node.getAttribute("start");
  if (name === "ol" && start !== null && start !== "1") return `<ol start=${start}>${inner}</ol>`;
  const isPlain = ["div", "section", "span", "button", "thead", "tbody"].includes(name);
  return isPlain ? inner : `<${name}>${inner}</${name}>`;
}

const seen = (text: string, streaming = false): string =>
  outline(render(<Markdown text={text} streaming={streaming} />).container);

describe("an answer", () => {
  it.each(answers)("shows $markdown", ({ markdown, outline: expected }) => {
    expect(seen(markdown)).toBe(expected);
  });
});

describe("an answer that is growing", () => {
  it.each([
    ["Area: \\(\\pi r", "<p>Area:</p>"],
    ["So:\n\n$$\nE = m", "<p>So:</p>"],
    ["Use \\[option", "<p>Use [option</p>"],
    ["Text\n-", "<p>Text</p>"],
    ["Task | Due", "<p>Task</p>"],
    ["Task | Due\n---", "<p>Task</p>"],
    ["Task | Due\n--- |", "<p>Task</p>"],
    ["Use `a | b` to", "<p>Use <code>a | b</code> to</p>"],
    ["1. One\n\n2", "<ol><li>One</li></ol>"],
    ["- one\n- ", "<ul><li>one</li></ul>"],
    ["- [x] one\n- [ ]", "<ul><li>☑one</li></ul>"],
    ["A note[^1] and [^", "<p>A note<sup>1</sup> and</p>"],
    ["See ![chart](https://example.com/c.p", "<p>See</p>"],
    ["Then [docs](https://exam", "<p>Then docs</p>"],
    ["Hello <!-- no", "<p>Hello</p>"],
    ["<details>\n<summary>Mo", "<details><summary>Mo</summary></details>"],
    ["On sale 【4:0†pri", "<p>On sale</p>"],
    ["On sale \ue200cite\ue202tu", "<p>On sale</p>"],
    ["```sh\nnpm start\n``", "<pre>npm start</pre>"],
    [
      "| a | b |\n|---|---|\n| 1 | **x",
      "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>x</strong></td></tr></table>",
    ],
    ["It is **", "<p>It is</p>"],
    ["A &heart", "<p>A</p>"],
  ])("shows %j without its open syntax", (text, expected) => {
    expect(seen(text, true)).toBe(expected);
  });
});
