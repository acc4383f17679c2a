"""Between rows of `runs` and `RunRecord`."""

from typing import Any, Final

import msgspec
from sqlalchemy.engine import Row

from durable_chatkit.storage.run import RunRecord, TurnRecord

# JSON comes as text, for msgspec to decode into a struct.
RUN_COLUMNS: Final = ", ".join(
    "CAST(turn AS text) AS turn" if name == "turn" else name
    for name in RunRecord.__struct_fields__
    if name != "taken_over"
)

_decode_turn: Final = msgspec.json.Decoder(TurnRecord).decode


def to_run(row: Row[Any]) -> RunRecord:
    """Build a run from a row that has `RUN_COLUMNS`."""
    values = row._asdict()
    values["turn"] = _decode_turn(values["turn"])
    return RunRecord(**values)
