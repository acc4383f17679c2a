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


@pytest.mark.parametrize(
    ("example", "packages"),
    [
        ("own-agent/tea_house.py", {"durable_chatkit"}),
        ("own-server/shop.py", set()),
        ("exported-workflow/returns.py", set()),
    ],
)
def test_example_imports_only_the_runtime(example: str, packages: set[str]) -> None:
    text = (ROOT / "examples" / example).read_text(encoding="utf-8")

    imported = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
    assert imported & {"todo_agent", "todochat", "durable_chatkit"} == packages
    assert 40 <= len(text.splitlines()) <= 120
