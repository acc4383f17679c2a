"""No pattern of the services takes more than linear time on any text."""

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).with_name("fuzz_patterns.py")
PACKAGES = (
    "todochat",
    "durable_chatkit",
    "model_client",
    "offline_assistant",
    "task_phrases",
    "task_tools",
    "terminal_chat",
    "auth_session",
    "tasks_service",
    "chat_gateway",
    "todo_agent",
    "todochat_local",
)


def fuzz(seconds_each: float, *packages: str, limit: float) -> subprocess.CompletedProcess[str]:
    """Run in a separate process: a backtracking pattern holds the interpreter lock."""
    return subprocess.run(
        [sys.executable, FUZZ, str(seconds_each), *packages],
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )


def test_every_pattern_is_linear() -> None:
    done = fuzz(0.006, *PACKAGES, limit=100)

    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert int(done.stdout.split(" patterns")[0]) > 300


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_pattern_is_linear_on_many_more_texts() -> None:
    done = fuzz(0.5, *PACKAGES, limit=800)

    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


@pytest.mark.parametrize(
    "pattern",
    [
        r'NUMBERS = re.compile(r"1(?:(?:\\s*(?:,|&)\\s*)+\\d)*")',
        r'FILLERS = re.compile(r"(?:(?:ok(?: so)?|so) )+x")',
        r'SPACES = re.compile(r"set\\s+(.+?)\\s+due(?:\\s+to)?\\s+(.+)")',
        r'def read(text): return re.fullmatch(r"(?:ab|ab)+c", text)',
    ],
)
def test_backtracking_pattern_is_found(pattern: str, tmp_path: Path) -> None:
    package = tmp_path / "backtracking"
    package.mkdir()
    (package / "__init__.py").write_text(f"import re\n\n{pattern}\n".replace("\\\\", "\\"))
    done = subprocess.run(
        [sys.executable, FUZZ, "1", "backtracking"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )

    assert "1 patterns, 0 too slow" not in done.stdout
    assert done.returncode == 1, done.stderr[-2000:]
