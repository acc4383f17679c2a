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
    """The active runs of a thread."""

    items: list[ActiveRunView]
