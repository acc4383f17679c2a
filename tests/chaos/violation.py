"""A promise that was not kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """A promise that was not kept.

    Attributes:
        kind: the kind of promise; kinds in the checker's `LOST` and `DOUBLED` are counted apart.
        where: the turn, or another subject.
    """

    kind: str
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.detail}"
