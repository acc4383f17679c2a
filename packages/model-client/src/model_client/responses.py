"""The model of servers with the Responses API."""

from collections.abc import Mapping
from typing import Any, Final

from agents import UserError
from agents.items import ItemHelpers
from agents.models.fake_id import FAKE_RESPONSES_ID
from agents.models.openai_responses import Converter
from agents.tracing import ResponseSpanData, Span, response_span
from agents.version import __version__ as sdk_version
from openai.types.responses import Response
from typing_extensions import override

from model_client.json_codec import encode_json
from model_client.private_api import to_dump_compatible
from model_client.request_values import given_values, is_given, text_values
from model_client.responses_stream import ResponsesStream
from model_client.streaming_model import ModelCall, StreamingModel
from model_client.tool_arguments import is_object
from model_client.tool_encoder import EncodedTools, ToolEncoder
from model_client.transport import ModelRequest, StreamServer

_USER_AGENT: Final = f"Agents/Python {sdk_version}"


class ResponsesModel(StreamingModel):
    """A model of a server with the Responses API.

    Args:
        model: the server's name of the model.
        server: open while the model is used.
    """

    def __init__(self, model: str, server: StreamServer, *, window_s: float = 0.0) -> None:
        super().__init__(model, server, window_s=window_s)
        self._encoder = ToolEncoder(model)

    @override
    def prepare(self, call: ModelCall) -> tuple[ModelRequest, ResponsesStream]:
        settings = call.settings
        body = given_values(self._fields(call, self._encoder.encode(call)))
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
        request = ModelRequest(
            path="/responses",
            body=encode_json({**body, "stream": True}),
            headers={"User-Agent": _USER_AGENT, **headers},
            query=query,
        )
        return request, ResponsesStream(self.model)

    @override
    def create_span(self, call: ModelCall) -> Span[ResponseSpanData]:
        return response_span(disabled=call.tracing.is_disabled())

    @override
    def record_answer(self, span: Span[Any], call: ModelCall, response: Response) -> None:
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
            model=Converter.resolve_computer_tool_model(request_model=self.model, tools=call.tools),
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
