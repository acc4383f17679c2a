"""Attacks with tokens that imitate those of external issuers."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from attack_kit import EVIL, Attack, Ground, Request, encode
from todochat.testing.issuer import better_auth_token, public_pem

Forge = Callable[[Ground], str]

EXCHANGE = "exchange"
SESSION = "session"
ROUTES: dict[str, Request] = {EXCHANGE: Ground.exchange, SESSION: Ground.session}


def _changed(**changes: Any) -> Forge:
    return lambda ground: ground.issuer.token(**changes)


def _old_client_secret(_: Ground) -> str:
    return better_auth_token(id=None, user_id="ada", jti="x", email=None, name=None)


def _confused(ground: Ground) -> str:
    pem = public_pem(ground.issuer.keys["k1"])
    return encode(ground.issuer.claims(), pem, "HS256", {"kid": "k1", "typ": "JWT"})


def _unsigned(ground: Ground) -> str:
    return encode(ground.issuer.claims(), None, "none", {"kid": "k1"})


def _in_anothers_name(ground: Ground) -> str:
    return better_auth_token(**ground.issuer.claims())


def _with_header(**header: object) -> Forge:
    def forge(ground: Ground) -> str:
        headers = {"kid": "k1", **header}
        return encode(ground.issuer.claims(), ground.issuer.keys["k1"], "ES256", headers)

    return forge


TOKENS: dict[str, tuple[int, Forge]] = {
    "nothing changed": (200, _changed()),
    "nothing changed (Better Auth)": (200, lambda _: better_auth_token()),
    "integer `sub` (becomes text)": (200, _changed(sub=42)),
    "`sub` is true": (401, _changed(sub=True)),
    "`sub` equal to one of our ids": (
        401,
        lambda ground: better_auth_token(id=None, sub=ground.ada.user_id),
    ),
    "`sub` equal to another issuer's user (becomes its own)": (
        200,
        lambda _: better_auth_token(id="ext|ada"),
    ),
    "`sub` missing": (401, _changed(sub=None)),
    "an old client secret as a login": (401, _old_client_secret),
    "our own client secret as a login": (401, lambda ground: ground.ada.client_secret),
    "`alg` none": (401, _unsigned),
    "HS256 signed with the public key": (401, _confused),
    "another issuer's name under Better Auth's secret": (401, _in_anothers_name),
    "wrong secret": (401, lambda _: better_auth_token("0123456789abcdef" * 2)),
    "`kid` swapped": (401, _with_header(kid="k2")),
    "wrong `typ` (chatkit+jwt)": (401, _with_header(typ="chatkit+jwt")),
    "wrong `typ` (logout+jwt)": (401, _with_header(typ="logout+jwt")),
    "`crit` that is unknown": (401, _with_header(crit=["x"], x=1)),
    "wrong `aud`": (401, _changed(aud="another-app")),
    "`aud` missing": (401, _changed(aud=None)),
    "wrong `iss`": (401, _changed(iss=EVIL)),
    "our own `iss`": (401, _changed(iss="todochat")),
    "`exp` missing": (401, _changed(exp=None)),
    "`exp` missing (Better Auth)": (401, lambda _: better_auth_token(exp=None)),
    "expired": (401, _changed(exp=int(time.time()) - 60)),
}


async def _send(request: Request, forge: Forge, ground: Ground) -> httpx.Response:
    return await request(ground, forge(ground))


EXTERNAL = [
    Attack(name, where, status, partial(_send, request, forge))
    for name, (status, forge) in TOKENS.items()
    for where, request in ROUTES.items()
]
