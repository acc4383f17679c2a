"""Settings of chat-gateway."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from todochat.contracts.agents import AGENT_NAME
from todochat.contracts.client_headers import parse_forwarded_names
from todochat.settings import ServiceSettings, SettingsError, env_name, split_list


class StartPrompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prompt of the chat's start screen."""

    label: Annotated[str, Meta(min_length=1, max_length=100)]
    prompt: Annotated[str, Meta(min_length=1, max_length=4000)]
    icon: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")] = "sparkle"


class ChatGatewaySettings(
    ServiceSettings, frozen=True, kw_only=True, rename=env_name("CHAT_GATEWAY")
):
    """chat-gateway's settings, in addition to those of every service."""

    host: Annotated[str, Meta(description="Address the gateway listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port the gateway listens on.")] = 8004
    todo_agent_url: Annotated[
        str, Meta(min_length=1, description="URL of todo-agent's internal API.")
    ] = msgspec.field(name="TODO_AGENT_URL", default="http://127.0.0.1:8003")
    agents: Annotated[
        str,
        Meta(
            description=(
                "Further agents, `name=URL of its internal API`, separated by commas. Clients reach"
                " them at `/api/{user_id}/chat/agents/{name}`; see docs/adopting/several-agents.md."
            )
        ),
    ] = ""
    auth_session_url: Annotated[
        str, Meta(min_length=1, description="URL of auth-session, which lists revoked sessions.")
    ] = msgspec.field(name="AUTH_SESSION_URL", default="http://127.0.0.1:8001")
    agent_timeout_s: Annotated[
        float, Meta(gt=0, description="Timeout in seconds of a request to todo-agent.")
    ] = 10.0
    body_limit_bytes: Annotated[
        int, Meta(gt=0, description="Largest request body in bytes; a larger one gets 413.")
    ] = 256 * 1024
    forward_headers: Annotated[
        str,
        Meta(
            description=(
                "Names of request headers, separated by commas, that the agent gets in its context."
                " Up to 4 KiB with their values; more gets 431. They are stored until the run ends."
            )
        ),
    ] = ""
    assistant_name: Annotated[
        str,
        Meta(
            max_length=60,
            description="Name of the site and its assistant, for an agent other than the todo agent.",
        ),
    ] = msgspec.field(name="ASSISTANT_NAME", default="")
    assistant_greeting: Annotated[
        str, Meta(max_length=200, description="Greeting of the site's chat.")
    ] = msgspec.field(name="ASSISTANT_GREETING", default="")
    assistant_prompts: Annotated[
        str,
        Meta(
            description=(
                "Prompts of the chat's start screen, at most 12: a JSON list of"
                ' `{"label", "prompt", "icon"}`. `icon` is one of ChatKit\'s and optional.'
            )
        ),
    ] = msgspec.field(name="ASSISTANT_PROMPTS", default="")
    turns_per_minute: Annotated[
        int,
        Meta(gt=0, description="Messages, actions with a streamed response and exports, per user."),
    ] = 60
    requests_per_minute: Annotated[int, Meta(gt=0, description="All other requests, per user.")] = (
        300
    )
    streams_per_user: Annotated[
        int, Meta(gt=0, description="Open streams per user, over all gateways.")
    ] = 20
    slow_viewer_s: Annotated[
        float,
        Meta(gt=0, description="Seconds after which a client that reads nothing is disconnected."),
    ] = 30.0
    abandon_grace_s: Annotated[
        float,
        Meta(
            gt=0,
            description=(
                "Seconds without a viewer after which a run is cancelled, provided that no viewer "
                "ever sent `X-Resumable: 1` or attached, and the last client closed its stream."
            ),
        ),
    ] = msgspec.field(name="ABANDON_GRACE_S", default=30.0)

    @property
    def forwarded_headers(self) -> tuple[str, ...]:
        """The names in `forward_headers`, in lower case.

        Raises:
            SettingsError: one of them must not be forwarded.
        """
        return parse_forwarded_names("CHAT_GATEWAY_FORWARD_HEADERS", self.forward_headers)

    @property
    def agent_urls(self) -> dict[str, str]:
        """The URLs in `agents` by name.

        Raises:
            SettingsError: an entry has no valid name, or no URL.
        """
        urls = {}
        for entry in split_list(self.agents):
            name, _, url = entry.partition("=")
            if re.fullmatch(AGENT_NAME, name) is None or not url.startswith(
                ("http://", "https://")
            ):
                msg = (
                    f"setting CHAT_GATEWAY_AGENTS: {entry} is not name=URL, with a name like tea-2"
                )
                raise SettingsError(msg)
            urls[name] = url
        return urls

    @property
    def start_prompts(self) -> list[StartPrompt] | None:
        """The prompts in `assistant_prompts`; None if it isn't set.

        Raises:
            SettingsError: it isn't a list of at most 12 prompts.
        """
        if not self.assistant_prompts:
            return None
        try:
            return msgspec.json.decode(self.assistant_prompts, type=_Prompts)
        except msgspec.DecodeError as error:
            msg = f"setting ASSISTANT_PROMPTS: {error}"
            raise SettingsError(msg) from None


_Prompts = Annotated[list[StartPrompt], Meta(max_length=12)]
