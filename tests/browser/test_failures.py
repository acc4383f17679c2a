"""A server that refuses, waits or fails, and a response that is stopped, as a user sees them.

The server is a foreign one, which the tests script: it says no more than a status.
"""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from playwright.async_api import expect

from browser.browser_kit import Chat, Visit, Visitor
from browser.element_kit import wait_for_event
from browser.embed_kit import EmbedServer, answer, growing_answer, page
from stack_kit import Stack
from todochat.testing.model_script import Gate

pytestmark = pytest.mark.asyncio(loop_scope="session")

ELEMENT: Final = "<openai-chatkit style='display:block;height:600px'></openai-chatkit>"


async def open_page(
    site: Stack, embed: EmbedServer, visit: Visit, **options: Any
) -> tuple[Visitor, Chat]:
    """Open a page whose element shows the thread of the foreign server."""
    script = f"{site.edge}/chatkit/chatkit.js"
    embed.items = [answer("a0", "The first.")]
    embed.pages["/"] = page(ELEMENT, script=script, options={"initialThread": "thr_1", **options})
    visitor = await visit(embed.origin)
    visitor.watch.expect_origin(site.edge)
    await visitor.open("/")
    chat = Chat(visitor.page)
    await expect(chat.answers).to_contain_text("The first.")
    return visitor, chat


# The element's own tests have all texts; the others here differ in nothing else.
@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (429, {"Retry-After": "30"}, "Too many requests. Try again in 30 s."),
        (500, {}, "The server failed. Try again."),
        *(
            pytest.param(status, headers, words, marks=pytest.mark.slow)
            for status, headers, words in (
                (403, {}, "You are not allowed to do that."),
                (413, {}, "The message is too large for the server."),
                (429, {}, "Too many requests. Try again in a moment."),
                (429, {"Retry-After": "600"}, "Too many requests. Try again in 10 min."),
                (503, {}, "The service is unavailable. Try again later."),
            )
        ),
    ],
    ids=["429 for seconds", "500", "403", "413", "429", "429 for minutes", "503"],
)
async def test_each_refusal_is_explained_above_an_open_panel(
    site: Stack,
    embed: EmbedServer,
    visit: Visit,
    status: int,
    headers: Mapping[str, str],
    words: str,
) -> None:
    visitor, chat = await open_page(site, embed, visit)
    visitor.watch.expect_status(status, "/chat")
    embed.refusal = status, headers
    await chat.send("hello")
    await expect(chat.error).to_contain_text(words)

    await chat.show_history()

    await expect(chat.error.first).to_contain_text(words)
    in_front = await chat.error.evaluate_all(
        """(boxes) => boxes.filter((box) => {
          const { left, top, width, height } = box.getBoundingClientRect();
          const found = box.getRootNode().elementFromPoint(left + width / 2, top + height / 2);
          return box.contains(found);
        }).length"""
    )
    assert in_front == 1
    await expect(chat.host.get_by_text("The response is complete")).to_have_count(0)


async def test_refused_message_is_still_there_after_a_reload_and_can_be_retried(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    visitor, chat = await open_page(site, embed, visit)
    visitor.watch.expect_status(503, "/chat")
    embed.refusal = 503, {}
    await chat.send("hello again")
    await expect(chat.error).to_be_visible()
    await visitor.page.reload()
    await expect(chat.error).to_contain_text("The service is unavailable. Try again later.")

    embed.refusal = None
    embed.events = growing_answer(1)
    await chat.error.get_by_role("button", name="Retry").click()

    await expect(chat.answers.last).to_contain_text("longer and longer")
    await expect(chat.error).to_be_hidden()


async def test_stop_takes_effect_before_the_first_byte(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    visitor, chat = await open_page(site, embed, visit)
    embed.hold = gate = Gate()
    await chat.send("hello")
    await expect(chat.thread).to_have_attribute("aria-busy", "true")

    await chat.stop_button.click()

    await expect(chat.thread).to_have_attribute("aria-busy", "false")
    await expect(chat.send_button).to_be_visible()
    await expect(chat.host.get_by_text("You stopped this response.")).to_be_visible()
    await expect(chat.error).to_be_hidden()
    gate.open()
    await wait_for_event(visitor.page, "chatkit.response.end")
    await expect(chat.answers).to_have_count(1)


async def test_response_that_ends_before_it_is_complete_can_be_retried(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    _visitor, chat = await open_page(site, embed, visit)
    embed.events = growing_answer(2)[:2]  # ends cleanly amid the answer
    await chat.send("hello")

    await expect(chat.error).to_contain_text("The response was interrupted.")
    embed.events = growing_answer(2)
    await chat.error.get_by_role("button", name="Retry").click()

    await expect(chat.error).to_be_hidden()
    await expect(chat.answers.last).to_contain_text("longer and longer")


async def test_enter_that_ends_an_input_method_sends_nothing(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    visitor, chat = await open_page(site, embed, visit)
    await chat.composer.focus()
    devtools = await visitor.context.new_cdp_session(visitor.page)
    await devtools.send(
        "Input.imeSetComposition", {"text": "かんじ", "selectionStart": 3, "selectionEnd": 3}
    )
    pressed = {
        "type": "rawKeyDown",
        "key": "Process",
        "code": "Enter",
        "windowsVirtualKeyCode": 229,
    }

    await devtools.send("Input.dispatchKeyEvent", pressed)
    await devtools.send("Input.insertText", {"text": "漢字"})
    # Safari reports the key after the end of the composition, still with the code of the method.
    await chat.composer.dispatch_event(
        "keydown", {"key": "Enter", "code": "Enter", "keyCode": 229, "bubbles": True}
    )

    await expect(chat.composer).to_have_value("漢字")
    await expect(chat.questions).to_have_count(0)
    await chat.composer.press("Enter")
    await expect(chat.questions).to_contain_text("漢字")
