"""A run outside of a worker: its journal in memory."""

from collections.abc import Callable, Collection

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import RunScope, is_choice
from durable_chatkit.storage.usage_repository import AnswerUsage

USER = "usr_ada"
RUN = "run_1"


class MemoryJournal:
    """A journal that outlives the attempts of a test."""

    def __init__(self) -> None:
        self.steps: dict[str, bytes] = {}
        self.saves: list[str] = []

    def get(self, key: str) -> bytes | None:
        return self.steps.get(key)

    def keys(self) -> Collection[str]:
        return self.steps.keys()

    def has_choice(self, name: str) -> bool:
        return any(is_choice(key, name) for key in self.steps)

    def note(self, key: str, payload: bytes) -> None:
        self.steps[key] = payload

    async def save(self, key: str, payload: bytes, usage: AnswerUsage | None = None) -> None:
        assert key not in self.steps
        self.saves.append(key)
        self.steps[key] = payload


MakeScope = Callable[..., RunScope]
MakeContext = Callable[..., RunContext]
