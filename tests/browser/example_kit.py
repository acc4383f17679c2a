"""The examples as a user sees them: their variables, a scripted model and a conversation."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from playwright.async_api import expect

from browser.browser_kit import Chat
from stack_kit import EXAMPLES, Stack, example_variables, run_stack
from todochat.testing.model_script import ModelRequest, Part
from todochat.testing.model_server import Call, Say, ScriptedModelServer, ScriptedResponse


@dataclass(frozen=True)
class Example:
    """One example of `examples/`.

    Args:
        factory: its TODO_AGENT_FACTORY.
        page: path of the page with its chat.
        texts: texts of the site, ASSISTANT_...
        answers: the model's answers in order; the titler's are the same each time.
        talk: has the conversation of the picture.
    """

    name: str
    factory: str
    answers: tuple[Part, ...]
    talk: Callable[[Chat], Awaitable[None]]
    page: str = "/chat"
    texts: dict[str, str] = field(default_factory=dict)

    def run(self, model: ScriptedModelServer, site: dict[str, str]) -> Iterator[Stack]:
        """Start a stack with the example, as its README says."""
        folder = EXAMPLES / self.name
        variables = {
            **example_variables(self.name, self.factory, model.url),
            "EDGE_EXTRA_ROUTES": str(folder / "*.caddy"),
            "EDGE_ROUTE_SHOP": str(folder),
            **self.texts,
            **site,
        }
        yield from run_stack(self.name, variables, timeout_s=900)

    def script(self, model: ScriptedModelServer) -> None:
        """Make the model say the example's answers."""
        answers = list(self.answers)

        def answer(request: ModelRequest) -> ScriptedResponse:
            is_title = "title of 2 to 5 words" in str(request.body)
            return ScriptedResponse(parts=(Say("Books") if is_title else answers.pop(0),))

        model.otherwise = answer


async def say(chat: Chat, text: str, answer: str) -> None:
    """Send a message and wait for an answer with this text."""
    await chat.send(text)
    await expect(chat.answers.last).to_contain_text(answer)
    await expect(chat.thread).to_have_attribute("aria-busy", "false")


async def buy_books(chat: Chat) -> None:
    await say(chat, "What do you have?", "Three classics")
    await chat.button("Add to basket").first.click()
    await expect(chat.widgets).to_contain_text("In your basket")
    await say(chat, "Is this one any good?", "Walden is slow")


async def ask_about_returns(chat: Chat) -> None:
    await say(chat, "What does a return cost?", "free for 30 days")
    await say(chat, "Then I'd like to return Emma. I have no printer.", "Emma")


async def order_tea(chat: Chat) -> None:
    await say(chat, "A pot of green tea, please", "on its way")
    await say(chat, "It came cold!", "new pot")


SHOP: Final = Example(
    name="own-server",
    factory="shop:ShopServer",
    page="/shop/",
    answers=(
        Call("show_books"),
        Say("Three classics. Which one do you like?"),
        Call("get_open_book"),
        Say("Walden is slow and wise: read it in a quiet place."),
    ),
    talk=buy_books,
)
RETURNS: Final = Example(
    name="exported-workflow",
    factory="returns:run_workflow",
    texts={
        "ASSISTANT_NAME": "Return desk",
        "ASSISTANT_GREETING": "What would you like to return?",
    },
    answers=(
        Say(json.dumps({"category": "question"})),
        Say("Returns are free for 30 days."),
        Say("Good news: a return is free for 30 days, as long as you haven't read the book!"),
        Say(json.dumps({"category": "return"})),
        Say(json.dumps({"book": "Emma", "reason": "not given", "label_sent_by": "post"})),
    ),
    talk=ask_about_returns,
)
TEA_HOUSE: Final = Example(
    name="own-agent",
    factory="tea_house:create",
    texts={"ASSISTANT_NAME": "Tea house", "ASSISTANT_GREETING": "Which tea would you like?"},
    answers=(
        Call("order_tea", {"kind": "green tea"}),
        Say("Your green tea is on its way."),
        Call("transfer_to_complaints"),
        Call("order_tea", {"kind": "green tea"}),
        Say("I'm sorry about that. A new pot is coming."),
    ),
    talk=order_tea,
)
ALL: Final = (SHOP, RETURNS, TEA_HOUSE)
