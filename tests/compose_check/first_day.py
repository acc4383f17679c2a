"""The first steps of an operator: install, the first accounts, a domain and a model."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from compose_check import inside
from compose_check.installation import Installation
from compose_check.users import TEXT, sign_in, stored_text
from todochat.testing.person import PASSWORD, Person

TIMEOUT_S = 60.0
PEOPLE = 3


@dataclass
class OperatedSystem:
    """The installation under check, and what the steps share.

    Attributes:
        other: a second project, for the restore.
        stand_ins: images of the stores that had to be built, by service.
        restart_engine: command that restarts the engine; empty: the step is skipped.
        trust: trusts the edge's certificate.
        people: users over HTTPS, with a scripted model.
    """

    installation: Installation
    other: Installation
    stand_ins: Mapping[str, str]
    restart_engine: str
    trust: ssl.SSLContext | bool = True
    people: list[Person] = field(default_factory=list)


async def install(system: OperatedSystem) -> str:
    """Follow "Install": secrets, `.env`, `up -d`."""
    installation = system.installation
    made = installation.make_secrets().strip()
    installation.configure()
    seconds = await installation.up()
    return f"{made}; all healthy {seconds:.1f} s after `up -d`"


async def restrict(system: OperatedSystem) -> str:
    """Check the containers' restrictions from inside."""
    found = await inside.complaints(system.installation)
    assert not found, "\n".join(found)
    return "users, capabilities, read-only roots, limits and networks as in compose.yaml"


async def chat_offline(system: OperatedSystem) -> str:
    """Create the first account, invite a user, and chat with the offline assistant over HTTP."""
    installation = system.installation
    first = "you@example.com"
    await installation.compose(
        "exec", "-T", "auth-session", "python", "-m", "auth_session", "admin", "user", "create",
        "--email", first, given=f"{PASSWORD}\n",
    )  # fmt: skip
    async with httpx.AsyncClient(base_url=installation.http, timeout=TIMEOUT_S) as client:
        page = await client.get("/")
        assert "_next/static" in page.text, f"not the site: {page.status_code} {page.text[:200]}"
        await sign_in(client, first)
        uninvited = {"email": "eve@example.com", "password": PASSWORD}
        refused = await client.post("/api/auth/sign-up", json=uninvited)
        assert refused.status_code == 403, refused.text
        code = (await installation.admin("user", "invite")).strip()
        ada = await Person.sign_up(client, invitation=code)
        answer = await ada.ask("add buy milk")
        assert answer.ended == "completed", answer.events
        (task,) = await ada.tasks()
        assert task["title"] == "buy milk", task
    return f"HTTP: an account, an invitation, {answer.text!r}"


async def use_https(system: OperatedSystem) -> str:
    """Set a domain and a model in `.env`, and repeat `up -d`."""
    installation = system.installation
    installation.configure(
        TODOCHAT_DOMAIN="localhost",
        PUBLIC_URL=installation.https,
        AUTH_SIGN_UP="open",
        OPENAI_BASE_URL="http://model:8080/v1",
        TODO_AGENT_MODEL="scripted",
        TODO_AGENT_API="responses",
        CHAT_GATEWAY_TURNS_PER_MINUTE="1000",
        SMTP_FROM="Todochat <reminders@example.com>",
        # A service of a busy machine may start for longer than the default of 30 s.
        TODO_AGENT_TASKS_RETRY_BUDGET_S="60",
    )
    seconds = await installation.up()
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as plain:
        redirect = await plain.get(installation.http)
        assert redirect.headers["location"].startswith("https://localhost"), redirect.headers
    system.trust = await installation.trust()
    client = httpx.AsyncClient(base_url=installation.https, timeout=TIMEOUT_S, verify=system.trust)
    system.people = [await Person.sign_up(client) for _ in range(PEOPLE)]
    ada = system.people[0]
    began = time.monotonic()
    answer = await ada.ask("add milk")
    assert (answer.ended, await stored_text(ada, answer.thread_id)) == ("completed", TEXT)
    return (
        f"reconfigured in {seconds:.1f} s; certificate of Caddy's own authority; a turn with a tool"
        f" call in {time.monotonic() - began:.1f} s, of which the model takes 3"
    )
