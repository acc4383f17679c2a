"""Package boundaries that the import contracts can't check: the runtime knows no todo list."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "packages/durable-chatkit/src/durable_chatkit"
# Names that clients and operators rely on.
PUBLIC = re.compile(r"TODO_AGENT_\w+|todo-agent|TODO_AGENT|todochat|TODOCHAT")
DOMAIN = re.compile(
    r"todo|buy milk|\btasks?_(?:url|service|http|client)|due date|due_(?:at|date)|\btsk_|\blst_",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "path", sorted(RUNTIME.rglob("*.py")), ids=lambda path: str(path.relative_to(RUNTIME))
)
def test_runtime_has_no_todo_words(path: Path) -> None:
    text = PUBLIC.sub("", path.read_text(encoding="utf-8"))

    assert DOMAIN.findall(text) == []


def test_example_imports_only_the_runtime() -> None:
    text = (ROOT / "examples/own-agent/tea_house.py").read_text(encoding="utf-8")

    assert "durable_chatkit" in text
    assert "todo_agent" not in text
