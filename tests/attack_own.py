"""Attacks with tokens that imitate ours."""

import time
from collections.abc import Callable
from functools import partial

import httpx
from cryptography.hazmat.primitives import serialization

from attack_kit import EVIL, Attack, Forger, Ground, Request
from todochat.identity.tokens import SigningKey

Forge = Callable[[Forger, Ground], str]

# The verifiers of our own tokens, the kind each accepts, and a request that requires one.
VERIFIERS: dict[str, tuple[str, Request]] = {
    "auth-session": ("login token", Ground.me),
    "tasks": ("login token", Ground.tasks),
    "chat-gateway": ("client secret", Ground.runs),
}


def _public(ground: Ground) -> bytes:
    return ground.key.private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _raw_public(ground: Ground) -> bytes:
    return ground.key.private_key.public_key().public_bytes_raw()


def _with_own_key(forger: Forger, _ground: Ground) -> str:
    evil = SigningKey.generate()
    header = {"kid": evil.kid, "jwk": evil.public_jwk(), "jku": f"{EVIL}/jwks.json"}
    return forger.sign(key=evil.private_key, headers=header)


def _altered(forger: Forger, ground: Ground) -> str:
    header, _, signature = forger.sign().split(".")
    payload = forger.sign(sub=ground.bob.user_id, user_id=ground.bob.user_id).split(".")[1]
    return f"{header}.{payload}.{signature}"


def _without(claim: str, forger: Forger, _ground: Ground) -> str:
    return forger.sign(without={claim})


# The first row is no attack: it shows that the other rows differ only in what they change.
FORGERIES: dict[str, tuple[int, Forge]] = {
    "nothing changed": (200, lambda forger, _: forger.sign()),
    "`alg` none": (401, lambda forger, _: forger.sign(algorithm="none")),
    "`alg` nOnE": (401, lambda forger, _: forger.sign(algorithm="nOnE")),
    "HS256 signed with the public key (PEM)": (
        401,
        lambda forger, ground: forger.sign(algorithm="HS256", key=_public(ground)),
    ),
    "HS256 signed with the public key (raw)": (
        401,
        lambda forger, ground: forger.sign(algorithm="HS256", key=_raw_public(ground)),
    ),
    "HS256 signed with TODOCHAT_SERVICE_SECRET": (
        401,
        lambda forger, ground: forger.sign(algorithm="HS256", key=ground.service_secret.encode()),
    ),
    "signed with the attacker's key, sent along (`jwk`, `jku`)": (401, _with_own_key),
    "signed with the attacker's key, under the current `kid`": (
        401,
        lambda forger, _: forger.sign(key=SigningKey.generate().private_key),
    ),
    "`kid` swapped for the next key's": (
        401,
        lambda forger, ground: forger.sign(headers={"kid": ground.next_kid}),
    ),
    "unknown `kid`": (401, lambda forger, _: forger.sign(headers={"kid": "key_nobody"})),
    "`kid` missing": (401, lambda forger, _: forger.sign(headers={"kid": None})),
    "another user's claims under a genuine signature": (401, _altered),
    "wrong `typ` (the other kind's)": (
        401,
        lambda forger, _: forger.sign(headers={"typ": forger.other_typ}),
    ),
    "wrong `typ` (JWT)": (401, lambda forger, _: forger.sign(headers={"typ": "JWT"})),
    "`typ` missing": (401, lambda forger, _: forger.sign(headers={"typ": None})),
    "wrong `aud` (the other kind's)": (401, lambda forger, _: forger.sign(aud=forger.other_aud)),
    "wrong `iss`": (401, lambda forger, _: forger.sign(iss=EVIL)),
    "expired": (401, lambda forger, _: forger.sign(exp=int(time.time()) - 60)),
    "issued in the future": (401, lambda forger, _: forger.sign(iat=int(time.time()) + 600)),
    "not valid yet (`nbf`)": (401, lambda forger, _: forger.sign(nbf=int(time.time()) + 600)),
    "integer `sub`": (401, lambda forger, _: forger.sign(sub=42, user_id=42)),
    "empty `sid`": (401, lambda forger, _: forger.sign(sid="")),
    **{
        f"`{claim}` missing": (401, partial(_without, claim))
        for claim in ("iss", "aud", "iat", "exp", "sub", "sid")
    },
}
SECRET_FORGERIES: dict[str, tuple[int, Forge]] = {
    "`user_id` differs from `sub`": (
        401,
        lambda forger, ground: forger.sign(user_id=ground.bob.user_id),
    ),
    "`user_id` missing": (401, lambda forger, _: forger.sign(without={"user_id"})),
    "`jti` missing": (401, lambda forger, _: forger.sign(without={"jti"})),
}


async def _send(request: Request, kind: str, forge: Forge, ground: Ground) -> httpx.Response:
    return await request(ground, forge(Forger(ground, kind), ground))


OWN = [
    Attack(name, where, status, partial(_send, request, kind, forge))
    for where, (kind, request) in VERIFIERS.items()
    for name, (status, forge) in {
        **FORGERIES,
        **(SECRET_FORGERIES if kind == "client secret" else {}),
    }.items()
]
