"""The figures of a campaign as markdown."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from chaos.checker import DOUBLED, LOST
from chaos.history import Fault, History, SeenTurn
from chaos.seed_run import SeedResult

HEAD: Final = (
    "| fault | times | turns under way | alone | p50 s | p99 s | max s |",
    "|---|---:|---:|---:|---:|---:|---:|",
)
ECHO_S: Final = 15.0  # an earlier fault can't have caused a silence
LONG_S: Final = 0.5  # longer than any silence without a fault


@dataclass
class KindFigures:
    """Figures of one kind of fault.

    Attributes:
        turns: how many were in progress, over all faults of the kind.
        alone: for each fault without another nearby, the longest silence of any turn in seconds.
    """

    times: int = 0
    turns: int = 0
    alone: list[float] = field(default_factory=list)


@dataclass
class Figures:
    """The totals of a campaign."""

    seeds: int = 0
    failed_seeds: list[int] = field(default_factory=list)
    faults: int = 0
    turns: int = 0
    sent_twice: int = 0
    stopped: int = 0
    lost: int = 0
    doubled: int = 0
    refused: int = 0
    taken_over: int = 0
    kinds: dict[str, KindFigures] = field(default_factory=dict)
    silences: list[float] = field(default_factory=list)

    def add(self, result: SeedResult) -> None:
        """Add a seed."""
        history = result.history
        self.seeds += 1
        if result.violations:
            self.failed_seeds.append(history.seed)
        self.faults += len(history.faults)
        self.turns += sum(turn.tab == 0 for turn in history.turns)
        self.sent_twice += sum(turn.tab == 1 for turn in history.turns)
        self.stopped += sum(run.status == "cancelled" for run in history.runs)
        self.lost += sum(violation.kind in LOST for violation in result.violations)
        self.doubled += sum(violation.kind in DOUBLED for violation in result.violations)
        self.refused += sum(violation.kind == "refused" for violation in result.violations)
        self.taken_over += sum(run.attempt > 1 for run in history.runs)
        for recovery in recoveries(history):
            figures = self.kinds.setdefault(recovery.fault.kind, KindFigures())
            figures.times += 1
            figures.turns += len(recovery.silences)
            if recovery.silences:
                self.silences.append(max(recovery.silences))
                if recovery.is_alone:
                    figures.alone.append(max(recovery.silences))

    def table(self) -> str:
        """Return the whole report."""
        rows = [_row(kind, self.kinds[kind]) for kind in sorted(self.kinds)]
        turns = sum(kind.turns for kind in self.kinds.values())
        total = _row("**all, also together**", KindFigures(self.faults, turns, self.silences))
        return "\n".join([*self._summary(), "", *HEAD, *rows, total])

    def _summary(self) -> Iterator[str]:
        yield (
            "| seeds | faults | turns | sent twice | stopped | taken over "
            "| lost | doubled | refused |"
        )
        yield "|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
        cells = (
            self.seeds, self.faults, self.turns, self.sent_twice, self.stopped, self.taken_over,
            self.lost, self.doubled, self.refused,
        )  # fmt: skip
        yield "| " + " | ".join(map(str, cells)) + " |"


@dataclass(frozen=True)
class Recovery:
    """A fault's effect on the turns in progress.

    Attributes:
        silences: the longest time without a frame of each turn, from the fault on, in seconds.
        is_alone: no other fault can have contributed.
    """

    fault: Fault
    silences: list[float]
    is_alone: bool


def recoveries(history: History) -> Iterator[Recovery]:
    """Yield each fault's effect, up to the next fault or the turns' ends."""
    faults = history.faults
    times = [-math.inf, *(fault.at for fault in faults), math.inf]
    for fault, before, after in zip(faults, times, times[2:], strict=False):
        found = [_silence(turn, fault.at, after) for turn in history.turns if turn.tab == 0]
        silences = [silence for silence in found if silence is not None]
        spans = any(_spans(turn, fault.at, after) for turn in history.turns)
        yield Recovery(fault, silences, fault.at - before > ECHO_S and not spans)


def _silence(turn: SeenTurn, since: float, until: float) -> float | None:
    """Return the longest silence after `since`; None for a turn that was not in progress.

    A silence that extends beyond `until` belongs to the fault at that time.
    """
    if turn.posted_at > since or turn.over_at < since:
        return None
    lengths = [
        end - max(begin, since) for begin, end in _gaps(turn) if end > since and end <= until
    ]
    return max(lengths, default=None)


def _spans(turn: SeenTurn, since: float, until: float) -> bool:
    """Return whether a silence that was already long extends beyond `until`."""
    return any(
        max(begin, since) < until - LONG_S and end > until
        for begin, end in _gaps(turn)
        if end > since and turn.posted_at <= since
    )


def _gaps(turn: SeenTurn) -> Iterator[tuple[float, float]]:
    signs = [turn.posted_at, *(frame.at for frame in turn.frames), turn.over_at]
    return itertools.pairwise(signs)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is at least as large as `share` of all."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _row(name: str, figures: KindFigures) -> str:
    found = figures.alone
    cells = [f"{percentile(found, share):.1f}" for share in (0.5, 0.99, 1)] if found else ["-"] * 3
    return f"| {name} | {figures.times} | {figures.turns} | {len(found)} | {' | '.join(cells)} |"
