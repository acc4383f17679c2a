"""Rotating secrets: each step works beside the one before, and the page names every secret."""

import base64
import re
from itertools import pairwise
from pathlib import Path

import pytest

from deploy_kit import ROOT, program
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.settings import ServiceSettings, load_settings
from todochat.telemetry.log_safety import derive_user_key

PAGE = (ROOT / "docs/operations/rotate-keys.md").read_text(encoding="utf-8")
SECRETS = program("deploy/compose/make_secrets.py")
OLD, NEW = "o" * 32, "n" * 32


def steps_of_the_page() -> list[str]:
    """Return the values of a shared secret in sequence, as on the page."""
    return [
        value.replace("OLD", OLD).replace("NEW", NEW)
        for value in re.findall(r"^\| \d \| `([A-Z,]+)` ", PAGE, re.MULTILINE)
    ]


def tokens(secret: str) -> ServiceTokens:
    environ = {"TODOCHAT_SERVICE_SECRET": secret, "REDIS_URL": "redis://localhost"}
    return ServiceTokens.from_settings(load_settings(ServiceSettings, environ), *Arrow)


def test_services_of_adjacent_steps_accept_each_others_tokens() -> None:
    """During the rollout of a step, some instances have the former value."""
    steps = [OLD, *steps_of_the_page()]

    assert steps[-1] == NEW
    assert len(steps) == 4
    for before, after in pairwise(steps):
        for arrow in Arrow:
            for caller, callee in ((before, after), (after, before)):
                token = tokens(caller).mint(arrow, "usr_1")
                assert tokens(callee).verify({arrow}, token).user_id == "usr_1"


def own_secrets(folder: Path) -> dict[str, str]:
    """The variables of the arrows' secrets, and the key of the log's hashes, as in compose."""
    names = {f"TODOCHAT_{name.upper()}": name for name in SECRETS["ARROWS"]}
    names["LOG_USER_KEY"] = "log_user_key"
    return {variable: (folder / name).read_text() for variable, name in names.items()}


def test_arrows_are_those_of_the_services() -> None:
    arrows = {f"service_secret_{arrow.name.lower()}": arrow.value for arrow in Arrow}

    assert arrows == SECRETS["ARROWS"]


@pytest.mark.parametrize("shared", [OLD, f"{OLD},{NEW}", f" {NEW} , {OLD}"])
def test_shared_and_separate_secrets_work_together(tmp_path: Path, shared: str) -> None:
    """An upgrade replaces one service after the other."""
    (tmp_path / "service_secret").write_text(f"{shared}\n")
    SECRETS["make_secrets"](tmp_path)
    variables = own_secrets(tmp_path)

    own = load_settings(ServiceSettings, {**variables, "REDIS_URL": "redis://localhost"})

    before, after = tokens(shared), ServiceTokens.from_settings(own, *Arrow)
    for arrow in Arrow:
        assert before.keys(arrow) == after.keys(arrow)
        assert before.verify({arrow}, after.mint(arrow, "usr_1")).user_id == "usr_1"
    assert own.log_user_key_bytes == derive_user_key("", shared)


def test_new_installation_has_a_secret_for_each_arrow_and_no_shared_one(tmp_path: Path) -> None:
    SECRETS["make_secrets"](tmp_path)

    values = own_secrets(tmp_path).values()

    assert len(set(values)) == len(Arrow) + 1
    assert not (tmp_path / "service_secret").exists()


def test_kubernetes_secret_is_completed_and_nothing_in_it_changed(tmp_path: Path) -> None:
    (tmp_path / "service_secret").write_text(OLD)
    SECRETS["make_secrets"](tmp_path)
    expected = {**own_secrets(tmp_path), "AUTH_SESSION_KEY_SECRET": OLD}
    secret = {"data": {"TODOCHAT_SERVICE_SECRET": base64.b64encode(OLD.encode()).decode()}}

    patch = SECRETS["patch_secret"](secret)
    secret["data"].update(LOG_USER_KEY="a2V5", AUTH_SESSION_KEY_SECRET="a2V5")
    second = SECRETS["patch_secret"](secret)

    assert patch == {"stringData": expected}
    assert set(second["stringData"]) == set(expected) - {"LOG_USER_KEY", "AUTH_SESSION_KEY_SECRET"}


def test_page_names_every_generated_secret() -> None:
    names = {*SECRETS["PLAIN"], *SECRETS["EMPTY"], *SECRETS["DATABASE_URLS"], *SECRETS["ARROWS"]}
    names |= {"database_admin_url", "redis_url", "valkey_conf", "log_user_key"}

    assert {name for name in names if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize(
    ("deleted", "shared"),
    [
        (("valkey_password", "valkey_conf", "redis_url"), "valkey_password"),
        (("postgres_password", "database_admin_url"), "postgres_password"),
    ],
)
def test_related_secrets_are_regenerated_together(
    tmp_path: Path, deleted: tuple[str, ...], shared: str
) -> None:
    SECRETS["make_secrets"](tmp_path)
    before = (tmp_path / shared).read_text()
    for name in deleted:
        (tmp_path / name).unlink()

    made = SECRETS["make_secrets"](tmp_path)

    password = (tmp_path / shared).read_text()
    assert set(made) == set(deleted)
    assert password != before
    assert all(password in (tmp_path / name).read_text() for name in deleted)
