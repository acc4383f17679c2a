"""Widgets as public templates use them, drawn in a browser."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from browser.widget_kit import Gallery, build_gallery, serve
from todochat.testing import wait_until

SCHEMES: Final = ("light", "dark")
# A layout that fits the narrowest and the widest rarely fails between them.
WIDTHS: Final = (320, pytest.param(390, marks=pytest.mark.slow), 1000)
LONG: Final = "A long description of everything that a customer has ordered here"
LONG_OPTION: Final = {"value": "a", "label": "Delivered to the neighbors"}


@pytest.fixture(scope="session")
def gallery_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gallery")
    build_gallery(folder, os.environ)
    with serve(folder) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def gallery(browser: Browser, gallery_url: str) -> AsyncIterator[Gallery]:
    page = await browser.new_page()
    yield Gallery(page, gallery_url)
    await page.close()


def node(kind: str, *children: object, **properties: object) -> dict[str, Any]:
    nested = {"children": list(children)} if children else {}
    return {"type": kind, **nested, **properties}


def text(value: str, **properties: object) -> dict[str, Any]:
    return node("Text", value=value, **properties)


def button(label: str, **properties: object) -> dict[str, Any]:
    return node("Button", label=label, **properties)


@pytest.mark.parametrize("width", WIDTHS)
async def test_block_buttons_share_a_row(gallery: Gallery, width: int) -> None:
    labels = ("Keep", "Send back")
    await gallery.show(node("Row", *(button(each, block=True) for each in labels)), width=width)

    row = await gallery.box(".w-row")
    first, second = [await gallery.box(".w-button", nth) for nth in (0, 1)]
    assert first["width"] == pytest.approx(second["width"], abs=1)
    assert first["y"] == second["y"]
    assert second["x"] + second["width"] == pytest.approx(row["x"] + row["width"], abs=1)


async def test_corners_of_a_button_clip_none_of_its_lines(gallery: Gallery) -> None:
    lines = button("Accept all of these changes and all later ones", block=True)
    await gallery.show(node("Row", lines, button("No", block=True)), button("No"), width=320)

    line, tall = [await gallery.box(".w-button", nth) for nth in (2, 0)]
    radius = await gallery.find(".w-button").first.evaluate(
        "(element) => parseFloat(getComputedStyle(element).borderTopLeftRadius)"
    )
    assert tall["height"] > 2 * line["height"]
    assert radius <= line["height"] / 2


@pytest.mark.parametrize("properties", [{"size": 24}, {"width": 24, "height": 24}])
async def test_box_keeps_its_size_in_a_list_item(
    gallery: Gallery, properties: dict[str, int]
) -> None:
    circle = node("Box", radius="full", background="#0ea5e9", **properties)
    await gallery.show(node("ListViewItem", circle, text(LONG)), root="ListView", width=320)

    box, words = await gallery.box(".w-box"), await gallery.box(".w-text")
    assert (box["width"], box["height"]) == (24, 24)
    assert words["x"] > box["x"] + 24


async def test_fixed_widths_survive_long_neighbors(gallery: Gallery) -> None:
    await gallery.show(
        node("Row", node("Box", text("a"), width=200), text(LONG), text("b", width=40)),
    )

    assert (await gallery.box(".w-box.w-sized"))["width"] == 200
    assert (await gallery.box(".w-row > .w-text", 1))["width"] == 40


@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_is_wider_than_its_card(gallery: Gallery, width: int) -> None:
    await gallery.show(
        node("Row", node("Box", text("a"), width=700), text(LONG)),
        node("Box", text("b"), minWidth=500),
        node("Row", text("https://example.com/" + "a" * 90), button("Copy")),
        width=width,
    )

    scrolls = await gallery.find(".w-card-body").evaluate("(e) => e.scrollWidth > e.clientWidth")
    assert not scrolls


@pytest.mark.parametrize("width", WIDTHS)
async def test_words_stay_whole(gallery: Gallery, width: int) -> None:
    await gallery.show(
        node("Row", text(LONG), button("Open"), text("Delivered")),
        node(
            "Row",
            node("Col", text("Zusammenfassungsbericht"), text("12,345,678.90 EUR"), flex=1),
            node("Badge", label="Confirmed"),
            text("Internationally"),
        ),
        node(
            "Row",
            node("Row", text("Verified customer")),
            node("Row", node("Badge", label="Premium"), node("Badge", label="Since 2019")),
            button("Contact"),
        ),
        width=width,
    )

    assert await gallery.flaws() == []


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_images_that_are_not_shown_keep_their_place(gallery: Gallery, scheme: str) -> None:
    image = node(
        "Image", src="https://img.example.net/a.jpg", alt="A bench " * 12, width=96, height=96
    )
    row = node("Row", image, node("Col", text("3 May"), button("Open"), flex=1))
    await gallery.show(row, theme=scheme, width=320)

    place = await gallery.box(".w-image")
    assert (place["width"], place["height"]) == (96, 96)
    assert (await gallery.box(".w-col .w-col"))["x"] == pytest.approx(place["x"] + 96 + 8)
    assert await gallery.flaws() == []


async def test_images_of_allowed_hosts_are_requested(gallery: Gallery) -> None:
    asked: list[str] = []
    gallery.page.on("request", lambda request: asked.append(request.url))
    await gallery.page.route("**/*.jpg", lambda route: route.abort())
    await gallery.show()

    await gallery.page.evaluate(
        """() => {
          window.gallery.images = { allowedDomains: ["img.example.net"] };
          window.gallery.show("Widget", { type: "Row", children: [
            { type: "Image", src: "https://img.example.net/a.jpg", size: 40 },
            { type: "Image", src: "https://other.example.net/b.jpg", size: 40 },
          ] });
        }"""
    )

    await wait_until(lambda: "https://img.example.net/a.jpg" in asked)
    assert "https://other.example.net/b.jpg" not in asked


PICTURE: Final = "data:image/svg+xml," + quote(
    '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600"/>'
)


async def test_flexible_images_share_a_row(gallery: Gallery) -> None:
    images = [node("Image", src=PICTURE, flex=1, aspectRatio="1:1") for _ in range(2)]
    await gallery.show(node("Row", *images), width=320)
    await gallery.find("img").first.evaluate("(image) => image.decode()")

    first, second = [await gallery.box("img", nth) for nth in (0, 1)]
    assert first["width"] == first["height"] == second["width"]
    assert await gallery.overflowing() == []


@pytest.mark.parametrize("width", WIDTHS)
async def test_large_images_leave_room_for_their_neighbors(gallery: Gallery, width: int) -> None:
    image = node("Image", src=PICTURE)
    words = node("Col", text("Morning Grain", weight="semibold"), text("Reinhart"), flex="auto")
    await gallery.show(node("Row", text("1"), image, words, button("Play")), width=width)
    await gallery.find("img").evaluate("(image) => image.decode()")

    assert (await gallery.box("img"))["width"] > 50
    assert await gallery.overflowing() == []
    assert await gallery.flaws() == []


@pytest.mark.parametrize("width", WIDTHS)
async def test_images_of_no_size_that_are_not_shown_leave_room(
    gallery: Gallery, width: int
) -> None:
    words = node("Col", text("Morning Grain", weight="semibold"), text("Reinhart"), flex="auto")
    named = node("Image", src="/album.png", alt="The cover of an album by Reinhart")
    unnamed = node("Image", src="/album.png")
    await gallery.show(
        *(node("Row", text("1"), image, words, button("Play")) for image in (named, unnamed)),
        width=width,
    )

    for at in (0, 1):
        assert (await gallery.box(".w-image", at))["width"] > 30
    assert await gallery.overflowing(".w-row *") == []
    assert await gallery.flaws() == []


async def test_a_very_long_word_moves_below_its_neighbor(gallery: Gallery) -> None:
    word = text("Donaudampfschifffahrtsgesellschaftskapitän")
    badge = node("Badge", label="Very long badge label indeed")
    await gallery.show(node("Row", word, badge), width=320)

    long, beside = await gallery.box(".w-row .w-text"), await gallery.box(".w-badge")
    assert beside["y"] >= long["y"] + long["height"]


@pytest.mark.parametrize("width", WIDTHS)
async def test_controls_in_a_row_keep_their_words_whole(gallery: Gallery, width: int) -> None:
    filters = [button(each, pill=True) for each in ("Reversal", "Continuation", "Neutral", "All")]
    await gallery.show(
        node("Row", node("Checkbox", name="a", label="Show all patterns"), node("Row", *filters)),
        node(
            "Row",
            node("DatePicker", name="d", defaultValue="2026-11-30T00:00:00", clearable=True),
            node("Spacer"),
            button("Create the task"),
        ),
        node("Row", node("RadioGroup", name="r", options=[LONG_OPTION]), text(LONG)),
        width=width,
    )

    assert await gallery.flaws() == []
    assert await gallery.overflowing() == []


# Returns for each text whether its last character, a full stop, is right of its first letter.
RUNS: Final = """(texts) => texts.map((element) => {
  const [start, end] = [0, element.textContent.length - 1].map((at) => {
    const range = document.createRange();
    range.setStart(element.firstChild, at);
    range.setEnd(element.firstChild, at + 1);
    return range.getBoundingClientRect().left;
  });
  return end > start;
})"""


@pytest.mark.parametrize("first", ["Full name.", "שם מלא."])
async def test_each_text_has_its_own_direction(gallery: Gallery, first: str) -> None:
    second = "שלום." if first.isascii() else "No."
    about = {"label": first, "value": "a", "description": second}
    await gallery.show(
        *(node(kind, value=value) for kind in ("Label", "Text", "Caption", "Title") for value in
          (first, second)),
        *(node("Checkbox", name=value, label=value) for value in (first, second)),
        node("RadioGroup", name="r", options=[{"label": second, "value": "b"}]),
        node("Select", name="s", defaultValue="a", options=[about]),
    )  # fmt: skip

    texts = ".w-text, .w-title, .w-caption, .w-label, .w-choice-label, .w-select-about"
    found = gallery.find(f":is({texts})")
    values = await found.all_text_contents()
    assert await found.evaluate_all(RUNS) == [value.isascii() for value in values]
    assert len(values) == 12
    # The widget has the direction of its first text.
    tick, label = await gallery.box(".w-tick"), await gallery.box(".w-choice-label")
    assert (tick["x"] < label["x"]) is first.isascii()


async def test_an_editable_text_stays_beside_its_label(gallery: Gallery) -> None:
    field = text("ada@example.com", editable={"name": "to"})
    await gallery.show(node("Row", text("To", width=80), field), width=320)

    label, value = await gallery.box(".w-text"), await gallery.box("input")
    assert value["y"] < label["y"] + label["height"]
    assert value["x"] >= label["x"] + 80 - 6


@pytest.mark.parametrize("width", WIDTHS)
async def test_flush_dividers_end_at_the_edges_of_what_they_divide(
    gallery: Gallery, width: int
) -> None:
    divider = node("Divider", flush=True)
    rows = node("ListView", node("ListViewItem", node("Col", text("a"), divider, text("b"))))
    await gallery.show(
        rows,
        node("Box", text("a"), divider, padding=3, background="surface-secondary"),
        width=width,
    )

    item, box = await gallery.box(".w-item"), await gallery.box(".w-card-body > .w-box")
    for edges, nth in ((item, 0), (box, 1)):
        line = await gallery.box(".w-divider", nth)
        assert (line["x"], line["width"]) == pytest.approx((edges["x"], edges["width"]), abs=1)


async def test_labels_of_a_chart_stay_inside(gallery: Gallery) -> None:
    days = [{"day": f"2026-11-{10 + day}", "sold": 100 + day} for day in range(7)]
    series = [{"type": "line", "dataKey": "sold"}]
    await gallery.show(
        node("Chart", data=days, series=series, xAxis="day", height=160, showYAxis=True), width=320
    )
    await gallery.find("svg text").first.wait_for()

    assert await gallery.overflowing("svg text") == []


COLORS: Final = ("gray-900", "gray-500", "alpha-70", "blue-400", "yellow-300", "tertiary", "white")
TONES: Final = ("secondary", "success", "danger", "warning", "info", "discovery")
BACKGROUNDS: Final = (
    "gray-100",
    "#0ea5e9",
    "yellow-50",
    "blue-600",
    "surface-tertiary",
    "alpha-10",
    # Neither black nor white has contrast to spare.
    "#777",
    "blue-500",
)


def badges() -> list[dict[str, Any]]:
    return [
        node("Badge", label=f"{variant} {tone}", color=tone, variant=variant)
        for variant in ("soft", "solid", "outline")
        for tone in TONES
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_texts_are_readable_on_any_background(gallery: Gallery, scheme: str) -> None:
    def texts() -> list[dict[str, Any]]:
        looks = [
            ("ghost", "primary"),
            ("ghost", "danger"),
            ("solid", "danger"),
            ("solid", "success"),
            ("soft", "primary"),
            ("soft", "danger"),
        ]
        controls = [button(color, variant=variant, color=color) for variant, color in looks]
        controls += [
            node("DatePicker", name=each, variant=each, placeholder="A day")
            for each in ("outline", "soft", "ghost")
        ]
        return [text("Plain"), *(text(each, color=each) for each in COLORS), *badges(), *controls]

    boxes = [node("Box", *texts(), background=each, padding=2) for each in BACKGROUNDS]
    inside = node("Box", node("Box", *texts(), background="surface"), background="#0ea5e9")
    await gallery.show(*texts(), *boxes, inside, theme=scheme)

    assert await gallery.flaws() == []


@pytest.mark.parametrize(
    ("scheme", "shade"),
    [
        ("light", -4),
        ("dark", 4),
        pytest.param("light", 4, marks=pytest.mark.slow),
        pytest.param("dark", -4, marks=pytest.mark.slow),
    ],
)
async def test_badges_are_readable_on_tinted_pages(
    gallery: Gallery, scheme: str, shade: int
) -> None:
    grays = {"grayscale": {"hue": 220, "tint": 9, "shade": shade}}
    theme = quote(json.dumps({"colorScheme": scheme, "color": grays}))
    surfaces = ("surface", "surface-secondary", "surface-tertiary", "surface-elevated-secondary")
    boxes = [node("Box", *badges(), background=each) for each in surfaces]
    await gallery.show(*badges(), *boxes, theme=theme)
    assert await gallery.flaws() == []

    row = node("ListViewItem", *badges(), onClickAction={"type": "open"})
    await gallery.show(row, theme=theme, root="ListView")
    await gallery.find(".w-item-hit").hover()

    assert await gallery.flaws() == []


async def test_grays_flip_with_the_scheme(gallery: Gallery) -> None:
    seen = []
    for scheme in SCHEMES:
        await gallery.show(node("Box", text("a"), background="gray-100"), theme=scheme)
        box = gallery.find(".w-box")
        seen.append(await box.evaluate("(e) => getComputedStyle(e).backgroundColor"))

    assert seen == ["rgb(237, 237, 237)", "rgb(24, 24, 24)"]


async def test_gray_hue_is_that_of_hsl(gallery: Gallery) -> None:
    theme = '{"colorScheme":"dark","color":{"grayscale":{"hue":220,"tint":6,"shade":-1}}}'
    await gallery.show(text("a"), theme=theme)

    red, green, blue = await gallery.page.locator(".frame").evaluate(
        """(frame) => {
          const canvas = document.createElement("canvas").getContext("2d");
          canvas.fillStyle = getComputedStyle(frame).backgroundColor;
          canvas.fillRect(0, 0, 1, 1);
          return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }"""
    )
    assert blue - green >= green - red > 0


async def test_calendar_days_are_centered_in_their_rings(gallery: Gallery) -> None:
    await gallery.show(node("DatePicker", name="day", defaultValue="2026-12-24T00:00:00"))

    await gallery.find(".w-date").click()

    offset = await gallery.page.locator(".w-day-chosen").evaluate(
        """(day) => {
          const range = document.createRange();
          range.selectNodeContents(day);
          const [ring, words] = [day, range].map((each) => each.getBoundingClientRect());
          return [ring.x + ring.width / 2 - words.x - words.width / 2,
                  ring.y + ring.height / 2 - words.y - words.height / 2];
        }"""
    )
    assert offset == pytest.approx([0, 0], abs=1)


async def test_button_for_more_rows_has_their_padding(gallery: Gallery) -> None:
    rows = [node("ListViewItem", text(each)) for each in ("One", "Two")]
    await gallery.show(node("ListViewItem"), root="ListView")
    await gallery.page.evaluate(
        "(children) => window.gallery.show('Widget', { type: 'ListView', limit: 1, children })",
        rows,
    )

    more = gallery.find(".w-list-more")
    left = await more.evaluate(
        """(element) => {
          const range = document.createRange();
          range.selectNodeContents(element);
          return range.getBoundingClientRect().x;
        }"""
    )
    assert left == pytest.approx((await gallery.box(".w-item .w-text"))["x"], abs=1)


async def test_unknown_spacings_are_the_nearest(gallery: Gallery) -> None:
    await gallery.show(node("Col", text("a"), text("b"), gap="2xs", padding="large"))

    column = gallery.find(".w-card-body > .w-col")
    assert await column.evaluate("(e) => getComputedStyle(e).rowGap") == "4px"
    assert await column.evaluate("(e) => getComputedStyle(e).paddingLeft") == "16px"
    logs = await gallery.logs()
    assert {log["data"]["used"] for log in logs} == {"2xs", "lg"}


async def test_nulls_are_absent(gallery: Gallery) -> None:
    row = node(
        "ListViewItem",
        node("Caption", value=None),
        node("Badge", label=None, color=None),
        node("Button", label=None, onClickAction=None),
        node("Title", value="Row"),
        onClickAction=None,
    )
    await gallery.show(row, None, root="ListView")

    assert await gallery.find("").locator("..").locator("button").count() == 0
    assert await gallery.find(".w-item-main > *").all_inner_texts() == ["Row"]


@pytest.mark.parametrize(("by", "has_button"), [("press", True), ("enter", True), ("enter", False)])
async def test_dotted_names_make_one_nested_payload(
    gallery: Gallery, by: str, has_button: bool
) -> None:
    fields = [node("Input", name="note.title"), node("Input", name="note.body")]
    submit = [node("Row", node("Spacer"), button("Add", submit=True))] if has_button else []
    await gallery.show(node("Form", *fields, *submit, onSubmitAction={"type": "note.add"}))

    await gallery.find("input").nth(1).fill("Long")
    await gallery.find("input").first.fill("Short")
    if by == "enter":
        await gallery.find("input").first.press("Enter")
    else:
        await gallery.find(".w-button").click()

    async def sent() -> bool:
        return bool(await gallery.actions())

    await wait_until(sent)
    assert [each["payload"] for each in await gallery.actions()] == [
        {"note": {"title": "Short", "body": "Long"}}
    ]
