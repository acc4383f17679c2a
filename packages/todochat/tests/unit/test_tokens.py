"""Login tokens and client secrets: valid and forged ones."""

import base64
import json
import time
from collections.abc import Callable, Sequence

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from todochat.errors import UnauthorizedError
from todochat.identity.tokens import (
    CLIENT_SECRET_TYPE,
    LOGIN_TYPE,
    SigningKey,
    TokenIssuer,
    TokenVerifier,
    bearer_token,
)

KEY = SigningKey.generate()
USER = "usr_1"


class KnownKeys:
    async def get(self, kid: str) -> Ed25519PublicKey | None:
        return KEY.private_key.public_key() if kid == KEY.kid else None


@pytest.fixture
def issuer() -> TokenIssuer:
    return TokenIssuer("todochat", KEY)


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier("todochat", KnownKeys())


def forge(
    key: Ed25519PrivateKey | bytes = KEY.private_key,
    algorithm: str = "EdDSA",
    *,
    drop: Sequence[str] = (),
    headers: dict[str, str] | None = None,
    **claims: object,
) -> str:
    now = int(time.time())
    payload: dict[str, object] = {
        "iss": "todochat", "aud": "todochat", "sub": USER, "sid": "ses_1",
        "iat": now, "exp": now + 60, **claims,
    }  # fmt: skip
    for name in drop:
        del payload[name]
    return jwt.encode(
        payload, key, algorithm, headers={"kid": KEY.kid, "typ": LOGIN_TYPE, **(headers or {})}
    )


async def test_login_token_has_user_session_and_expiry(
    issuer: TokenIssuer, verifier: TokenVerifier
) -> None:
    now = int(time.time())
    token, expires_at = issuer.login_token(USER, "ses_1", now)

    identity = await verifier.login(token)

    assert (identity.user_id, identity.sid, identity.kind) == (USER, "ses_1", "login")
    assert identity.expires_at == expires_at == now + 900


async def test_client_secret_is_valid_for_chat_only(
    issuer: TokenIssuer, verifier: TokenVerifier
) -> None:
    secret, expires_at = issuer.client_secret(USER, "ses_1", int(time.time()))

    identity = await verifier.client_secret(secret)

    assert (identity.user_id, identity.expires_at) == (USER, expires_at)
    assert identity.jti
    with pytest.raises(UnauthorizedError):
        await verifier.login(secret)


async def test_login_token_is_no_client_secret(
    issuer: TokenIssuer, verifier: TokenVerifier
) -> None:
    token, _ = issuer.login_token(USER, "ses_1", int(time.time()))

    with pytest.raises(UnauthorizedError):
        await verifier.client_secret(token)


class PublishedKeys:
    """Keys that are replaced, as by a rotation."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = {key.kid: key.private_key.public_key() for key in keys}

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        return self.keys.get(kid)


async def test_token_that_was_valid_before_expires(
    issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = TokenVerifier("todochat", PublishedKeys(KEY))
    token, _ = issuer.login_token(USER, "ses_1", int(time.time()) - 20, ttl_s=0)
    assert await verifier.login(token) == await verifier.login(token)

    monkeypatch.setattr("todochat.identity.tokens.LEEWAY_S", 10)

    with pytest.raises(UnauthorizedError, match="expired"):
        await verifier.login(token)


async def test_token_that_was_valid_before_is_rejected_when_its_key_is_replaced(
    issuer: TokenIssuer,
) -> None:
    keys = PublishedKeys(KEY)
    verifier = TokenVerifier("todochat", keys)
    token, _ = issuer.login_token(USER, "ses_1", int(time.time()))
    await verifier.login(token)

    keys.keys = PublishedKeys(SigningKey(KEY.kid, Ed25519PrivateKey.generate())).keys
    with pytest.raises(UnauthorizedError):
        await verifier.login(token)


async def test_verifier_keeps_a_bounded_number_of_tokens(
    issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todochat.identity.tokens.MAX_VERIFIED", 2)
    verifier = TokenVerifier("todochat", PublishedKeys(KEY))
    tokens = [issuer.login_token(USER, f"ses_{n}", int(time.time()))[0] for n in range(3)]

    for token in [*tokens, *tokens]:
        assert (await verifier.login(token)).user_id == USER

    assert len(vars(verifier)["_verified"]) == 2


async def test_login_with_all_correct_claims_is_accepted(
    verifier: TokenVerifier,
) -> None:
    assert (await verifier.login(forge())).user_id == USER


def unsigned() -> str:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims: dict[str, object] = {
        "iss": "todochat",
        "aud": "todochat",
        "sub": USER,
        "sid": "s",
        "iat": 1,
        "exp": 9**10,
    }
    return f"{part({'alg': 'none', 'typ': LOGIN_TYPE, 'kid': KEY.kid})}.{part(claims)}."


PUBLIC_BYTES = KEY.private_key.public_key().public_bytes_raw()
ATTACKS = {
    "alg none": unsigned,
    "HS256 signed with the public key": lambda: forge(PUBLIC_BYTES, "HS256"),
    "signed by another key": lambda: forge(SigningKey.generate().private_key),
    "unknown kid": lambda: forge(headers={"kid": "key_other"}),
    "kid of the wrong type": lambda: forge(headers={"kid": "../../etc/passwd"}),
    "wrong typ": lambda: forge(headers={"typ": "JWT"}),
    "client secret's typ": lambda: forge(headers={"typ": CLIENT_SECRET_TYPE}),
    "wrong audience": lambda: forge(aud="chatkit"),
    "wrong issuer": lambda: forge(iss="https://evil.example"),
    "expired": lambda: forge(exp=int(time.time()) - 31),
    "issued in the future": lambda: forge(iat=int(time.time()) + 120),
    "no exp": lambda: forge(drop=["exp"]),
    "no sub": lambda: forge(drop=["sub"]),
    "no sid": lambda: forge(drop=["sid"]),
    "no aud": lambda: forge(drop=["aud"]),
    "reserved user": lambda: forge(sub="auth"),
    "user that is no path segment": lambda: forge(sub="a/b"),
    "empty sid": lambda: forge(sid=""),
    "garbage": lambda: "not-a-token",
    "empty": lambda: "",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_forged_token_is_rejected(attack: Callable[[], str], verifier: TokenVerifier) -> None:
    with pytest.raises(UnauthorizedError):
        await verifier.login(attack())


async def test_clock_skew_within_leeway_is_accepted(
    verifier: TokenVerifier,
) -> None:
    token = forge(exp=int(time.time()) - 20)

    assert (await verifier.login(token)).user_id == USER


async def test_client_secret_with_mismatched_user_is_rejected(
    verifier: TokenVerifier,
) -> None:
    token = forge(aud="chatkit", user_id="usr_2", jti="j", headers={"typ": CLIENT_SECRET_TYPE})

    with pytest.raises(UnauthorizedError):
        await verifier.client_secret(token)


def test_signing_key_round_trips_through_pem() -> None:
    copy = SigningKey.from_pem(KEY.kid, KEY.to_pem())

    assert copy.public_jwk() == KEY.public_jwk()
    assert "d" not in copy.public_jwk()


@pytest.mark.parametrize(
    "header", ["", "Basic abc", "Bearer", "Bearer  a b", "Bearer " + "x" * 5000]
)
def test_malformed_bearer_header_is_rejected(header: str) -> None:
    with pytest.raises(UnauthorizedError):
        bearer_token({"authorization": header})


def test_bearer_token_is_returned() -> None:
    assert bearer_token({"authorization": "bearer a.b-c_d"}) == "a.b-c_d"
