"""The model of servers with the Chat Completions API."""

import copy
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from agents import ModelSettings, UserError
from agents.models.chatcmpl_converter import Converter
from agents.models.chatcmpl_helpers import HEADERS_OVERRIDE
from agents.tracing import Span, generation_span
from agents.tracing.span_data import GenerationSpanData
from agents.version import __version__ as sdk_version
from openai.types.responses import Response
from typing_extensions import override
from yarl import URL

from model_client.chat_messages import build_messages
from model_client.chat_stream import ChatStream
from model_client.json_codec import encode_json
from model_client.private_api import to_dump_compatible
from model_client.request_values import given_values, text_values
from model_client.streaming_model import ModelCall, StreamingModel
from model_client.tool_arguments import Schema
from model_client.transport import ModelRequest, StreamServer

_PATH: Final = "/chat/completions"
_USER_AGENT: Final = f"Agents/Python {sdk_version}"
_OPENAI_HOST: Final = "api.openai.com"
_MAX_PREPARED: Final = 32  # agents with different tools or settings that take turns at one model
_SETTINGS: Final = (
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "max_tokens",
    "verbosity",
    "top_logprobs",
    "prompt_cache_retention",
    "prompt_cache_options",
    "metadata",
)
# Arguments of a call of the `openai` package that aren't fields of the request; and the messages.
_NOT_IN_BODY: Final = ("extra_headers", "extra_query", "messages", "timeout")
_UNSUPPORTED: Final = ("previous_response_id", "conversation_id", "prompt")

log = structlog.get_logger(__name__)


class _Prepared(msgspec.Struct, frozen=True):
    """The part of a request that is the same for all answers of an agent.

    Args:
        body: encoded JSON object without its end, so that the messages can follow.
        schemas: of the tools' arguments, by name.
    """

    settings: ModelSettings
    tools: list[Any]
    response_format: Any
    body: bytes
    headers: dict[str, str]
    query: dict[str, str]
    schemas: dict[str, Schema]


class ChatCompletionsModel(StreamingModel):
    """Answers with Chat Completions, of OpenAI or a compatible server.

    Usage is requested unless the settings say no. Settings that only the Responses API has are
    ignored, as by the SDK's own model.
    """

    def __init__(self, model: str, server: StreamServer, *, window_s: float = 0.0) -> None:
        super().__init__(model, server, window_s=window_s)
        self._is_openai = URL(server.base_url).host == _OPENAI_HOST
        self._prepared: list[_Prepared] = []
        self._warned: set[str] = set()

    @override
    def prepare(self, call: ModelCall) -> tuple[ModelRequest, ChatStream]:
        for name in _UNSUPPORTED:
            if getattr(call, name) is not None and name not in self._warned:
                self._warned.add(name)
                log.warning("model.setting_ignored", model=self.model, setting=name)
        prepared = self._prepare(call)
        url = self.server.base_url
        messages = build_messages(
            call.input, call.system_instructions, model=self.model, server=url
        )
        try:
            encoded = encode_json(messages)
        except TypeError:  # iterables other than lists, which the SDK's types allow
            encoded = encode_json(to_dump_compatible(messages))
        override = HEADERS_OVERRIDE.get() or {}
        request = ModelRequest(
            path=_PATH,
            body=b'%b,"messages":%b}' % (prepared.body, encoded),
            headers={"User-Agent": _USER_AGENT, **prepared.headers, **override},
            query=prepared.query,
        )
        return request, ChatStream(self.model, prepared.schemas, url)

    @override
    def create_span(self, call: ModelCall) -> Span[GenerationSpanData]:
        config = call.settings.to_traceable_dict()
        if not call.tracing.include_data():
            config.pop("metadata", None)
        return generation_span(
            model=self.model, model_config=config, disabled=call.tracing.is_disabled()
        )

    @override
    def record_answer(self, span: Span[Any], call: ModelCall, response: Response) -> None:
        if call.tracing.include_data():
            span.span_data.output = [response.model_dump()]
        if response.usage is not None:
            span.span_data.usage = {"requests": 1, **response.usage.model_dump()}

    def _supports_default_prompt_cache_key(self) -> bool:
        """Return whether the SDK may add `prompt_cache_key`, which other servers may reject."""
        return self._is_openai

    def _prepare(self, call: ModelCall) -> _Prepared:
        """Return the static part of a request, encoded when it is first needed.

        Raises:
            UserError: Chat Completions has no form for a tool or a setting.
        """
        # The comparison is quick, because the schemas in both lists are the same objects.
        tools: list[Any] = [Converter.tool_to_openai(tool) for tool in call.tools]
        tools += [Converter.convert_handoff_tool(handoff) for handoff in call.handoffs]
        response_format = Converter.convert_response_format(call.output_schema)
        for prepared in self._prepared:
            if (
                prepared.tools == tools
                and prepared.settings == call.settings
                and prepared.response_format == response_format
            ):
                return prepared
        settings = call.settings
        extra_args = settings.extra_args or {}
        body = self._fields(settings, tools, response_format)
        prepared = _Prepared(
            settings=copy.deepcopy(settings),  # the agent's author may change them
            tools=tools,
            response_format=response_format,
            body=encode_json(body).removesuffix(b"}"),
            headers=text_values(settings.extra_headers, extra_args.get("extra_headers")),
            query=text_values(settings.extra_query, extra_args.get("extra_query")),
            schemas={each["function"]["name"]: each["function"]["parameters"] for each in tools},
        )
        self._prepared = [prepared, *self._prepared[: _MAX_PREPARED - 1]]
        return prepared

    def _fields(
        self, settings: ModelSettings, tools: list[Any], response_format: Any
    ) -> dict[str, Any]:
        """Return the fields of a request without its messages.

        Raises:
            UserError: the settings name a field twice.
        """
        given: dict[str, Any] = {name: getattr(settings, name) for name in _SETTINGS}
        usage = True if settings.include_usage is None else settings.include_usage
        given |= {
            "model": self.model,
            "stream": True,
            "stream_options": {"include_usage": usage},
            "tools": tools or None,
            "tool_choice": Converter.convert_tool_choice(settings.tool_choice),
            "response_format": response_format,
            # Rejected without tools.
            "parallel_tool_calls": settings.parallel_tool_calls if tools else None,
            "reasoning_effort": settings.reasoning.effort if settings.reasoning else None,
            "store": settings.store if settings.store is not None else self._is_openai or None,
            "logprobs": True if settings.top_logprobs is not None else None,
        }
        body = given_values(given)
        extra_args = given_values(settings.extra_args)
        if "logprobs" in extra_args:  # a way to choose it before there was `top_logprobs`
            body.pop("logprobs", None)
        if repeated := sorted(body.keys() & extra_args.keys()):
            msg = f"model settings repeat the arguments {', '.join(repeated)} in extra_args"
            raise UserError(msg)
        extra_body: Any = settings.extra_body
        body |= {**extra_args, **(extra_body if isinstance(extra_body, Mapping) else {})}
        for name in _NOT_IN_BODY:
            body.pop(name, None)
        encodable: dict[str, Any] = to_dump_compatible(body)
        return encodable
