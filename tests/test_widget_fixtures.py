"""The widgets in the element's tests equal those that the agents send."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "frontend/packages/open-chatkit/test/fixtures"


def test_element_fixtures_match_agents_widgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    script = FIXTURES / "make_agents.py"
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    made = json.loads(json.dumps(module.fixtures()))

    kept = json.loads((FIXTURES / "agents.json").read_text(encoding="utf-8"))
    assert made == kept, f"run `.venv/bin/python {script.relative_to(ROOT)}`"
