"""Checks the packages in both locks for known vulnerabilities; `make audit` runs it.

pip-audit and npm query the advisories of their registries. A finding fails the audit unless
`audit-allow.toml` in this folder allows it, with a reason and an expiry date. An expired entry, or
one without a finding, fails it, too. If the advisories are unavailable, nothing was audited: the
program reports it and exits with 2 instead of 1.
"""
# ruff: noqa: INP001 - a program, not a package

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

Print = Callable[[str], None]


class NotAuditedError(Exception):
    """The advisories are unavailable; the message has the cause."""


class Finding(NamedTuple):
    """A vulnerability in a package: its advisory ID, and a summary."""

    id: str
    package: str
    summary: str


class AllowedFinding(NamedTuple):
    """An entry of the allow-list."""

    id: str
    package: str
    reason: str
    until: date


def python_findings(report: str) -> list[Finding]:
    """Return the findings in a report of pip-audit.

    Raises:
        NotAuditedError: pip-audit skipped a package.
    """
    dependencies: list[dict[str, Any]] = _parsed(report).get("dependencies", [])
    skipped = [each for each in dependencies if "skip_reason" in each]
    if skipped or not dependencies:
        reason = skipped[0]["skip_reason"] if skipped else "the report lists no packages"
        msg = f"{len(skipped)} of {len(dependencies)} packages: {reason}"
        raise NotAuditedError(msg)
    return [
        Finding(
            vulnerability["id"],
            f"{dependency['name']}=={dependency['version']}",
            f"fixed in {', '.join(vulnerability['fix_versions']) or 'no version'}",
        )
        for dependency in dependencies
        for vulnerability in dependency["vulns"]
    ]


def npm_findings(report: str) -> list[Finding]:
    """Return the findings in a report of npm, each at the package that has the vulnerability.

    Raises:
        NotAuditedError: the registry serves no advisories, or is unreachable.
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


def read_allow_list(text: str) -> list[AllowedFinding]:
    """Return the entries of the allow-list."""
    return [AllowedFinding(**entry) for entry in tomllib.loads(text).get("allow", [])]


def list_failures(
    findings: Sequence[Finding], allowed: Sequence[AllowedFinding], today: date
) -> tuple[list[str], list[str]]:
    """Return findings that aren't allowed, and stale entries of the allow-list."""
    permitted = {(each.id, each.package) for each in allowed if each.until >= today}
    found = {(each.id, _name(each.package)) for each in findings}
    not_allowed = [
        f"{each.package}: {each.id}, {each.summary}"
        for each in findings
        if (each.id, _name(each.package)) not in permitted
    ]
    stale = [
        f"audit-allow.toml: {each.package}: {each.id}, "
        + ("expired" if each.until < today else "no longer found")
        for each in allowed
        if each.until < today or (each.id, each.package) not in found
    ]
    return not_allowed, stale


def main(run: Callable[[Sequence[str]], str], allowed: str, today: date, report: Print) -> int:
    """Audit both locks; return the exit code."""
    findings: list[Finding] = []
    not_audited = False
    audits = (("requirements.lock", PIP_AUDIT, python_findings), ("npm", NPM_AUDIT, npm_findings))
    for name, command, read in audits:
        try:
            found = read(run(command))
        except NotAuditedError as error:
            not_audited = True
            report(f"{name}: NOT AUDITED, the advisories are unavailable: {error}")
        else:
            report(f"{name}: {len(found)} known vulnerabilities")
            findings += found
    not_allowed, stale = list_failures(findings, read_allow_list(allowed), today)
    # An entry without a finding may belong to the lock that was not audited.
    failures = not_allowed if not_audited else [*not_allowed, *stale]
    for line in failures:
        report(line)
    return 1 if failures else 2 if not_audited else 0


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
    """Run a tool of the environment; both exit with 1 if they have findings."""
    done = subprocess.run(  # noqa: S603 - constant commands
        command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(_run, ALLOWED.read_text("utf-8"), datetime.now(UTC).date(), print))
