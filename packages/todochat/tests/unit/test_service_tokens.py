import time

import pytest

from todochat.errors import UnauthorizedError
from todochat.identity.service_tokens import Arrow, ServiceTokens, looks_like_service_token
from todochat.identity.tokens import SigningKey, TokenIssuer
from todochat.settings import ServiceSettings, SettingsError

SECRET = "s" * 32


def make_tokens(*arrows: Arrow, **variables: str) -> ServiceTokens:
    return ServiceTokens.from_settings(
        ServiceSettings.load({"REDIS_URL": "r", **variables}), *(arrows or Arrow)
    )


def test_token_identifies_caller_and_user() -> None:
    tokens = make_tokens(TODOCHAT_SERVICE_SECRET=SECRET)

    identity = tokens.verify({Arrow.AGENT_TO_TASKS}, tokens.mint(Arrow.AGENT_TO_TASKS, "usr_1"))

    assert (identity.caller, identity.user_id) == ("todo-agent", "usr_1")


@pytest.mark.parametrize("minted", Arrow)
@pytest.mark.parametrize("accepted", Arrow)
def test_token_is_invalid_on_other_arrows(minted: Arrow, accepted: Arrow) -> None:
    tokens = make_tokens(TODOCHAT_SERVICE_SECRET=SECRET)
    token = tokens.mint(minted, "usr_1")

    if minted is accepted:
        assert tokens.verify({accepted}, token).caller == minted.caller
    else:
        with pytest.raises(UnauthorizedError):
            tokens.verify({accepted}, token)


def test_expired_token_is_rejected() -> None:
    tokens = make_tokens(TODOCHAT_SERVICE_SECRET=SECRET)
    token = tokens.mint(Arrow.AGENT_TO_TASKS, "usr_1", now=int(time.time()) - 100)

    with pytest.raises(UnauthorizedError):
        tokens.verify({Arrow.AGENT_TO_TASKS}, token)


def test_both_secrets_are_accepted_during_rotation() -> None:
    old, new = "o" * 32, "n" * 32
    before = make_tokens(TODOCHAT_SERVICE_SECRET=old)
    during = make_tokens(TODOCHAT_SERVICE_SECRET=f"{new},{old}")
    after = make_tokens(TODOCHAT_SERVICE_SECRET=new)
    arrow = Arrow.GATEWAY_TO_AGENT

    assert during.verify({arrow}, before.mint(arrow, "usr_1")).user_id == "usr_1"
    assert after.verify({arrow}, during.mint(arrow, "usr_1")).user_id == "usr_1"
    with pytest.raises(UnauthorizedError):
        after.verify({arrow}, before.mint(arrow, "usr_1"))


def test_arrow_may_have_its_own_secret() -> None:
    own = make_tokens(
        TODOCHAT_SERVICE_SECRET=SECRET, TODOCHAT_SERVICE_SECRET_AGENT_TO_TASKS="t" * 32
    )
    shared = make_tokens(TODOCHAT_SERVICE_SECRET=SECRET)

    with pytest.raises(UnauthorizedError):
        shared.verify({Arrow.AGENT_TO_TASKS}, own.mint(Arrow.AGENT_TO_TASKS, "usr_1"))


def test_service_with_own_secrets_needs_no_shared_one() -> None:
    tokens = make_tokens(Arrow.AGENT_TO_TASKS, TODOCHAT_SERVICE_SECRET_AGENT_TO_TASKS="t" * 32)

    token = tokens.mint(Arrow.AGENT_TO_TASKS, "usr_1")

    assert tokens.verify({Arrow.AGENT_TO_TASKS}, token).user_id == "usr_1"


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({}, "TODOCHAT_SERVICE_SECRET is required"),
        ({"TODOCHAT_SERVICE_SECRET": "short"}, "TODOCHAT_SERVICE_SECRET: at least 32 bytes"),
        (
            {"TODOCHAT_SERVICE_SECRET_GATEWAY_TO_AGENT": "base64:" + "k" * 40},
            "TODOCHAT_SERVICE_SECRET_GATEWAY_TO_AGENT: at least 32 bytes",
        ),
        (
            {"TODOCHAT_SERVICE_SECRET_GATEWAY_TO_AGENT": "base64:" + "?" * 43},
            "TODOCHAT_SERVICE_SECRET_GATEWAY_TO_AGENT: not base64",
        ),
    ],
)
def test_missing_or_short_secret_is_rejected(variables: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError, match=line):
        make_tokens(**variables)


def test_login_token_does_not_look_like_service_token() -> None:
    login, _ = TokenIssuer("todochat", SigningKey.generate()).login_token("usr_1", "s", 1)

    assert not looks_like_service_token(login)
    assert not looks_like_service_token("garbage")
    assert looks_like_service_token(
        make_tokens(TODOCHAT_SERVICE_SECRET=SECRET).mint(Arrow.AGENT_TO_TASKS, "u")
    )
