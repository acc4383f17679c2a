"""Make targets, files and settings named in the documents exist."""

import re
from pathlib import Path

import pytest

from attack_table import render as render_attacks
from settings_docs.configuration_page import render_configuration

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "*/*/README.md", "deploy/**/README.md")
    for path in ROOT.glob(pattern)
)
TOP_LEVEL = {path.name for path in ROOT.iterdir()}
TARGETS = set(
    re.findall(r"^([a-zA-Z.][\w.-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
)
# Named in documents although they are created at run time or are examples.
MADE_LATER = re.compile(r"^(\.venv|\.todochat|(packages|services)/(X|NAME)|frontend)(/|$)")


def code_spans(document: Path) -> list[str]:
    text = document.read_text(encoding="utf-8")
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return inline + [line for block in fenced for line in block.splitlines()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_make_targets_exist(document: Path) -> None:
    named = {
        target
        for span in code_spans(document)
        for target in re.findall(r"\bmake ([a-z.][\w.-]*)", span)
    }

    assert named <= TARGETS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_paths_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)
    spans = [
        span
        for span in code_spans(document)
        if re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?", span)
        and span.split("/")[0] in TOP_LEVEL
        and not MADE_LATER.match(span)
    ]

    missing = [link for link in links if not (document.parent / link).exists()]
    places = (ROOT, document.parent)
    missing += [s for s in spans if not any((place / s).exists() for place in places)]

    assert missing == []


def test_documents_for_newcomers_exist() -> None:
    names = {str(path.relative_to(ROOT)) for path in DOCUMENTS}

    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/architecture.md"} <= names
    assert {"up", "test", "check", "env-docs"} <= TARGETS


def test_configuration_page_is_current() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")

    assert page == render_configuration(), "run `make env-docs`"


def test_security_page_shows_the_attacks_and_responses() -> None:
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")

    assert render_attacks() in page, "put the output of `python tests/attack_table.py` there"
