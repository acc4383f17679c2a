"""Asks the configured model server for its models and for a short answer with a tool."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import msgspec
import openai
from agents import ModelSettings, ModelTracing, function_tool

from durable_chatkit.agent.model_config import OFFLINE, open_model, open_server
from durable_chatkit.settings import ChatSettings
from model_client.errors import ModelServerError
from model_client.transport import ModelServer

TIMEOUT_S: Final = 20.0  # a local server may have to load the model first
MAX_NAMES: Final = 20
_MAX_TOKENS: Final = 16  # the least that OpenAI accepts
_WRONG_NAME: Final = frozenset({400, 404, 422})


class ModelCheckError(Exception):
    """The model can't be used; the message says why."""


@function_tool
def check_connection() -> str:
    """Check the connection. Not needed for a greeting."""
    return "connected"


async def check_model(settings: ChatSettings) -> str:
    """Ask the configured model for an answer; return a line about it.

    Raises:
        ModelCheckError: it has no answer.
        SettingsError: the settings identify no model.
    """
    settings = msgspec.structs.replace(settings, model_retries=0, model_timeout_s=TIMEOUT_S)
    async with AsyncExitStack() as stack:
        configured = await stack.enter_async_context(open_model(settings))
        if configured.name == OFFLINE:
            return "the offline assistant"
        url = settings.model_server_url
        model_settings = configured.settings.resolve(ModelSettings(max_tokens=_MAX_TOKENS))
        try:
            await configured.model.get_response(
                None,
                "Say hello.",
                model_settings,
                [check_connection],
                None,
                [],
                ModelTracing.DISABLED,
                previous_response_id=None,
                conversation_id=None,
                prompt=None,
            )
        except (ModelServerError, openai.OpenAIError) as error:
            server = await stack.enter_async_context(open_server(settings))
            raise ModelCheckError(await _explain(error, configured.name, url, server)) from error
    return f"{configured.name!r} at {url} responds"


async def _explain(error: Exception, name: str, url: str, server: ModelServer) -> str:
    """Return what is wrong with a model, in one line."""
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    if status in _WRONG_NAME or status == 200:
        try:
            listed = await server.get_json("/models")
        except ModelServerError:
            listed = None  # not every server has a list
        rows: Any = listed.get("data") if isinstance(listed, Mapping) else None
        ids = [row.get("id") for row in rows or [] if isinstance(row, Mapping)]
        names = sorted(name for name in ids if isinstance(name, str))
        # Ollama's names have a tag, Gemini's a folder; both are optional in requests.
        accepted = {
            form
            for each in names
            for form in (each, each.removesuffix(":latest"), each.rpartition("/")[2])
        }
        if names and name not in accepted:
            more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
            return f"Model {name!r} not found. Available: {', '.join(names[:MAX_NAMES])}{more}"
    if status is None:
        return f"the model server at {url} is unreachable: {_words(error)}"
    return f"model {name!r} at {url} failed: {_words(error)}"


def _words(error: Exception) -> str:
    """Return the words of an error on one line."""
    if isinstance(error, ModelServerError):
        status = f"status {error.status}" if error.status else ""
        words = ": ".join(filter(None, (status, error.body or str(error.args[0]))))
    else:
        words = str(error)
    return " ".join(words.split())
