"""Text of an answer that only a browser lays out: formulas, folds, boxes and directions.

The page has a policy with Trusted Types, and the element comes from another origin.
"""

from typing import Final

from playwright.async_api import expect

from browser.browser_kit import Chat, Visit
from browser.embed_kit import EmbedServer, answer, page, question
from stack_kit import Stack

WIDE_SUM: Final = " + ".join(f"k^{{{power}}}" for power in range(1, 60))
TEXT: Final = rf"""Energy is \(E = mc^2\), not $5 or $6, and this isn't TeX: \(\frac{{1\).

$$
{WIDE_SUM}
$$

\begin{{align}}
a &= b \\
  &= c
\end{{align}}

- [x] One
- [ ] Two

- [ ] Three

<details>
<summary>More</summary>

Hidden **text**

</details>

- שלום
- Hello

A claim[^1].

[^1]: Its source.
"""


async def test_answer_is_laid_out_under_a_strict_policy(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    embed.items = [question("q", "Show all"), answer("a", TEXT)]
    embed.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'unsafe-inline' {site.edge}; style-src 'unsafe-inline'; "
        f"font-src {site.edge}; connect-src *; img-src data:; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    embed.pages["/"] = page(
        "<openai-chatkit></openai-chatkit>",
        script=f"{site.edge}/chatkit/chatkit.js",
        options={"initialThread": "thr_1"},
        style="openai-chatkit{height:100vh}",
    )
    visitor = await visit(embed.origin, viewport={"width": 390, "height": 800})
    visitor.watch.expect_origin(site.edge)
    await visitor.open("/")
    shown = Chat(visitor.page).answers

    # Formulas, of which a wide one scrolls in its own box.
    await expect(shown.locator(".md-formula math")).to_have_count(3)
    await expect(shown.locator(".eqn-num")).to_have_count(0)
    await expect(shown).to_contain_text(r"not $5 or $6, and this isn't TeX: \(\frac{1\).")
    is_loaded = await shown.locator(".katex").first.evaluate(
        "async (formula) => {"
        " await document.fonts.ready; return [...document.fonts]"
        ".some(({ family, status }) => family === 'KaTeX_Main' && status === 'loaded') }"
    )
    assert is_loaded
    wide = shown.locator(".md-display").first
    assert await wide.evaluate("(box) => box.scrollWidth > box.clientWidth")
    assert await visitor.page.evaluate("document.documentElement.scrollWidth") == 390

    # A box and its text are on one line, also in a loose list.
    for task in await shown.locator(".md-task").all():
        box = await task.get_by_role("checkbox").bounding_box()
        line = await task.bounding_box()
        assert box is not None
        assert line is not None
        assert line["height"] < 2 * box["height"]

    # Folds are closed.
    await expect(shown.get_by_text("Hidden text")).to_be_hidden()
    await shown.get_by_text("More").click()
    await expect(shown.get_by_text("Hidden text")).to_be_visible()

    # Each item has its own side.
    for text, direction in (("שלום", "rtl"), ("Hello", "ltr")):
        item = shown.get_by_role("listitem").filter(has_text=text)
        await expect(item).to_have_css("direction", direction)

    # A footnote can be reached and left with the keyboard.
    await shown.get_by_role("button", name="Footnote 1").press("Enter")
    await expect(shown.get_by_role("listitem").filter(has_text="Its source.")).to_be_focused()
    await shown.get_by_role("button", name="Back to reference 1").press("Enter")
    await expect(shown.get_by_role("button", name="Footnote 1")).to_be_focused()
