"""What the person asked `todochat up` for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """The options of `up`, and the environment it was called with.

    Args:
        port: of the edge; 0 is any free one, None is 8000 or the next free one.
    """

    data_dir: Path
    port: int | None = None
    workers: int = 1
    gateways: int = 1
    reload: bool = False
    environ: Mapping[str, str]
