"""Encodes the tools of requests to the Responses API, once for each set of them."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final

import msgspec
from agents import FunctionTool
from agents.models.openai_responses import Converter

from model_client.json_codec import encode_json
from model_client.private_api import get_explicit_function_tool_namespace, to_dump_compatible
from model_client.streaming_model import ModelCall

MAX_TOOL_SETS: Final = 64  # of the agents that use a model


class ToolSet(msgspec.Struct, frozen=True):
    """The identity of a request's tools.

    Args:
        key: equal for requests that send the same.
        schemas: the key contains their ids, which stay valid as long as the schemas are kept.
    """

    key: Hashable
    schemas: list[Any]

    @classmethod
    def of_call(cls, call: ModelCall) -> "ToolSet | None":
        """Return the tools of a request; None if there are other than functions."""
        parts: list[Hashable] = [str(call.settings.tool_choice)]  # converting checks it
        schemas: list[Any] = []
        for tool in call.tools:
            if type(tool) is not FunctionTool or tool.defer_loading:
                return None
            if get_explicit_function_tool_namespace(tool) is not None:
                return None
            callers = str(tool.allowed_callers)
            parts.append((tool.name, tool.description, tool.strict_json_schema, callers))
            schemas += [tool.params_json_schema, tool.output_json_schema]
        for handoff in call.handoffs:
            parts.append((handoff.tool_name, handoff.tool_description, handoff.strict_json_schema))
            schemas.append(handoff.input_json_schema)
        return cls((*parts, *map(id, schemas)), schemas)


class EncodedTools(msgspec.Struct, frozen=True):
    """The tools of a request, as they are sent."""

    tools: msgspec.Raw
    is_empty: bool
    includes: list[str]


class ToolEncoder:
    """Encodes the tools of one model's requests, and keeps those of function tools and handoffs."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._encoded: OrderedDict[Hashable, tuple[EncodedTools, ToolSet]] = OrderedDict()

    def encode(self, call: ModelCall) -> EncodedTools:
        """Return the tools of a request."""
        tools = ToolSet.of_call(call) if call.prompt is None else None
        if tools is not None and tools.key in self._encoded:
            self._encoded.move_to_end(tools.key)
            return self._encoded[tools.key][0]
        converted = Converter.convert_tools(
            call.tools,
            call.handoffs,
            allow_opaque_tool_search_surface=call.prompt is not None,
            model=Converter.resolve_computer_tool_model(
                request_model=self._model, tools=call.tools
            ),
            tool_choice=call.settings.tool_choice,
        )
        sent = to_dump_compatible(converted.tools)
        encoded = EncodedTools(
            msgspec.Raw(encode_json(sent)), is_empty=not sent, includes=list(converted.includes)
        )
        if tools is not None:
            self._encoded[tools.key] = encoded, tools
            if len(self._encoded) > MAX_TOOL_SETS:
                self._encoded.popitem(last=False)
        return encoded
