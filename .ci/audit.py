"""Looks for known vulnerabilities in what the two locks name; `make audit` runs it.

pip-audit and npm ask their registries' advisories. What they find fails the audit unless
`audit-allow.toml` beside this file excuses it, with a reason and a last day. An entry that excuses
nothing, or whose day has passed, fails it, too. Where the advisories can't be asked nothing was
audited, and that is said and is an error of its own: 2 in place of 1.
"""
# ruff: noqa: INP001 - a program, no package

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
ALLOWED: Final = Path(__file__).with_name("audit-allow.toml")
TIMEOUT_S: Final = 600
PIP_AUDIT: Final = (
    *("pip-audit", "--format", "json", "--progress-spinner", "off"),
    *("--require-hashes", "--disable-pip", "-r", str(ROOT / "requirements.lock")),
)
NPM_AUDIT: Final = ("npm", "--prefix", str(ROOT / "frontend"), "audit", "--json")

Say = Callable[[str], None]


class NotAuditedError(Exception):
    """The advisories could not be asked; the message says why."""


class Finding(NamedTuple):
    """A vulnerability in a package: its name in the database, and what is known of it."""

    id: str
    package: str
    about: str


class Excuse(NamedTuple):
    """An entry of the allow-list."""

    id: str
    package: str
    reason: str
    until: date


def python_findings(report: str) -> list[Finding]:
    """Read what pip-audit found.

    Raises:
        NotAuditedError: it could not look a package up.
    """
    dependencies: list[dict[str, Any]] = _parsed(report).get("dependencies", [])
    skipped = [each for each in dependencies if "skip_reason" in each]
    if skipped or not dependencies:
        reason = skipped[0]["skip_reason"] if skipped else "pip-audit named no package"
        msg = f"{len(skipped)} of {len(dependencies)} packages: {reason}"
        raise NotAuditedError(msg)
    return [
        Finding(
            vulnerability["id"],
            f"{dependency['name']}=={dependency['version']}",
            f"mended in {', '.join(vulnerability['fix_versions']) or 'no version'}",
        )
        for dependency in dependencies
        for vulnerability in dependency["vulns"]
    ]


def npm_findings(report: str) -> list[Finding]:
    """Read what npm found; what a package has from another one is said of that one only.

    Raises:
        NotAuditedError: the registry has no advisories for npm to ask, or can't be reached.
    """
    parsed = _parsed(report)
    if "vulnerabilities" not in parsed:
        reason = parsed.get("message") or parsed.get("error", {}).get("summary") or "no report"
        raise NotAuditedError(str(reason).partition(" - ")[0])
    advisories = {
        (advisory["url"].rsplit("/", 1)[-1], advisory["name"], advisory["title"])
        for package in parsed["vulnerabilities"].values()
        for advisory in package["via"]
        if isinstance(advisory, dict)
    }
    return [Finding(*advisory) for advisory in sorted(advisories)]


def excuses(text: str) -> list[Excuse]:
    """Read the allow-list."""
    return [Excuse(**entry) for entry in tomllib.loads(text).get("allow", [])]


def complaints(
    findings: Sequence[Finding], allowed: Sequence[Excuse], today: date
) -> tuple[list[str], list[str]]:
    """Return what is found and not excused, and what is wrong with the allow-list."""
    excused = {(each.id, each.package) for each in allowed if each.until >= today}
    found = {(each.id, _name(each.package)) for each in findings}
    unexcused = [
        f"{each.package}: {each.id}, {each.about}"
        for each in findings
        if (each.id, _name(each.package)) not in excused
    ]
    stale = [
        f"audit-allow.toml: {each.package}: {each.id}, "
        + ("its day has passed" if each.until < today else "nothing is found any more")
        for each in allowed
        if each.until < today or (each.id, each.package) not in found
    ]
    return unexcused, stale


def main(run: Callable[[Sequence[str]], str], allowed: str, today: date, say: Say) -> int:
    """Audit both locks; return the exit code."""
    findings: list[Finding] = []
    not_audited = False
    audits = (("requirements.lock", PIP_AUDIT, python_findings), ("npm", NPM_AUDIT, npm_findings))
    for name, command, read in audits:
        try:
            found = read(run(command))
        except NotAuditedError as error:
            not_audited = True
            say(f"{name}: NOT AUDITED, the advisories can't be asked from here: {error}")
        else:
            say(f"{name}: {len(found)} known vulnerabilities")
            findings += found
    unexcused, stale = complaints(findings, excuses(allowed), today)
    # An entry may be of the lock that nobody looked at.
    wrong = unexcused if not_audited else [*unexcused, *stale]
    for line in wrong:
        say(line)
    return 1 if wrong else 2 if not_audited else 0


def _name(package: str) -> str:
    return package.partition("==")[0]


def _parsed(report: str) -> dict[str, Any]:
    try:
        parsed = json.loads(report)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        msg = "no report"
        raise NotAuditedError(msg)
    return parsed


def _run(command: Sequence[str]) -> str:
    """Run a tool of the environment's; both exit with 1 where they find something."""
    done = subprocess.run(  # noqa: S603 - commands of this file
        command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(_run, ALLOWED.read_text("utf-8"), datetime.now(UTC).date(), print))
