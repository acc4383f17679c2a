"""`/api/site`: texts of the static site that the operator may change without building it."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, get
from litestar.datastructures import State
from msgspec import Meta

from chat_gateway.settings import ChatGatewaySettings, StartPrompt


class SiteAssistant(msgspec.Struct, frozen=True):
    """The assistant of the site; null stands for the site's own text."""

    name: Annotated[str | None, Meta(examples=["Tea house"])]
    greeting: str | None
    prompts: list[StartPrompt] | None


class SiteView(msgspec.Struct, frozen=True):
    """Texts of the site, the same for all users."""

    assistant: SiteAssistant


class SiteController(Controller):
    """Texts for the site, which has no server of its own; public, since its login page needs them."""

    path = "/api/site"
    tags = ["site"]

    @get()
    async def get_site(self, state: State) -> Response[SiteView]:
        """Return the texts of the site."""
        settings: ChatGatewaySettings = state.settings
        assistant = SiteAssistant(
            name=settings.assistant_name or None,
            greeting=settings.assistant_greeting or None,
            prompts=settings.start_prompts,
        )
        return Response(SiteView(assistant), headers={"Cache-Control": "no-cache"})
