"""An adopter's back end that requests client secrets for its users with a token of its own."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

import httpx
import jwt
import pytest
import pytest_asyncio
from auth_kit import Connection, MovableClock, Service, StartService
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from todochat.identity.tokens import TokenVerifier
from todochat.testing.issuer import Issuer
from todochat.testing.logs import captured_logs

TOKEN: Final = secrets.token_hex(32)
PREVIOUS_TOKEN: Final = secrets.token_hex(32)
ISSUER: Final = "https://shop.example"


def entry(*tokens: str, **fields: object) -> dict[str, object]:
    digests = [f"sha256:{hashlib.sha256(token.encode()).hexdigest()}" for token in tokens]
    return {"issuer": ISSUER, "backend_tokens": digests, **fields}


def new_user() -> str:
    return f"ada-{secrets.token_hex(4)}"


@pytest_asyncio.fixture
async def shop(start_service: StartService) -> Service:
    """The service with the back end of a shop, whose token is being rotated."""
    return await start_service(external_issuers=json.dumps([entry(TOKEN, PREVIOUS_TOKEN)]))


async def ask(service: Service, token: str = TOKEN, **body: object) -> httpx.Response:
    return await service.browser().client_secret(token, body)


def claims_of(response: httpx.Response) -> dict[str, Any]:
    return jwt.decode(response.json()["client_secret"], options={"verify_signature": False})


async def test_a_back_end_gets_a_client_secret_for_a_user_it_names(
    shop: Service, database: Connection
) -> None:
    user = new_user()

    response = await ask(shop, user=user)

    secret = response.json()["client_secret"]
    identity = await TokenVerifier("todochat", shop.services.keys).client_secret(secret)
    row = await database.fetchrow("SELECT issuer, subject FROM users WHERE id = $1", user)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert (identity.user_id, response.json()["user_id"]) == (user, user)
    assert row is not None
    assert tuple(row) == (ISSUER, user)


async def test_both_tokens_work_during_a_rotation_and_others_do_not(shop: Service) -> None:
    user = new_user()

    tokens = [TOKEN, PREVIOUS_TOKEN, TOKEN.upper(), TOKEN[:-1], secrets.token_hex(32)]
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    responses = [await ask(shop, token, user=user) for token in (*tokens, digest)]

    assert [each.status_code for each in responses] == [200, 200, 401, 401, 401, 401]


async def test_the_issuers_prefix_is_part_of_the_user_id(start_service: StartService) -> None:
    service = await start_service(external_issuers=json.dumps([entry(TOKEN, prefix="shop|")]))
    user = new_user()

    response = await ask(service, user=user)

    assert response.json()["user_id"] == claims_of(response)["sub"] == f"shop|{user}"


async def test_a_users_own_token_and_the_back_end_share_the_account(
    start_service: StartService,
) -> None:
    issuer = Issuer()
    await issuer.server.start_server()
    both = {**issuer.entry(), **entry(TOKEN), "issuer": issuer.name}
    service = await start_service(external_issuers=json.dumps([both]))
    user = new_user()

    own = await service.browser().client_secret(issuer.token(sub=user))
    named = await ask(service, user=user)
    await issuer.server.close()

    assert (own.status_code, named.status_code) == (200, 200)
    assert claims_of(own)["sub"] == claims_of(named)["sub"] == user


async def test_a_back_end_cannot_act_for_local_accounts(
    shop: Service, database: Connection
) -> None:
    local = (await shop.browser().sign_up()).json()["user"]["id"]

    responses = [await ask(shop, user=name) for name in (local, local.upper(), "usr_new")]

    fields = [each.json()["errors"][0]["pointer"] for each in responses]
    assert ([each.status_code for each in responses], fields) == ([422] * 3, ["/user"] * 3)
    assert await database.fetchval("SELECT issuer FROM users WHERE id = $1", local) == "local"


async def test_a_back_end_cannot_act_for_another_issuers_users(
    start_service: StartService,
) -> None:
    first = {"issuer": "https://first.example", "backend_tokens": entry(TOKEN)["backend_tokens"]}
    before = await start_service(external_issuers=json.dumps([first]))
    now = await start_service(external_issuers=json.dumps([entry(TOKEN)]))
    user = new_user()
    await ask(before, user=user)

    response = await ask(now, user=user)

    assert response.json()["type"] == "urn:todochat:problem:external-user-refused"


async def test_a_refused_request_creates_no_account(shop: Service, database: Connection) -> None:
    user = new_user()

    response = await ask(shop, user=user, user_id="bob")

    assert response.status_code == 403
    assert await database.fetchval("SELECT count(*) FROM users WHERE id = $1", user) == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": ""},
        {"user": "a b"},
        {"user": "auth"},
        {"user": "x" * 129},
        {"user": 7},
        {"user": "ada", "expires_after": {"seconds": 0}},
        {"user": "ada", "expires_after": {"anchor": "last_active_at", "seconds": 60}},
        {"user": "ada", "rate_limits": {"max_requests_per_1_minute": 5}},
    ],
    ids=str,
)
async def test_an_invalid_request_is_refused(shop: Service, body: Mapping[str, object]) -> None:
    response = await shop.browser().client_secret(TOKEN, body)

    assert response.status_code == 422
    assert response.json()["errors"] or "rate_limits" in response.json()["detail"]


async def test_only_a_back_end_can_name_a_user(shop: Service) -> None:
    browser = shop.browser()
    login = (await browser.sign_up()).json()["access_token"]

    named = await ask(shop, login, user=new_user())
    shortened = await ask(shop, login, expires_after={"seconds": 60})
    managing = await browser.me(TOKEN)

    assert (named.status_code, shortened.status_code, managing.status_code) == (403, 403, 401)


@pytest.mark.parametrize(("seconds", "lifetime"), [(120, 120), (7200, 3600)])
async def test_a_back_end_can_shorten_the_lifetime(
    shop: Service, clock: MovableClock, seconds: int, lifetime: int
) -> None:
    response = await ask(shop, user=new_user(), expires_after={"seconds": seconds})

    claims = claims_of(response)
    assert lifetime - 1 <= claims["exp"] - claims["iat"] <= lifetime


async def test_requests_for_one_user_are_limited_and_leave_others_alone(
    start_service: StartService, database: Connection
) -> None:
    service = await start_service(
        external_issuers=json.dumps([entry(TOKEN)]), requests_per_minute=2
    )
    ada, bob = new_user(), new_user()

    responses = [await ask(service, user=user) for user in (ada, ada, ada, bob)]

    count = "SELECT count(*) FROM sessions WHERE user_id = $1"
    assert [each.status_code for each in responses] == [200, 200, 429, 200]
    assert await database.fetchval(count, ada) == 2


async def test_disabled_and_vanishing_accounts_are_refused(
    shop: Service, database: Connection
) -> None:
    disabled, erased = new_user(), new_user()
    for user in (disabled, erased):
        await ask(shop, user=user)

    await shop.services.account_admin.disable_account(disabled)
    await shop.services.erasures.erase_account(erased)
    responses = [await ask(shop, user=user) for user in (disabled, erased)]

    codes = [each.json()["type"].rpartition(":")[2] for each in responses]
    assert codes == ["account-disabled", "external-user-refused"]


async def test_an_erased_account_loses_its_secrets_and_can_be_created_again(
    shop: Service, database: Connection, redis: Redis
) -> None:
    user = new_user()
    sid = claims_of(await ask(shop, user=user))["sid"]

    await shop.services.erasures.erase_account(user)
    revoked = await redis.zscore("auth:revoked", sid)
    await database.execute("DELETE FROM erasures WHERE user_id = $1", user)  # it has finished
    again = await ask(shop, user=user)

    assert revoked is not None
    assert again.status_code == 200
    assert claims_of(again)["sid"] != sid


async def test_log_and_metric_tell_which_token_was_used(shop: Service) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("todochat_sign_ins_total", {"outcome": "backend"}) or 0.0

    before = count()
    with captured_logs() as lines:
        await ask(shop, PREVIOUS_TOKEN, user=new_user())

    (line,) = [each for each in lines if each["event"] == "session.opened_by_backend"]
    digest = hashlib.sha256(PREVIOUS_TOKEN.encode()).hexdigest()
    assert (line["issuer"], line["backend_token"]) == (ISSUER, digest[:8])
    assert PREVIOUS_TOKEN not in str(lines)
    assert count() == before + 1
