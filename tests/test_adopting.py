"""The guides of docs/adopting: their code loads, is part of a tested example, or names its test."""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from durable_chatkit.agent.factory import load_entry_point

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "adopting"
# The code of these pages is run by tests of their own (test_thread_import.py, test_own_state.py).
TESTED_ELSEWHERE = {"import-threads.md", "state.md"}
PAGES = [page for page in sorted(FOLDER.glob("*.md")) if page.name not in TESTED_ELSEWHERE]
KINDS = {
    "shops:create_chatkit_server": "server",
    "news:NewsServer": "server",
    "desk:assistant": "workflow",
    "librarian:agent": "agent",
    "readers:choose": "assistant",
    "club:assistant": "assistant",
}


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


PYTHON = [(page.name, code) for page in PAGES for code in blocks(page, "python")]


@pytest.mark.parametrize(("page", "code"), PYTHON, ids=[code.split("\n")[0] for _, code in PYTHON])
async def test_code_of_a_guide_is_a_module_that_loads(
    page: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = re.match(r"# (\w+)\.py(?:: TODO_AGENT_FACTORY=(\w+:\w+))?\n", code)
    assert title is not None, f"{page}: the first line names the module"
    name, factory = title.groups()
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)

    environment: Any = None  # these factories take none
    try:
        if factory is None:
            __import__(name)
        else:
            assert (await load_entry_point(factory, environment)).kind == KINDS[factory]
    finally:
        sys.modules.pop(name, None)


def test_every_entry_point_of_the_guides_is_checked() -> None:
    named = {
        factory for _, code in PYTHON for factory in re.findall(r"TODO_AGENT_FACTORY=(\S+)", code)
    }

    assert named == set(KINDS)


def test_page_of_the_guide_is_the_examples() -> None:
    example = (ROOT / "examples/own-server/index.html").read_text(encoding="utf-8")

    (code,) = blocks(FOLDER / "from-a-chatkit-server.md", "js")

    assert code in example


@pytest.mark.parametrize("page", [*PAGES, *ROOT.glob("examples/*/README.md"), ROOT / "README.md"])
def test_commands_name_existing_modules(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for folder, module, attribute in re.findall(
        r"PYTHONPATH=(examples/\S+) TODO_AGENT_FACTORY=(\w+):(\w+)", text
    ):
        tree = ast.parse((ROOT / folder / f"{module}.py").read_text(encoding="utf-8"))
        assert attribute in {getattr(node, "name", None) for node in tree.body}, page


def test_named_tests_exist() -> None:
    text = (FOLDER / "durability.md").read_text(encoding="utf-8")
    named = re.findall(r"\[`(test_\w+)`\]\(([^)]+)\)", text)

    missing = [
        test
        for test, path in named
        if f"def {test}(" not in (FOLDER / path).read_text(encoding="utf-8")
    ]
    assert missing == []
    assert len(named) >= 35


def test_each_row_of_what_is_durable_names_a_test() -> None:
    text = (FOLDER / "durability.md").read_text(encoding="utf-8")
    durable, _, limits = text.partition("## Limits")
    rows = [
        line
        for line in durable.splitlines()
        if line.startswith("| ") and not line.startswith(("| ---", "| feature", "| change"))
    ]

    assert [row for row in rows if "`test_" not in row] == []
    assert len(rows) > 25
    assert limits.count("| none") < limits.count("`test_")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_guides_are_short(page: Path) -> None:
    text = re.sub(r"\]\([^)]*\)", "]", page.read_text(encoding="utf-8"))

    assert len(text.split()) < 2000, "ten minutes at 200 words a minute"
