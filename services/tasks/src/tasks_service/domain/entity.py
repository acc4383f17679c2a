"""Entities: tasks and lists that a chat message can mention, as ChatKit's composer shows them."""

import datetime as dt
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

MAX_ENTITIES: Final = 20
DEFAULT_ENTITIES: Final = 10

Rank = int
# How well a title matches the typed text, best first: equal to it, starts with it, has a word that
# starts with it, contains all of its words.
EXACT: Final[Rank] = 0
BEGINS: Final[Rank] = 1
WORD_BEGINS: Final[Rank] = 2
CONTAINS: Final[Rank] = 3


class Entity(msgspec.Struct, kw_only=True, frozen=True):
    """A ChatKit entity."""

    id: Annotated[str, Meta(description="The ID of the task or list.")]
    title: str
    group: Literal["Tasks", "Lists"]
    icon: str
    interactive: bool
    data: Annotated[
        dict[str, str],
        Meta(
            description="`type`; for a task also `number`, `list_id`, `list` (its name), `priority` "
            "and, if set, `due` (the day) and `due_at` (the instant)."
        ),
    ]


class RankedEntity(msgspec.Struct, frozen=True):
    """An entity with its rank and the time of its last change."""

    entity: Entity
    rank: Rank
    updated_at: dt.datetime


def best_matches(matches: list[RankedEntity], limit: int) -> list[Entity]:
    """Return the best-ranked entities; among equal ranks the most recently changed ones."""
    newest = sorted(matches, key=lambda match: match.updated_at, reverse=True)
    return [match.entity for match in sorted(newest, key=lambda match: match.rank)[:limit]]
