"""External issuers: accepted tokens, and the accounts and sessions they open."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
import pytest_asyncio
from auth_kit import Browser, Connection, MovableClock, Service, StartService, bearer
from redis.asyncio import Redis

from auth_session.clients.issuer_keys import IssuerKeys
from todochat.identity.tokens import TokenVerifier
from todochat.testing.issuer import BETTER_AUTH_SECRET, Issuer, better_auth_token, public_jwk


def claims_of(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def new_subject() -> str:
    return f"ada-{secrets.token_hex(4)}"


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    await issuer.server.start_server()
    yield issuer
    await issuer.server.close()


@pytest_asyncio.fixture
async def external(start_service: StartService, issuer: Issuer) -> Service:
    """The service with one issuer with public keys."""
    return await start_service(external_issuers=json.dumps([issuer.entry()]))


@pytest_asyncio.fixture
async def better_auth(start_service: StartService) -> Service:
    """The service with Better Auth's secret only, like the application it replaces."""
    return await start_service(better_auth_secret=BETTER_AUTH_SECRET, auth_sign_up="")


async def exchange(browser: Browser, token: str) -> tuple[int, dict[str, object]]:
    response = await browser.post("/api/auth/exchange", {"token": token})
    return response.status_code, response.json()


class TestBetterAuth:
    async def test_a_login_token_gets_a_client_secret_without_an_exchange(
        self, better_auth: Service
    ) -> None:
        subject = new_subject()
        token = better_auth_token(id=subject)

        response = await better_auth.browser().client_secret(token, {"user_id": subject})

        secret = response.json()["client_secret"]
        identity = await TokenVerifier("todochat", better_auth.services.keys).client_secret(secret)
        assert (response.status_code, identity.user_id) == (200, subject)

    async def test_a_client_secret_for_another_user_is_forbidden(
        self, better_auth: Service
    ) -> None:
        token = better_auth_token(id=new_subject())

        response = await better_auth.browser().client_secret(token, {"user_id": "another"})

        assert response.status_code == 403

    async def test_sub_takes_precedence_over_id(self, better_auth: Service) -> None:
        subject = new_subject()

        _, body = await exchange(better_auth.browser(), better_auth_token(sub=subject, id="other"))

        assert body["user"]["id"] == subject  # type: ignore[index]

    async def test_local_sign_up_is_closed(self, better_auth: Service) -> None:
        response = await better_auth.browser().sign_up()

        assert response.json()["type"] == "urn:todochat:problem:sign-up-closed"

    async def test_a_setting_opens_local_sign_up(self, start_service: StartService) -> None:
        service = await start_service(better_auth_secret=BETTER_AUTH_SECRET, auth_sign_up="open")

        assert (await service.browser().sign_up()).status_code == 201

    async def test_a_token_with_an_issuer_requires_its_url(
        self, start_service: StartService
    ) -> None:
        url = "https://app.example"
        token = better_auth_token(id=new_subject(), iss=url, aud=url)
        unaware = await start_service(better_auth_secret=BETTER_AUTH_SECRET)
        aware = await start_service(better_auth_secret=BETTER_AUTH_SECRET, better_auth_url=url)

        responses = [await exchange(each.browser(), token) for each in (unaware, aware)]

        assert [status for status, _ in responses] == [401, 200]

    async def test_tokens_with_and_without_issuer_share_users(
        self, start_service: StartService
    ) -> None:
        url, subject = "https://app.example", new_subject()
        service = await start_service(better_auth_secret=BETTER_AUTH_SECRET, better_auth_url=url)

        responses = [
            await exchange(service.browser(), better_auth_token(id=subject, iss=name, aud=name))
            for name in (None, url)
        ]

        assert [status for status, _ in responses] == [200, 200]


class TestUsers:
    async def test_a_first_login_creates_an_account_from_the_claims(
        self, external: Service, issuer: Issuer, database: Connection
    ) -> None:
        subject = new_subject()
        token = issuer.token(
            sub=subject, email="Ada@Example.com", name="Ada", zoneinfo="Europe/Berlin", locale="de"
        )

        status, body = await exchange(external.browser(), token)

        assert status == 200
        assert body["user"] == {
            "id": subject,
            "email": "Ada@example.com",
            "name": "Ada",
            "timezone": "Europe/Berlin",
            "locale": "de",
        }
        row = await database.fetchrow("SELECT issuer, subject FROM users WHERE id = $1", subject)
        assert row is not None
        assert tuple(row) == (issuer.name, subject)

    async def test_unacceptable_claims_are_dropped(self, external: Service, issuer: Issuer) -> None:
        token = issuer.token(
            sub=new_subject(), email="no address", name="a\x00b", zoneinfo=7, locale="?"
        )

        _, body = await exchange(external.browser(), token)

        user = body["user"]
        assert isinstance(user, dict)
        assert [user[field] for field in ("email", "name", "timezone", "locale")] == [None] * 4

    async def test_a_later_login_updates_the_address(
        self, external: Service, issuer: Issuer, database: Connection
    ) -> None:
        subject = new_subject()
        await exchange(external.browser(), issuer.token(sub=subject, email="a@example.com"))

        _, body = await exchange(
            external.browser(), issuer.token(sub=subject, email="b@example.com")
        )

        assert body["user"]["email"] == "b@example.com"  # type: ignore[index]
        count = await database.fetchval("SELECT count(*) FROM users WHERE id = $1", subject)
        assert count == 1

    async def test_concurrent_first_logins_create_one_account(
        self, external: Service, issuer: Issuer
    ) -> None:
        subject = new_subject()
        tokens = [issuer.token(sub=subject, n=n) for n in range(8)]

        responses = await asyncio.gather(*(exchange(external.browser(), token) for token in tokens))

        assert [status for status, _ in responses] == [200] * 8

    async def test_an_integer_can_be_a_user_id(self, external: Service, issuer: Issuer) -> None:
        number = secrets.randbelow(2**40) + 1

        _, body = await exchange(external.browser(), issuer.token(sub=number))

        assert body["user"]["id"] == str(number)  # type: ignore[index]

    @pytest.mark.parametrize(
        "subject",
        ["", True, 1.5, ["ada"], "a b", "a/b", "auth", "chatkit", "..", "x" * 129, "ädä"],
        ids=str,
    )
    async def test_an_invalid_user_id_is_refused(
        self, external: Service, issuer: Issuer, subject: object
    ) -> None:
        status, _ = await exchange(external.browser(), issuer.token(sub=subject))

        assert status == 401

    async def test_a_subject_with_the_prefix_of_local_ids_is_refused(
        self, external: Service, issuer: Issuer
    ) -> None:
        browser = external.browser()
        local = (await browser.sign_up()).json()["user"]["id"]

        responses = [
            await exchange(browser, issuer.token(sub=subject))
            for subject in (local, local.upper(), "usr_somebody")
        ]

        assert [status for status, _ in responses] == [401, 401, 401]

    async def test_two_issuers_do_not_share_users(
        self, start_service: StartService, issuer: Issuer
    ) -> None:
        other = Issuer("https://other.example")
        await other.server.start_server()
        entries = json.dumps([issuer.entry(prefix="one|"), other.entry(prefix="other|")])
        service = await start_service(external_issuers=entries)
        subject = new_subject()

        bodies = [
            (await exchange(service.browser(), each.token(sub=subject)))[1]
            for each in (issuer, other)
        ]
        named_like_theirs = issuer.token(sub=f"other|{subject}")
        bodies.append((await exchange(service.browser(), named_like_theirs))[1])
        await other.server.close()

        ids = [body["user"]["id"] for body in bodies]  # type: ignore[index]
        assert ids == [f"one|{subject}", f"other|{subject}", f"one|other|{subject}"]

    async def test_an_id_of_another_issuers_account_is_refused(
        self, start_service: StartService, issuer: Issuer
    ) -> None:
        other = Issuer("https://other.example")
        await other.server.start_server()
        before = await start_service(external_issuers=json.dumps([issuer.entry()]))
        entries = json.dumps([other.entry(prefix="other|")])
        now = await start_service(external_issuers=entries)
        subject = new_subject()
        await exchange(before.browser(), issuer.token(sub=f"other|{subject}"))

        status, body = await exchange(now.browser(), other.token(sub=subject))
        await other.server.close()

        assert (status, body["type"]) == (403, "urn:todochat:problem:external-user-refused")

    async def test_user_claim_selects_the_claim_with_the_user_id(
        self, start_service: StartService, issuer: Issuer
    ) -> None:
        entries = json.dumps([issuer.entry(user_claim="oid")])
        service = await start_service(external_issuers=entries)
        subject = new_subject()

        named = await exchange(service.browser(), issuer.token(oid=subject))
        nameless = await exchange(service.browser(), issuer.token())

        assert named[1]["user"]["id"] == subject  # type: ignore[index]
        assert nameless[0] == 401

    @pytest.mark.parametrize("state", ["disabled", "being-erased"])
    async def test_a_disabled_account_is_refused(
        self, external: Service, issuer: Issuer, database: Connection, state: str
    ) -> None:
        subject = new_subject()
        if state == "disabled":
            await exchange(external.browser(), issuer.token(sub=subject))
            await database.execute("UPDATE users SET disabled_at = now() WHERE id = $1", subject)
        else:
            await database.execute(
                "INSERT INTO erasures (user_id, requested_at, attempts, next_attempt_at)"
                " VALUES ($1, now(), 0, now() + interval '1 day')",
                subject,
            )

        status, _ = await exchange(external.browser(), issuer.token(sub=subject, n=2))

        assert status == 403


class TestSessions:
    async def test_an_exchanged_token_is_a_login_token_without_a_cookie(
        self, external: Service, issuer: Issuer
    ) -> None:
        browser = external.browser()

        response = await browser.post("/api/auth/exchange", {"token": issuer.token()})

        body = response.json()
        assert set(body) == {"access_token", "expires_in", "user"}
        assert body["expires_in"] == 15 * 60
        assert "set-cookie" not in response.headers
        assert response.headers["cache-control"] == "no-store"
        assert (await browser.me(body["access_token"])).json() == body["user"]
        assert (await browser.client_secret(body["access_token"])).status_code == 200

    async def test_one_token_opens_one_session(self, external: Service, issuer: Issuer) -> None:
        browser, token = external.browser(), issuer.token(sub=new_subject())

        secrets_ = [(await browser.client_secret(token)).json() for _ in range(2)]
        _, exchanged = await exchange(browser, token)

        sids = {claims_of(each["client_secret"])["sid"] for each in secrets_}
        assert sids == {claims_of(str(exchanged["access_token"]))["sid"]}

    async def test_a_token_is_refused_after_its_session_was_signed_out(
        self, external: Service, issuer: Issuer, redis: Redis
    ) -> None:
        browser, token = external.browser(), issuer.token(sub=new_subject())
        _, exchanged = await exchange(browser, token)
        login = str(exchanged["access_token"])

        await browser.post("/api/auth/sign-out", headers=bearer(login))

        assert (await exchange(browser, token))[0] == 401
        assert (await browser.client_secret(token)).status_code == 401
        assert await redis.zscore("auth:revoked", str(claims_of(login)["sid"])) is not None

    async def test_the_token_that_erased_an_account_cannot_restore_it(
        self, external: Service, issuer: Issuer, database: Connection
    ) -> None:
        browser, subject = external.browser(), new_subject()
        token = issuer.token(sub=subject)
        _, exchanged = await exchange(browser, token)
        login = str(exchanged["access_token"])
        erased = await browser.http.delete("/api/auth/me", headers=bearer(login))
        await database.execute(
            "DELETE FROM erasures WHERE user_id = $1", subject
        )  # the erasure has finished

        again = await exchange(browser, token)
        later = await exchange(browser, issuer.token(sub=subject, n=2))

        assert erased.status_code == 202
        assert (again[0], later[0]) == (401, 200)

    async def test_a_secret_expires_at_most_its_lifetime_after_the_token(
        self, external: Service, issuer: Issuer
    ) -> None:
        ends = int(time.time()) + 60

        secret = await external.browser().client_secret(issuer.token(sub=new_subject(), exp=ends))

        assert claims_of(secret.json()["client_secret"])["exp"] <= ends + 3600  # type: ignore[operator]

    @pytest.mark.parametrize("exp", [2**53, 1e300], ids=["far", "absurd"])
    async def test_a_long_lived_token_does_not_extend_the_session(
        self, external: Service, issuer: Issuer, database: Connection, exp: float
    ) -> None:
        subject = new_subject()

        status, _ = await exchange(external.browser(), issuer.token(sub=subject, exp=exp))

        days = await database.fetchval(
            "SELECT max(extract(epoch FROM expires_at - created_at)) / 86400"
            " FROM sessions WHERE user_id = $1",
            subject,
        )
        assert status == 200
        assert 90 <= days < 90.01  # from the first use; the session began when the token was issued

    @pytest.mark.parametrize(
        ("claims", "age_s"),
        [({"iat": -600}, 600), ({"iat": 0, "auth_time": -600}, 600), ({"iat": None}, 0)],
        ids=["issued", "signed in", "neither"],
    )
    async def test_a_session_begins_at_the_sign_in_at_the_issuer(
        self,
        external: Service,
        issuer: Issuer,
        database: Connection,
        claims: dict[str, int | None],
        age_s: int,
    ) -> None:
        subject, now = new_subject(), int(time.time())
        times: dict[str, Any] = {
            name: None if ago is None else now + ago for name, ago in claims.items()
        }

        await exchange(external.browser(), issuer.token(sub=subject, **times))

        age = await database.fetchval(
            "SELECT extract(epoch FROM last_used_at - created_at) FROM sessions WHERE user_id = $1",
            subject,
        )
        assert age_s <= age < age_s + 60

    async def test_an_external_session_is_listed(self, external: Service, issuer: Issuer) -> None:
        browser = external.browser()
        _, exchanged = await exchange(browser, issuer.token(sub=new_subject()))

        response = await browser.http.get(
            "/api/auth/sessions", headers=bearer(str(exchanged["access_token"]))
        )

        assert [item["current"] for item in response.json()["items"]] == [True]


class TestKeys:
    @pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
    async def test_each_default_algorithm_is_accepted(
        self, start_service: StartService, algorithm: str
    ) -> None:
        issuer = Issuer(algorithm=algorithm)
        await issuer.server.start_server()
        service = await start_service(external_issuers=json.dumps([issuer.entry()]))

        status, _ = await exchange(service.browser(), issuer.token())
        await issuer.server.close()

        assert status == 200

    async def test_concurrent_logins_share_one_fetch(
        self, external: Service, issuer: Issuer
    ) -> None:
        responses = await asyncio.gather(
            *(exchange(external.browser(), issuer.token(n=n)) for n in range(10))
        )

        assert [status for status, _ in responses] == [200] * 10
        assert issuer.asked == 1

    async def test_an_issuer_outage_is_503_until_it_recovers(
        self, external: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        issuer.broken = True
        browser = external.browser()

        down = await browser.post("/api/auth/exchange", {"token": issuer.token()})
        again = await browser.client_secret(issuer.token())
        monkeypatch.setattr(IssuerKeys, "min_first_fetch_interval_s", 0)
        issuer.broken = False
        healed = await browser.client_secret(issuer.token())

        assert [each.status_code for each in (down, again, healed)] == [503, 503, 200]
        assert down.headers["retry-after"] == "10"
        assert down.json()["type"] == "urn:todochat:problem:issuer-unavailable"
        assert issuer.asked == 2

    async def test_a_fetch_times_out(
        self, external: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(IssuerKeys, "fetch_timeout_s", 0.2)
        issuer.released.clear()

        status, _ = await exchange(external.browser(), issuer.token())
        issuer.released.set()

        assert status == 503

    @pytest.mark.parametrize(
        "document",
        [
            b"<html>",
            b"{}",
            b'{"keys": [7]}',
            b" " * 300_000,
            b'{"keys": [' + b"{}," * 100 + b"{}]}",
        ],
        ids=["html", "no-keys", "no-objects", "too-long", "too-many"],
    )
    async def test_an_invalid_key_set_is_503(
        self, external: Service, issuer: Issuer, document: bytes
    ) -> None:
        issuer.document = document

        assert (await exchange(external.browser(), issuer.token()))[0] == 503

    async def test_cached_keys_are_used_while_the_issuer_is_down(
        self, external: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = external.browser()
        await exchange(browser, issuer.token())
        issuer.broken = True
        monkeypatch.setattr(IssuerKeys, "max_age_s", 0)
        monkeypatch.setattr(IssuerKeys, "min_fetch_interval_s", 0)

        known = [await exchange(browser, issuer.token(n=n)) for n in range(2)]
        monkeypatch.setattr(IssuerKeys, "max_stale_s", 0)
        stale = await exchange(browser, issuer.token())

        assert [status for status, _ in known] == [200, 200]
        assert stale[0] == 503

    async def test_an_unknown_key_is_fetched_at_most_every_ten_seconds(
        self, external: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = external.browser()
        await exchange(browser, issuer.token())
        issuer.keys["k2"] = Issuer().keys["k1"]

        early = await exchange(browser, issuer.token(kid="k2"))
        monkeypatch.setattr(IssuerKeys, "min_fetch_interval_s", 0)
        late = await exchange(browser, issuer.token(kid="k2"))

        assert (early[0], late[0]) == (401, 200)
        assert issuer.asked == 2

    async def test_unusable_keys_are_skipped(self, external: Service, issuer: Issuer) -> None:
        key = issuer.keys["k1"]
        issuer.more_jwks = [
            {"kty": "oct", "k": "AAAA", "kid": "shared"},
            {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "curve"},
            {**public_jwk(key, "enc", "ES256"), "use": "enc"},
            {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "weak"},
            {"nonsense": True},
        ]

        assert (await exchange(external.browser(), issuer.token()))[0] == 200

    async def test_a_token_without_a_kid_uses_the_only_key(
        self, external: Service, issuer: Issuer
    ) -> None:
        one = await exchange(external.browser(), issuer.token(kid=None))

        assert one[0] == 200

    async def test_a_key_is_only_used_with_its_published_algorithm(
        self, start_service: StartService
    ) -> None:
        issuer = Issuer(algorithm="RS256")
        await issuer.server.start_server()
        entries = json.dumps([issuer.entry(algorithms=["RS256", "PS256"])])
        service = await start_service(external_issuers=entries)
        token = jwt.encode(
            issuer.claims(), issuer.keys["k1"], algorithm="PS256", headers={"kid": "k1"}
        )

        status, _ = await exchange(service.browser(), token)
        await issuer.server.close()

        assert status == 401


async def test_an_algorithm_outside_the_entry_is_refused(
    start_service: StartService, issuer: Issuer
) -> None:
    entries = json.dumps([issuer.entry(algorithms=["RS256", "ES384"])])
    service = await start_service(external_issuers=entries)

    status, _ = await exchange(service.browser(), issuer.token())

    assert status == 401


async def test_exchange_is_refused_without_external_issuers(browser: Browser) -> None:
    status, _ = await exchange(browser, better_auth_token())

    assert status == 401


async def test_an_expired_token_is_reported_as_expired(
    external: Service, issuer: Issuer, clock: MovableClock
) -> None:
    response = await external.browser().client_secret(issuer.token(exp=int(time.time()) - 60))

    assert response.status_code == 401
    assert response.json()["expired"] is True


@pytest.mark.parametrize("body", [{}, {"token": 7}, {"token": ""}, {"token": "x" * 8193}, []])
async def test_a_malformed_body_is_refused(browser: Browser, body: object) -> None:
    assert (await browser.post("/api/auth/exchange", body)).status_code == 422
