"""A model's answers, as the SDK has them."""

from typing import Any

from openai.types.responses import Response


def model_answer(*output: Any, status: Any = "completed") -> Response:
    """Return an answer with the given items."""
    return Response(
        id="resp_1",
        object="response",
        created_at=0,
        model="m",
        output=list(output),
        parallel_tool_calls=True,
        tool_choice="auto",
        tools=[],
        status=status,
    )
