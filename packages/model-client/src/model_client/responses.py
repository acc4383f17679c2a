"""The model of servers with the Responses API."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any, Final

import msgspec
from agents import FunctionTool, Handoff, UserError
from agents.items import ItemHelpers
from agents.models.fake_id import FAKE_RESPONSES_ID
from agents.models.openai_responses import Converter
from agents.tracing import ResponseSpanData, Span, response_span
from agents.version import __version__ as sdk_version
from openai.types.responses import Response
from typing_extensions import override

from model_client.json_codec import encode_json
from model_client.private_api import get_explicit_function_tool_namespace, to_dump_compatible
from model_client.request_values import given_values, is_given, text_values
from model_client.responses_stream import ResponsesStream
from model_client.streaming_model import ModelCall, ModelRequest, StreamingModel
from model_client.tool_arguments import is_object
from model_client.transport import StreamServer

MAX_TOOL_SETS: Final = 64  # of the agents that use a model

_USER_AGENT: Final = f"Agents/Python {sdk_version}"


class EncodedTools(msgspec.Struct, frozen=True):
    """The tools of a request, as they are sent."""

    tools: msgspec.Raw
    is_empty: bool
    includes: list[str]


class ResponsesModel(StreamingModel):
    """A model of a server with the Responses API.

    Args:
        model: the server's name of the model.
        server: open while the model is used.
    """

    def __init__(self, model: str, server: StreamServer, *, window_s: float = 0.0) -> None:
        super().__init__(model, server, window_s=window_s)
        self._encoded: OrderedDict[Hashable, tuple[EncodedTools, list[Any]]] = OrderedDict()

    @override
    def _build_request(self, call: ModelCall) -> ModelRequest:
        settings = call.settings
        tools = self._encode_tools(call)
        body = given_values(self._fields(call, tools))
        extra_args = given_values(settings.extra_args)
        repeated = sorted(body.keys() & extra_args.keys())
        if repeated:
            msg = f"model settings repeat the arguments {', '.join(repeated)} in extra_args"
            raise UserError(msg)
        headers = text_values(settings.extra_headers, extra_args.pop("extra_headers", {}))
        query = text_values(settings.extra_query, extra_args.pop("extra_query", {}))
        extra_args.pop("timeout", None)  # the SDK's; the server has limits for each wait
        body |= extra_args
        if isinstance(settings.extra_body, Mapping):
            body |= settings.extra_body
        return ModelRequest(
            path="/responses",
            body=encode_json({**body, "stream": True}),
            headers={"User-Agent": _USER_AGENT, **headers},
            query=query,
        )

    @override
    def _create_assembler(self, call: ModelCall) -> ResponsesStream:
        return ResponsesStream(self.model)

    @override
    def _create_span(self, call: ModelCall) -> Span[ResponseSpanData]:
        return response_span(disabled=call.tracing.is_disabled())

    @override
    def _record_answer(self, span: Span[Any], call: ModelCall, response: Response) -> None:
        if call.tracing.include_data():
            span.span_data.response = response
            span.span_data.input = call.input

    def _fields(self, call: ModelCall, tools: EncodedTools) -> dict[str, Any]:
        """Return the parameters of a request; those that are None or omitted aren't sent."""
        settings = call.settings
        tool_choice = Converter.convert_tool_choice(
            settings.tool_choice,
            tools=call.tools,
            handoffs=call.handoffs,
            model=self._computer_model(call),
        )
        # A prompt's tools are the server's; a choice among them can't be checked here.
        has_prompt_tools = call.prompt is not None and tools.is_empty
        text: Any = Converter.get_response_format(call.output_schema)
        if settings.verbosity is not None:
            text = {**(text if is_given(text) else {}), "verbosity": settings.verbosity}
        is_parallel = settings.parallel_tool_calls
        include = {*tools.includes, *(settings.response_include or ())}
        if settings.top_logprobs is not None:
            include.add("message.output_text.logprobs")
        return {
            "previous_response_id": call.previous_response_id,
            "conversation": call.conversation_id,
            "instructions": call.system_instructions,
            "model": self.model,
            "input": _clean_input(call),
            "include": sorted(include),
            "tools": None if has_prompt_tools else tools.tools,
            "prompt": call.prompt,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "top_logprobs": settings.top_logprobs,
            "truncation": settings.truncation,
            "max_output_tokens": settings.max_tokens,
            "tool_choice": None
            if has_prompt_tools and isinstance(tool_choice, dict)
            else tool_choice,
            "parallel_tool_calls": None if tools.is_empty and call.prompt is None else is_parallel,
            "text": text,
            "store": settings.store,
            "prompt_cache_retention": settings.prompt_cache_retention,
            "prompt_cache_options": settings.prompt_cache_options,
            "reasoning": settings.reasoning,
            "metadata": settings.metadata,
            "context_management": settings.context_management,
        }

    def _encode_tools(self, call: ModelCall) -> EncodedTools:
        """Return a request's tools, encoded once for each set of function tools and handoffs."""
        key = _tools_key(call)
        if key is None or call.prompt is not None:
            return self._convert_tools(call)
        if key in self._encoded:
            self._encoded.move_to_end(key)
        else:
            # The key contains ids of schemas, which stay valid as long as the schemas are kept.
            schemas = [_schemas(each) for each in (*call.tools, *call.handoffs)]
            self._encoded[key] = self._convert_tools(call), schemas
            if len(self._encoded) > MAX_TOOL_SETS:
                self._encoded.popitem(last=False)
        return self._encoded[key][0]

    def _convert_tools(self, call: ModelCall) -> EncodedTools:
        converted = Converter.convert_tools(
            call.tools,
            call.handoffs,
            allow_opaque_tool_search_surface=call.prompt is not None,
            model=self._computer_model(call),
            tool_choice=call.settings.tool_choice,
        )
        tools = to_dump_compatible(converted.tools)
        encoded = msgspec.Raw(encode_json(tools))
        return EncodedTools(encoded, is_empty=not tools, includes=list(converted.includes))

    def _computer_model(self, call: ModelCall) -> str | None:
        return Converter.resolve_computer_tool_model(request_model=self.model, tools=call.tools)


def _clean_input(call: ModelCall) -> list[Any]:
    """Return the input without what other providers' models have added to it."""
    cleaned: list[Any] = []
    for item in to_dump_compatible(ItemHelpers.input_to_new_input_list(call.input)):
        if not isinstance(item, dict):
            cleaned.append(item)
            continue
        if item.get("type") == "reasoning" and item.get("provider_data"):
            continue
        own = {
            name: value
            for name, value in item.items()
            if name != "provider_data" and not (name == "id" and value == FAKE_RESPONSES_ID)
        }
        if item.get("type") == "function_call" and not is_object(item.get("arguments") or ""):
            # Servers that parse the arguments of a history reject a request with malformed ones.
            own["arguments"] = "{}"
        cleaned.append(own)
    return cleaned


def _tools_key(call: ModelCall) -> Hashable | None:
    """Return a key for all that is sent of the tools; None if there are other than functions."""
    parts: list[Hashable] = [str(call.settings.tool_choice)]  # converting checks it
    for tool in call.tools:
        if type(tool) is not FunctionTool or tool.defer_loading:
            return None
        if get_explicit_function_tool_namespace(tool) is not None:
            return None
        parts.append(
            (
                tool.name,
                tool.description,
                tool.strict_json_schema,
                str(tool.allowed_callers),
                *map(id, _schemas(tool)),
            )
        )
    parts.extend(
        (
            handoff.tool_name,
            handoff.tool_description,
            handoff.strict_json_schema,
            *map(id, _schemas(handoff)),
        )
        for handoff in call.handoffs
    )
    return tuple(parts)


def _schemas(tool: Any) -> list[Any]:
    if isinstance(tool, Handoff):
        return [tool.input_json_schema]
    return [tool.params_json_schema, tool.output_json_schema]
