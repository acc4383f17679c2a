"""The browser lookup and installation on a machine without a browser."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from browser import chromium_kit
from browser.chromium_kit import NoBrowserError, ensure_browser

Program = Callable[[str, str], Path]


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in the PATH of a machine without any browser; its user may install."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(chromium_kit, "MAC_APPS", ())
    monkeypatch.setattr(chromium_kit, "PLAYWRIGHTS_OWN", (("playwright-install",),))
    return tmp_path


@pytest.fixture
def program(bare_machine: Path) -> Program:
    """Create a program in that folder: `program("apt-get", "its shell script")`."""

    def make(name: str, script: str) -> Path:
        path = bare_machine / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def ensure(machine: Path) -> str:
    return ensure_browser({"PATH": str(machine)}, str(machine / "no" / "such" / "a" / "chrome"))


def test_uses_installed_browser(bare_machine: Path, program: Program) -> None:
    chrome = program("google-chrome", "exit 0")

    assert ensure(bare_machine) == str(chrome)


def test_installs_platform_browser_if_there_is_none(bare_machine: Path, program: Program) -> None:
    chromium = bare_machine / "chromium"
    program("apt-get", f'[ "$1" = install ] && cp {sys.executable} {chromium}; exit 0')
    program("cp", 'exec /bin/cp "$@"')

    assert ensure(bare_machine) == str(chromium)


def test_headless_shell_is_used_unless_notifications_are_needed(
    bare_machine: Path, program: Program
) -> None:
    chromium = program("chromium", "exit 0")
    shell = program("chromium-headless-shell", "exit 0")
    environ = {"PATH": str(bare_machine)}

    assert ensure_browser(environ, "", with_notifications=False) == str(shell)
    assert ensure_browser(environ, "") == str(chromium)


def test_failed_installations_are_listed_with_command_and_reason(
    bare_machine: Path, program: Program
) -> None:
    program("apt-get", '[ "$1" = update ] || { echo "E: No package chromium" >&2; exit 100; }')
    program(
        "playwright-install",
        'echo "Error: getaddrinfo ENOTFOUND cdn.example" >&2; echo "  code: 1" >&2; echo "}" >&2; exit 1',
    )

    with pytest.raises(NoBrowserError) as caught:
        ensure(bare_machine)

    message = str(caught.value)
    assert "apt-get install chromium" in message
    assert "CHROME_PATH" in message
    assert "chromium fonts-liberation: E: No package chromium" in message
    assert "playwright-install: Error: getaddrinfo ENOTFOUND cdn.example" in message


def test_missing_named_browser_is_reported(bare_machine: Path) -> None:
    named = str(bare_machine / "chrome")

    with pytest.raises(NoBrowserError, match="is no program"):
        ensure_browser({"CHROME_PATH": named}, "")
