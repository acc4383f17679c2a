"""What can be mentioned in a chat: a task or a list, in the form ChatKit's composer shows."""

import datetime as dt
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

MAX_ENTITIES: Final = 20
DEFAULT_ENTITIES: Final = 10

Rank = int
# How well a title fits, best first: it is what was typed, it begins with it, a word of it does,
# all words are somewhere in it.
EXACT: Final[Rank] = 0
BEGINS: Final[Rank] = 1
WORD_BEGINS: Final[Rank] = 2
CONTAINS: Final[Rank] = 3


class Entity(msgspec.Struct, kw_only=True, frozen=True):
    """A ChatKit entity."""

    id: Annotated[str, Meta(description="The task's or list's id.")]
    title: str
    group: Literal["Tasks", "Lists"]
    icon: str
    interactive: bool
    data: Annotated[
        dict[str, str],
        Meta(description="`type`, and of a task `number`, `list_id`, `priority`, `due` if it has."),
    ]


class RankedEntity(msgspec.Struct, frozen=True):
    """An entity, how well it fits, and when it was changed last."""

    entity: Entity
    rank: Rank
    updated_at: dt.datetime


def best(found: list[RankedEntity], limit: int) -> list[Entity]:
    """Return the entities that fit best; of equal ones those changed last."""
    newest = sorted(found, key=lambda each: each.updated_at, reverse=True)
    return [each.entity for each in sorted(newest, key=lambda each: each.rank)[:limit]]
