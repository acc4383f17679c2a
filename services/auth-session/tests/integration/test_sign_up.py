"""Sign-up: the response, values at and beyond the limits, and AUTH_SIGN_UP."""

import asyncio

import pytest
from auth_kit import Browser, MovableClock, Service, StartService

from auth_session.service import account_service
from auth_session.service.account_service import NewAccount
from todochat.errors import InvalidInputError

# 185 characters: with the 64 before it, the @ and a top-level domain of three, 254 in all.
LONG_DOMAIN = ".".join(["b" * 61] * 3)


async def test_sign_up_returns_a_login_token_and_the_account(browser: Browser) -> None:
    response = await browser.sign_up(name="Grace", timezone="Europe/Berlin", locale="de-AT")

    body = response.json()
    assert response.status_code == 201
    assert set(body) == {"access_token", "expires_in", "user"}
    assert body["expires_in"] == 900
    user = body["user"]
    assert set(user) == {"id", "email", "name", "timezone", "locale"}
    assert user["id"].startswith("usr_")
    assert user["email"] == browser.email
    assert (user["name"], user["timezone"], user["locale"]) == ("Grace", "Europe/Berlin", "de-AT")


async def test_responses_with_tokens_are_not_cached(browser: Browser) -> None:
    response = await browser.sign_up()

    assert response.headers["cache-control"] == "no-store"


async def test_omitted_fields_are_null(browser: Browser) -> None:
    response = await browser.sign_up()

    user = response.json()["user"]
    assert (user["name"], user["timezone"], user["locale"]) == (None, None, None)


async def test_sign_in_ignores_the_case_of_the_address(browser: Browser) -> None:
    await browser.sign_up()

    response = await browser.sign_in(email=browser.email.upper())

    assert response.status_code == 200
    assert response.json()["user"]["email"] == browser.email


async def test_a_taken_address_is_a_conflict(browser: Browser) -> None:
    await browser.sign_up()

    response = await browser.sign_up(email=browser.email.title())

    assert response.status_code == 409
    assert response.json()["type"] == "urn:todochat:problem:email-taken"


async def test_of_concurrent_sign_ups_with_one_address_one_succeeds(service: Service) -> None:
    first, second = service.browser(), service.browser()

    responses = await asyncio.gather(
        first.sign_up(email=first.email), second.sign_up(email=first.email)
    )

    assert sorted(response.status_code for response in responses) == [201, 409]


@pytest.mark.parametrize(
    ("field", "accepted", "refused"),
    [
        ("password", "tulip-96", "tulip-9"),
        ("password", "ab" * 128, "ab" * 128 + "c"),
        ("name", "n" * 100, "n" * 101),
        ("email", f"{'a' * 64}@{LONG_DOMAIN}.abc", f"{'a' * 64}@{LONG_DOMAIN}.abcd"),
        ("locale", "en-" + "-".join(["abcdefg"] * 4), "en-" + "-".join(["abcdefg"] * 4) + "-a"),
    ],
)
async def test_each_field_is_accepted_up_to_its_limit(
    browser: Browser, field: str, accepted: str, refused: str
) -> None:
    over = await browser.sign_up(**{field: refused})
    within = await browser.sign_up(**{field: accepted})

    assert over.status_code == 422
    assert over.json()["errors"][0]["pointer"] == f"/{field}"
    assert within.status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "grace"),
        ("email", "grace@localhost"),
        ("email", "a@b\u0000.example"),
        ("password", "password"),
        ("password", "Iloveyou"),
        ("password", "aaaaaaaaaaaa"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../etc/passwd"),
        ("timezone", "localtime"),
        ("locale", "english please"),
        ("locale", "en\n"),
        ("name", "Gr\u0000ace"),
        ("name", 7),
    ],
)
async def test_an_invalid_field_is_named(browser: Browser, field: str, value: str | int) -> None:
    response = await browser.sign_up(**{field: value})

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in response.json()["errors"]] == [f"/{field}"]


async def test_all_invalid_fields_are_named(browser: Browser) -> None:
    response = await browser.sign_up(password="password", timezone="Mars/Olympus", email="grace@")

    pointers = {fault["pointer"] for fault in response.json()["errors"]}
    assert pointers == {"/email", "/password", "/timezone"}


async def test_the_own_address_or_name_is_refused_as_password(browser: Browser) -> None:
    by_address = await browser.sign_up(password=browser.email)
    by_name = await browser.sign_up(name="Grace Hopper", password="gracehopper1")

    assert by_address.status_code == 422
    assert by_name.status_code == 422


async def test_an_unknown_field_is_refused(browser: Browser) -> None:
    response = await browser.sign_up(admin=True)

    assert response.status_code == 422


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"", b'"\xff"', b'{"email": "\\ud800"}'])
async def test_a_body_other_than_a_json_object_is_refused(browser: Browser, body: bytes) -> None:
    response = await browser.http.post(
        "/api/auth/sign-up", content=body, headers={"Content-Type": "application/json"}
    )

    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_body_over_16_kib_is_refused(browser: Browser) -> None:
    response = await browser.sign_up(name="n" * 16 * 1024)

    assert response.status_code == 413


async def test_sign_up_can_be_closed(start_service: StartService) -> None:
    browser = (await start_service(auth_sign_up="closed")).browser()

    response = await browser.sign_up()

    assert response.status_code == 403
    assert response.json()["type"] == "urn:todochat:problem:sign-up-closed"


class TestInvitations:
    """AUTH_SIGN_UP=invite."""

    async def test_sign_up_requires_an_invitation(self, start_service: StartService) -> None:
        browser = (await start_service(auth_sign_up="invite")).browser()

        without = await browser.sign_up()
        with_a_guess = await browser.sign_up(invitation="let me in")

        assert (without.status_code, with_a_guess.status_code) == (403, 403)
        assert without.json()["type"] == "urn:todochat:problem:invitation-refused"

    async def test_an_invitation_is_valid_once(self, start_service: StartService) -> None:
        service = await start_service(auth_sign_up="invite")
        code = await service.services.accounts.create_invitation(None)

        first = await service.browser().sign_up(invitation=code)
        second = await service.browser().sign_up(invitation=code)

        assert (first.status_code, second.status_code) == (201, 403)

    async def test_of_concurrent_uses_of_an_invitation_one_succeeds(
        self, start_service: StartService
    ) -> None:
        service = await start_service(auth_sign_up="invite")
        code = await service.services.accounts.create_invitation(None)

        responses = await asyncio.gather(
            *(service.browser().sign_up(invitation=code) for _ in range(2))
        )

        assert sorted(response.status_code for response in responses) == [201, 403]

    async def test_an_invitation_for_an_address_is_only_valid_for_it(
        self, start_service: StartService
    ) -> None:
        service = await start_service(auth_sign_up="invite")
        invited, other = service.browser(), service.browser()
        code = await service.services.accounts.create_invitation(invited.email.upper())

        by_other = await other.sign_up(invitation=code)
        by_invited = await invited.sign_up(invitation=code)

        assert (by_other.status_code, by_invited.status_code) == (403, 201)

    async def test_an_invitation_expires_after_seven_days(
        self, start_service: StartService, clock: MovableClock
    ) -> None:
        service = await start_service(auth_sign_up="invite")
        early = await service.services.accounts.create_invitation(None)
        late = await service.services.accounts.create_invitation(None)

        clock.advance(days=7, seconds=-10)
        within = await service.browser().sign_up(invitation=early)
        clock.advance(seconds=11)
        over = await service.browser().sign_up(invitation=late)

        assert (within.status_code, over.status_code) == (201, 403)

    async def test_a_failed_sign_up_keeps_its_invitation(self, start_service: StartService) -> None:
        service = await start_service(auth_sign_up="invite")
        code = await service.services.accounts.create_invitation(None)
        browser = service.browser()

        refused = await browser.sign_up(invitation=code, password="password")
        accepted = await browser.sign_up(invitation=code)

        assert (refused.status_code, accepted.status_code) == (422, 201)


class TestAdministrator:
    """Accounts created by an administrator."""

    async def test_they_can_sign_in_while_sign_up_is_closed(
        self, start_service: StartService
    ) -> None:
        service = await start_service(auth_sign_up="closed")
        browser = service.browser()

        user = await service.services.accounts.create_account(
            NewAccount(email=browser.email, password=browser.password)
        )

        assert (await browser.sign_in()).json()["user"]["id"] == user.id

    async def test_the_same_rules_apply(self, service: Service, browser: Browser) -> None:
        accounts = service.services.accounts

        with pytest.raises(InvalidInputError):
            await accounts.create_account(NewAccount(email=browser.email, password="password"))
        with pytest.raises(InvalidInputError):
            await accounts.create_invitation("no address")

    async def test_all_accounts_are_listed_oldest_first(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(account_service, "_PAGE_SIZE", 2)
        made = [(await service.browser().sign_up()).json()["user"]["id"] for _ in range(5)]

        listed = [user.id async for user in service.services.accounts.iterate_accounts()]

        assert [user_id for user_id in listed if user_id in made] == made
