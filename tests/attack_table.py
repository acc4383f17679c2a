"""The attacks on identity and the response to each; docs/security.md shows the table.

`python tests/attack_table.py` prints it.
"""

import time
from collections.abc import Sequence

import httpx
import jwt

from attack_external import EXTERNAL, ROUTES
from attack_kit import (
    BACKEND_TOKEN,
    BACKEND_TOKEN_DIGEST,
    EVIL,
    Attack,
    Ground,
    Request,
    Send,
    bearer,
)
from attack_own import OWN, VERIFIERS
from todochat.identity.service_tokens import Arrow, ServiceTokens


async def _session_for_another(ground: Ground) -> httpx.Response:
    return await ground.session(ground.ada.login_token, {"user_id": ground.bob.user_id})


async def _expired_refresh(ground: Ground) -> httpx.Response:
    login, refresh = await ground.fresh_session()
    await ground.sql(
        "UPDATE refresh_tokens SET expires_at = now() - interval '1 s' WHERE session_id = $1",
        _sid(login),
    )
    return await ground.refresh(refresh)


async def _replay(ground: Ground) -> tuple[str, str, httpx.Response]:
    """Use a refresh token again after the period in which two tabs may share it."""
    login, refresh = await ground.fresh_session()
    successor = (await ground.refresh(refresh)).cookies["todochat_refresh"]
    await ground.sql(
        "UPDATE refresh_tokens SET rotated_at = rotated_at - interval '1 minute'"
        " WHERE session_id = $1",
        _sid(login),
    )
    return login, successor, await ground.refresh(refresh)


async def _replayed_refresh(ground: Ground) -> httpx.Response:
    return (await _replay(ground))[2]


async def _successor_of_a_replayed_refresh(ground: Ground) -> httpx.Response:
    return await ground.refresh((await _replay(ground))[1])


async def _login_of_a_replayed_refresh(ground: Ground) -> httpx.Response:
    return await ground.me((await _replay(ground))[0])


async def _replay_at_once(ground: Ground) -> httpx.Response:
    refresh = (await ground.fresh_session())[1]
    successor = (await ground.refresh(refresh)).cookies["todochat_refresh"]
    await ground.refresh(successor)
    return await ground.refresh(refresh)


def _refresh_from(origin: str) -> Send:
    async def send(ground: Ground) -> httpx.Response:
        return await ground.refresh((await ground.fresh_session())[1], Origin=origin)

    return send


async def _refresh_by_get(ground: Ground) -> httpx.Response:
    return await ground.http.get(ground.url("auth-session", "/api/auth/refresh"))


async def _sign_out_from_elsewhere(ground: Ground) -> httpx.Response:
    _, refresh = await ground.fresh_session()
    headers = {"Cookie": f"todochat_refresh={refresh}", "Origin": EVIL}
    return await ground.http.post(ground.url("auth-session", "/api/auth/sign-out"), headers=headers)


async def _read_from_elsewhere(ground: Ground) -> httpx.Response:
    url = ground.url("tasks", f"/api/{ground.ada.user_id}/tasks")
    page = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    return await ground.http.get(url, headers={**bearer(ground.ada.login_token), **page})


def _service(
    request: Request,
    arrow: Arrow,
    *,
    age_s: int = 0,
    whose: str = "ada",
    underived: bool = False,
) -> Send:
    async def send(ground: Ground) -> httpx.Response:
        keys = {arrow: [ground.service_secret.encode()]}
        tokens = ServiceTokens(keys) if underived else ground.service_tokens
        user_id = getattr(ground, whose).user_id
        return await request(ground, tokens.mint(arrow, user_id, int(time.time()) - age_s))

    return send


def _sid(login: str) -> str:
    sid: str = jwt.decode(login, options={"verify_signature": False})["sid"]
    return sid


OTHERS = [
    Attack("login token used for chat", "chat-gateway", 401, lambda g: g.runs(g.ada.login_token)),
    Attack("client secret used for tasks", "tasks", 401, lambda g: g.tasks(g.ada.client_secret)),
    Attack("client secret used for the account", "auth-session", 401, lambda g: g.me(g.ada.client_secret)),
    Attack("another user's path", "tasks", 403, lambda g: g.tasks(g.ada.login_token, g.bob.user_id)),
    Attack("another user's path", "chat-gateway", 403, lambda g: g.runs(g.ada.client_secret, g.bob.user_id)),
    Attack("a client secret for another user", "session", 403, _session_for_another),
    Attack("backend token for a user of its issuer", "session", 200,
           lambda g: g.session(BACKEND_TOKEN, {"user": "ada"})),
    Attack("backend token for a local account", "session", 422,
           lambda g: g.session(BACKEND_TOKEN, {"user": g.ada.user_id})),
    Attack("backend token without a user", "session", 422, lambda g: g.session(BACKEND_TOKEN)),
    Attack("the digest of a backend token", "session", 401,
           lambda g: g.session(BACKEND_TOKEN_DIGEST.removeprefix("sha256:"), {"user": "ada"})),
    Attack("login token that names a user", "session", 403,
           lambda g: g.session(g.ada.login_token, {"user": "ada"})),
    Attack("backend token used for the account", "auth-session", 401, lambda g: g.me(BACKEND_TOKEN)),
    Attack("backend token as an external token", "exchange", 401, lambda g: g.exchange(BACKEND_TOKEN)),
    Attack("backend token used for tasks", "tasks", 401, lambda g: g.tasks(BACKEND_TOKEN)),
    Attack("backend token used for chat", "chat-gateway", 401, lambda g: g.runs(BACKEND_TOKEN)),
    Attack("login token on a page of another origin", "tasks", 403, _read_from_elsewhere),
    Attack("expired refresh token", "refresh", 401, _expired_refresh),
    Attack("replayed refresh token", "refresh", 401, _replayed_refresh),
    Attack("the successor of a replayed one", "refresh", 401, _successor_of_a_replayed_refresh),
    Attack("the login token of a replayed one", "auth-session", 401, _login_of_a_replayed_refresh),
    Attack("refresh token replayed at once, its successor used", "refresh", 401, _replay_at_once),
    Attack("unknown refresh token", "refresh", 401, lambda g: g.refresh("x" * 43)),
    Attack("login token as refresh token", "refresh", 401, lambda g: g.refresh(g.ada.login_token)),
    Attack("refresh from another site", "refresh", 403, _refresh_from(EVIL)),
    Attack("refresh from a sandboxed page (`Origin: null`)", "refresh", 403, _refresh_from("null")),
    Attack("refresh by GET", "refresh", 405, _refresh_by_get),
    Attack("sign-out from another site", "sign-out", 403, _sign_out_from_elsewhere),
    Attack("agent → tasks", "tasks", 200, _service(Ground.tasks, Arrow.AGENT_TO_TASKS)),
    Attack("gateway → agent", "todo-agent", 200, _service(Ground.agent, Arrow.GATEWAY_TO_AGENT)),
    Attack("agent → tasks, for another user", "tasks", 403,
           _service(Ground.tasks, Arrow.AGENT_TO_TASKS, whose="bob")),
    Attack("agent → tasks, two minutes old", "tasks", 401,
           _service(Ground.tasks, Arrow.AGENT_TO_TASKS, age_s=120)),
    Attack("agent → tasks, signed with the shared secret itself", "tasks", 401,
           _service(Ground.tasks, Arrow.AGENT_TO_TASKS, underived=True)),
    *[
        Attack(f"{arrow.caller} → {arrow.target}, on another arrow", where, 401,
               _service(request, arrow))
        for where, request, accepted in (
            ("tasks", Ground.tasks, Arrow.AGENT_TO_TASKS),
            ("todo-agent", Ground.agent, Arrow.GATEWAY_TO_AGENT),
            ("access-tokens/verify", Ground.verify_access_token, Arrow.TASKS_TO_AUTH),
            ("auth-session", Ground.me, None),
            ("chat-gateway", Ground.runs, None),
        )
        for arrow in Arrow
        if arrow is not accepted
    ],
    Attack("login token", "todo-agent", 401, lambda g: g.agent(g.ada.login_token)),
    Attack("client secret", "todo-agent", 401, lambda g: g.agent(g.ada.client_secret)),
    Attack("login token", "access-tokens/verify", 401,
           lambda g: g.verify_access_token(g.ada.login_token)),
]  # fmt: skip

ATTACKS = [*OWN, *EXTERNAL, *OTHERS]


def render() -> str:
    """Return the tables of docs/security.md."""
    rows = [f"| {each.name} | {each.where} | {each.status} |" for each in OTHERS]
    parts = (
        "Our own tokens, modified and signed with the genuine key unless stated otherwise:",
        _grid(OWN, list(VERIFIERS)),
        "Tokens of external issuers at `POST /api/auth/exchange` and `/api/chatkit/session`:",
        _grid(EXTERNAL, list(ROUTES)),
        "Other attacks; an arrow names the caller and the called service:",
        "\n".join(["| attack | target | response |", "|---|---|---|", *rows]),
    )
    return "\n\n".join(parts)


def _grid(attacks: Sequence[Attack], places: Sequence[str]) -> str:
    answers = {(each.name, each.where): str(each.status) for each in attacks}
    names = list(dict.fromkeys(each.name for each in attacks))
    head = ["| attack | " + " | ".join(places) + " |", "|---" * (len(places) + 1) + "|"]
    rows = [
        f"| {name} | " + " | ".join(answers.get((name, place), "") for place in places) + " |"
        for name in names
    ]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    print(render())
