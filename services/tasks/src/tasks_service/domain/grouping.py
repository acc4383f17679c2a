"""How an agent's changes belong together."""

from typing import Final

import msgspec

GROUP_PATTERN: Final = r"[A-Za-z0-9._:-]{1,128}"


class ChangeGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The group that a change belongs to; changes of a group are counted and undone together.

    Args:
        scope_id: joins groups, so that "the last group" has a meaning. Both ids are opaque.
        confirm_above: how many tasks that were there before the group may change, until the
            person has to confirm; with it, deleting a list always needs a confirmation.
    """

    id: str
    scope_id: str | None = None
    confirm_above: int | None = None
