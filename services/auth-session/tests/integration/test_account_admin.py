"""Operations of administrators on accounts, and their effect on users."""

import argparse
import sys
from io import StringIO
from typing import Any

import pytest
from auth_kit import PASSWORD, Browser, Connection, Service, bearer

from auth_session.admin.command import add_to
from auth_session.errors import NoPasswordError
from auth_session.service.account_admin import AccountAdmin
from todochat.errors import ForbiddenError, NotFoundError
from todochat.ids import new_id


class Person:
    """A user with an account, a session, a client secret and an access token."""

    def __init__(self, browser: Browser, signed_up: dict[str, Any], token: str) -> None:
        self.browser = browser
        self.user_id: str = signed_up["user"]["id"]
        self.login: str = signed_up["access_token"]
        self.token = token


@pytest.fixture
async def ada(browser: Browser) -> Person:
    signed_up = (await browser.sign_up()).json()
    body = {"name": "cron", "scopes": ["chat", "tasks"], "password": PASSWORD}
    created = await browser.post(
        "/api/auth/tokens", body, headers=bearer(signed_up["access_token"])
    )
    return Person(browser, signed_up, created.json()["token"])


@pytest.fixture
def admin(service: Service) -> AccountAdmin:
    return service.services.account_admin


async def test_a_disabled_account_is_refused_with_the_reason(
    ada: Person, admin: AccountAdmin
) -> None:
    await admin.disable_account(ada.user_id)

    sign_in = await ada.browser.sign_in()
    refresh = await ada.browser.refresh()
    for refused in (sign_in, refresh):
        assert refused.status_code == 403
        assert refused.json()["type"].endswith("account-disabled")
    assert (await ada.browser.me(ada.login)).status_code == 401
    assert (await ada.browser.client_secret(ada.login)).status_code == 401
    assert (await ada.browser.client_secret(ada.token)).status_code == 401


async def test_a_wrong_password_does_not_reveal_a_disabled_account(
    ada: Person, admin: AccountAdmin
) -> None:
    await admin.disable_account(ada.user_id)

    response = await ada.browser.sign_in(password="a wrong password")

    assert response.status_code == 401


async def test_enabling_allows_sign_in_but_old_tokens_stay_revoked(
    ada: Person, admin: AccountAdmin
) -> None:
    await admin.disable_account(ada.user_id)
    await admin.enable_account(ada.user_id)

    assert (await ada.browser.refresh()).status_code == 401
    assert (await ada.browser.client_secret(ada.token)).status_code == 401
    assert (await ada.browser.sign_in()).status_code == 200


async def test_reset_password_replaces_the_password_and_revokes_tokens(
    ada: Person, admin: AccountAdmin
) -> None:
    for _ in range(10):
        await ada.browser.sign_in(password="a wrong password")

    password = await admin.reset_password(ada.user_id)

    assert (await ada.browser.me(ada.login)).status_code == 401
    assert (await ada.browser.client_secret(ada.token)).status_code == 401
    assert (await ada.browser.sign_in(password=PASSWORD)).status_code == 401
    assert (await ada.browser.sign_in(password=password)).status_code == 200


async def test_reset_password_refuses_an_account_without_a_password(
    admin: AccountAdmin, database: Connection
) -> None:
    user_id = new_id("usr")
    await database.execute(
        "INSERT INTO users (id, issuer, subject, created_at, updated_at)"
        " VALUES ($1, 'https://issuer.example', $1, now(), now())",
        user_id,
    )

    with pytest.raises(NoPasswordError):
        await admin.reset_password(user_id)


@pytest.mark.parametrize("spelling", [str, str.upper])
async def test_find_account_ignores_the_case_of_the_address(
    ada: Person, admin: AccountAdmin, spelling: Any
) -> None:
    found = await admin.find_account(spelling(ada.browser.email))

    assert found.id == ada.user_id
    assert (await admin.find_account(ada.user_id)).id == ada.user_id


@pytest.mark.parametrize("who", ["usr_nobody", "nobody@example.com", "-"])
async def test_find_account_raises_for_an_unknown_account(admin: AccountAdmin, who: str) -> None:
    with pytest.raises(NotFoundError):
        await admin.find_account(who)


async def run(service: Service, *words: str) -> None:
    """Run a command of `auth-session admin` in this process."""
    parser = argparse.ArgumentParser()
    add_to(parser)
    arguments = parser.parse_args(words)
    await arguments.run(service.services, arguments)


async def test_disable_and_enable_change_the_listed_state(
    service: Service, ada: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    async def state() -> str:
        capsys.readouterr()  # discard earlier output
        await run(service, "user", "list")
        lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        [line] = [line for line in lines if line[0] == ada.user_id]
        return line[4]

    before = await state()
    await run(service, "user", "disable", ada.browser.email)
    disabled = await state()
    await run(service, "user", "enable", ada.user_id)

    assert [before, disabled, await state()] == ["enabled", "disabled", "enabled"]


async def test_the_printed_password_signs_in(
    service: Service, ada: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(service, "user", "reset-password", ada.browser.email)
    password = capsys.readouterr().out.strip()

    assert (await ada.browser.sign_in(password=password)).status_code == 200


@pytest.mark.parametrize("reply", ["", "no\n", "y\n"])
async def test_delete_requires_a_yes(
    service: Service, ada: Person, monkeypatch: pytest.MonkeyPatch, reply: str
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(reply))

    with pytest.raises(ForbiddenError):
        await run(service, "user", "delete", ada.browser.email)

    assert (await ada.browser.me(ada.login)).status_code == 200
    await run(service, "user", "delete", ada.browser.email, "--yes")
    assert (await ada.browser.me(ada.login)).status_code == 401
