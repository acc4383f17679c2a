"""Changing secrets: each step works beside the one before, and the page names every secret."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from deploy_kit import ROOT, program
from todochat.service_tokens import Arrow, ServiceTokens
from todochat.settings import ServiceSettings, load_settings

PAGE = (ROOT / "docs/operations/rotate-keys.md").read_text(encoding="utf-8")
SECRETS = program("deploy/compose/make_secrets.py")
OLD, NEW = "o" * 32, "n" * 32


def steps_of_the_page() -> list[str]:
    """The values of a shared secret, one after the other, as the page has them."""
    return [
        value.replace("OLD", OLD).replace("NEW", NEW)
        for value in re.findall(r"^\| \d \| `([A-Z,]+)` ", PAGE, re.MULTILINE)
    ]


def tokens(secret: str) -> ServiceTokens:
    environ = {"TODOCHAT_SERVICE_SECRET": secret, "REDIS_URL": "redis://localhost"}
    return ServiceTokens.from_settings(load_settings(ServiceSettings, environ), *Arrow)


def test_services_of_neighbouring_steps_understand_each_other() -> None:
    """While a step is rolled out, some instances have the former value."""
    steps = [OLD, *steps_of_the_page()]

    assert steps[-1] == NEW
    assert len(steps) == 4
    for before, after in pairwise(steps):
        for arrow in Arrow:
            for caller, callee in ((before, after), (after, before)):
                token = tokens(caller).mint(arrow, "usr_1")
                assert tokens(callee).verify({arrow}, token).user_id == "usr_1"


def test_the_page_names_every_secret_that_is_made() -> None:
    names = {*SECRETS["PLAIN"], *SECRETS["EMPTY"], *SECRETS["DATABASE_URLS"]}
    names |= {"database_admin_url", "redis_url", "valkey_conf"}

    assert {name for name in names if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize(
    ("deleted", "shared"),
    [
        (("valkey_password", "valkey_conf", "redis_url"), "valkey_password"),
        (("postgres_password", "database_admin_url"), "postgres_password"),
    ],
)
def test_secrets_that_belong_together_are_made_anew_together(
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
