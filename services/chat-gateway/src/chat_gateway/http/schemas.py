"""Wire types of the gateway's own responses; ChatKit's are relayed undecoded."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class ActiveRunView(msgspec.Struct, frozen=True):
    """A run that has not ended."""

    run_id: str
    thread_id: str
    status: Annotated[str, Meta(examples=["running"])]
    created_at: datetime


class ActiveRunList(msgspec.Struct, frozen=True):
    """The active runs of a thread, and where its cancelled ones ended."""

    items: list[ActiveRunView]
    stopped_after: Annotated[
        list[str],
        Meta(description="IDs of the last items of responses that the user stopped, newest first."),
    ]
    interrupted_after: Annotated[
        list[str],
        Meta(description="The same for responses that were cancelled without viewers."),
    ]
