"""Wire types of the gateway's own answers; ChatKit's are not its business."""

from typing import Annotated

import msgspec
from msgspec import Meta


class RunView(msgspec.Struct, frozen=True):
    """A run that has not ended."""

    run_id: str
    thread_id: str
    status: Annotated[str, Meta(examples=["running"])]
    created_at: str


class RunList(msgspec.Struct, frozen=True):
    """The runs of a thread that have not ended."""

    items: list[RunView]


class AssistantView(msgspec.Struct, frozen=True):
    """Who answers, as far as a page has to know."""

    offline: Annotated[
        bool,
        Meta(description="No model is set: the small program that comes with the server answers."),
    ]
    dictation: Annotated[bool, Meta(description="Speech can be turned into text.")]


class CancelView(msgspec.Struct, frozen=True):
    """The run's status when the request arrived; its end comes through the stream."""

    status: Annotated[str, Meta(examples=["running"])]
