"""Checks that a page fits a phone: nothing wider, nothing cut off, controls visible and large."""

from typing import Final

from playwright.async_api import Locator, Page, ViewportSize

# Common phones, in portrait.
WIDTHS: Final = (320, 360, 390, 430)
HEIGHT: Final = 740

# Content outside the window is allowed within a scroll container, in text that ends with an
# ellipsis, and in elements for screen readers only.
STICKING_OUT: Final = """(width) => {
  const found = [];
  const name = (element) => {
    const label = element.getAttribute("part") ?? element.getAttribute("class") ?? "";
    return `${element.localName} "${label.slice(0, 60)}" ${element.textContent.trim().slice(0, 30)}`;
  };
  const page = document.documentElement.scrollWidth;
  if (page > width) found.push(`the page is ${page} px wide`);
  const visit = (element, excused) => {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden") return;
    const box = element.getBoundingClientRect();
    const isFree = style.position === "fixed" || element.matches("dialog, [popover]");
    let isExcused = excused && !isFree;
    const isSeen = box.width > 1 && box.height > 1;
    if (isSeen && !isExcused && (box.left < -1 || box.right > width + 1)) {
      found.push(`${name(element)} from ${Math.round(box.left)} to ${Math.round(box.right)}`);
    }
    const hides = /hidden|clip/.test(style.overflowX);
    const shortens = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
    const isField = element.matches("input, textarea, select");
    if (isSeen && hides && !isExcused && !shortens && !isField) {
      const cut = element.scrollWidth - element.clientWidth;
      if (cut > 1) found.push(`${name(element)} cuts off ${cut} px`);
    }
    isExcused ||= !isSeen || shortens || /auto|scroll/.test(style.overflowX);
    if (element.localName === "svg") return;
    for (const child of (element.shadowRoot ?? element).children) visit(child, isExcused);
    if (element.shadowRoot) for (const child of element.children) visit(child, isExcused);
  };
  visit(document.body, false);
  return found;
}"""


# Controls that a finger may miss, and fields that iOS zooms into. Links in text and the days of a
# calendar are exempt. A control's target includes its label and the area of its pseudo-elements.
TOO_SMALL: Final = """() => {
  const found = [];
  const controls =
    "button, a[href], input, select, textarea, summary, [role=option], [role^=menuitem], [role=tab]";
  const extent = (element) => {
    const boxes = [element, ...(element.labels ?? []), element.closest("label")]
      .filter(Boolean).map((each) => each.getBoundingClientRect());
    let width = Math.max(...boxes.map((box) => box.width));
    let height = Math.max(...boxes.map((box) => box.height));
    for (const pseudo of ["::before", "::after"]) {
      const style = getComputedStyle(element, pseudo);
      if (style.content === "none" || style.position !== "absolute") continue;
      width = Math.max(width, parseFloat(style.width) || 0);
      height = Math.max(height, parseFloat(style.height) || 0);
    }
    return { width, height };
  };
  const isText = (element) => getComputedStyle(element).display === "inline";
  const name = (element) => {
    const label = element.getAttribute("aria-label") ?? element.textContent.trim();
    return `${element.localName}.${element.getAttribute("class") ?? ""} "${label.slice(0, 30)}"`;
  };
  const visit = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) visit(element.shadowRoot);
      if (!element.matches(controls) || !element.checkVisibility({ visibilityProperty: true })) continue;
      const box = element.getBoundingClientRect();
      if (box.width <= 1 || box.height <= 1 || element.closest("[inert], [role=grid]")) continue;
      const size = parseFloat(getComputedStyle(element).fontSize);
      const isTyped = element.matches("textarea, select, input:not([type=checkbox], [type=radio])");
      if (isTyped && size < 16) found.push(`${name(element)} has text of ${size} px`);
      if (element.localName === "a" && isText(element)) continue;
      const { width, height } = extent(element);
      if (width < 43.5 || height < 43.5) {
        found.push(`${name(element)} is ${Math.round(width)} x ${Math.round(height)}`);
      }
    }
  };
  visit(document);
  return found;
}"""


class FitInspector:
    """Inspects a page's states at the width of every phone, and collects what doesn't fit.

    Attributes:
        found: the misfits, with their state and width.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    async def look(self, state: str, *controls: Locator) -> None:
        """Inspect the page in its current state; the controls must be entirely in the window."""
        for width in WIDTHS:
            size: ViewportSize = {"width": width, "height": HEIGHT}
            await self.page.set_viewport_size(size)
            sticking_out: list[str] = await self.page.evaluate(STICKING_OUT, width)
            too_small: list[str] = await self.page.evaluate(TOO_SMALL)
            self.found += [f"{state} at {width}: {each}" for each in (*sticking_out, *too_small)]
            for control in controls:
                box = await control.bounding_box()
                inside = box is not None and (
                    box["x"] >= 0
                    and box["y"] >= 0
                    and box["x"] + box["width"] <= width
                    and box["y"] + box["height"] <= HEIGHT
                )
                if not inside:
                    self.found.append(f"{state} at {width}: {control} is at {box}")

    def raise_misfits(self) -> None:
        """Fail if anything didn't fit; lists all of it."""
        assert not self.found, "\n".join(self.found)
