"""The table of `bench_peers.py`: each figure of the peer and of ours, their ratio and its goal."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from bench.turn_load import Seen, Shape, percentile

STREAMING: Final = ("chat-gateway", "todo-agent-worker", "valkey")
CPU: Final = "CPU-ms a turn, all parts"
STREAMING_CPU: Final = "  gateway + worker + Valkey"
TURN: Final = "turn p50, ms"
FIRST_DELTA: Final = "first delta p50, ms"
LAST_FIRST_DELTA: Final = "first delta p99, ms"


@dataclass(frozen=True)
class Result:
    """One shape against one installation."""

    shape: Shape
    seen: Seen
    cpu_s: Mapping[str, float]

    def cpu_ms(self, parts: Sequence[str] = ()) -> float:
        """CPU-ms of a turn, of some parts or of all."""
        spent = sum(self.cpu_s[part] for part in parts or self.cpu_s)
        return spent * 1000 / len(self.seen.turn_times)


@dataclass(frozen=True)
class Row:
    """A compared figure.

    Attributes:
        goal: of the ratio, None if it has none.
        reached: compares the ratio with the goal.
    """

    shape: str
    figure: str
    peer: float
    ours: float
    goal: float | None = None
    reached: Callable[[float, float], bool] = operator.le

    def __str__(self) -> str:
        ratio = self.ours / self.peer
        line = f"{self.shape:<26} {self.figure:<28} {self.peer:9.1f} {self.ours:9.1f} {ratio:6.2f}"
        if self.goal is None:
            return line
        sign = "<=" if self.reached is operator.le else ">="
        return (
            f"{line}  {sign} {self.goal:4.2f} {'' if self.reached(ratio, self.goal) else 'missed'}"
        )


def rows(theirs: Result, mine: Result, goals: Mapping[str, float]) -> Iterator[Row]:
    """Compare the figures of one shape; `goals` are ratios by figure."""
    figures: dict[str, Callable[[Result], float]] = {
        CPU: lambda result: result.cpu_ms(),
        TURN: lambda result: percentile(result.seen.turn_times, 50) * 1000,
        FIRST_DELTA: lambda result: percentile(result.seen.first_deltas, 50) * 1000,
        LAST_FIRST_DELTA: lambda result: percentile(result.seen.first_deltas, 99) * 1000,
        "tokens a delta": tokens_a_delta,
        "turns a second": lambda result: len(result.seen.turn_times) / result.seen.elapsed,
    }
    if mine.shape.rate < inf:  # an unthrottled answer may be a single delta
        figures["gap p99, ms"] = lambda result: percentile(result.seen.gaps, 99) * 1000
    name = mine.shape.name
    for figure, of in figures.items():
        yield Row(name, figure, of(theirs), of(mine), goals.get(figure))
        if figure == CPU:
            peer, ours = theirs.cpu_ms(), mine.cpu_ms(STREAMING)
            yield Row(name, STREAMING_CPU, peer, ours, goals.get(STREAMING_CPU))


def tokens_a_delta(result: Result) -> float:
    """Return the tokens that a delta carries; a server may merge them."""
    return len(result.seen.turn_times) * result.shape.tokens / result.seen.deltas


def header() -> str:
    """Return the table's first line."""
    return f"{'':<26} {'':<28} {'peer':>9} {'ours':>9} {'ratio':>6}  {'goal':>7}"


def by_part(results: Sequence[Result]) -> Iterator[str]:
    """Format our CPU by part, a column for each shape."""
    yield f"{'CPU-ms a turn':<18}" + "".join(f"{result.shape.name:>25}" for result in results)
    for part in results[0].cpu_s:
        costs = "".join(f"{result.cpu_ms([part]):25.1f}" for result in results)
        yield f"{part:<18}{costs}"
