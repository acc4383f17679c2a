"""A promise that was not kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """A promise that was not kept.

    Attributes:
        kind: what kind of promise; those of the checker's `LOST` and `DOUBLED` are counted apart.
        where: the turn, or what else it is about.
    """

    kind: str
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.detail}"
