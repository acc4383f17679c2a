/** Style sheets, created once and shared by all elements of a page; no style element or attribute. */

import { widgetStyles } from "../widgets/styles";
import composer from "./composer.css?inline";
import frame from "./frame.css?inline";
import markdown from "./markdown.css?inline";
import thread from "./thread.css?inline";
import tokens from "./tokens.css?inline";
import touch from "./touch.css?inline";

let sheets: readonly CSSStyleSheet[] | null = null;

export function sharedSheets(): readonly CSSStyleSheet[] {
  sheets ??= [tokens, frame, thread, markdown, composer, touch, widgetStyles].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  return sheets;
}
