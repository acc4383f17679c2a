"""A worker is killed with SIGKILL at each fault point that a turn passes, for each shape of agent."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from kill_kit import Killing, Zygote, open_zygote
from worker_kit import Chat

from todochat.testing.model_server import ScriptedModelServer

FEW = 6
# Each shape with a point that only it passes, if there is one.
SHAPES = (
    ("one_agent", "tool.saved"),
    ("cut_off", "answer.saved"),
    ("as_tool", "tool.saved"),
    ("handoff", "handoff.unsaved"),
    ("handoff", "handoff.saved"),
    ("three_runs", "answer.saved"),
    ("gathered", "answer.saved"),
    ("mcp_tool", "tool.saved"),
    ("guarded", "answer.saved"),
    ("tripped", "run.answered"),
    ("steps", "step.unsaved"),
    ("steps", "step.saved"),
    ("hosted", "start.saved"),
    ("clicked", "start.saved"),
)


@pytest_asyncio.fixture
async def zygote() -> AsyncIterator[Zygote]:
    """The process that forks workers."""
    async with open_zygote() as zygote:
        yield zygote


def choose_points(points: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Yield every passage of a point, of many (as for each delta) the first, middle and last."""
    last = dict(points)
    for name, nth in points:
        if last[name] <= FEW or nth in {1, last[name] // 2, last[name]}:
            yield name, nth


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("shape", dict(SHAPES))
async def test_killed_turn_is_finished_by_another_worker(
    chat: Chat, model: ScriptedModelServer, zygote: Zygote, shape: str, tmp_path: Path
) -> None:
    killing = Killing(chat, model, zygote, shape, tmp_path)
    clean, points = await killing.run_clean()
    assert bool(clean.notices) == (shape == "cut_off")
    chosen = list(choose_points(points))
    assert {point for named, point in SHAPES if named == shape} <= dict(chosen).keys()

    reached = [await killing.kill_at(name, nth, clean) for name, nth in chosen]

    print(f"{shape}: {len(chosen)} points, {killing.kills} kills")  # noqa: T201 - for the report
    assert killing.violations == []
    assert sum(reached) > 0.8 * len(chosen)
