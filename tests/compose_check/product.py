"""Parts of the product that depend on the images, the edge or a secret: PDFs, MCP, e-mail."""

import datetime as dt
import re

from compose_check.first_day import OperatedSystem
from compose_check.installation import MAIL_URL, Installation
from todochat.clock import utc_now
from todochat.testing import sample_files, wait_until
from todochat.testing.person import PASSWORD, message

WAIT_S = 60.0
SOON = dt.timedelta(seconds=3)


async def attach_pdf(system: OperatedSystem) -> str:
    """Send a PDF, whose text a process of its own reads; a damaged one is rejected."""
    ada = system.people[0]
    attachment_id = (await ada.attach_file("plan.pdf", sample_files.pdf("Buy oat milk")))["id"]
    async with ada.stream(message("read this", attachments=[attachment_id])) as stream:
        await stream.rest()
    assert stream.ended == "completed", stream.raw
    stored = await system.installation.query(
        "chat", f"SELECT extracted_text FROM attachment_contents WHERE id = '{attachment_id}'"
    )
    assert stored == ["Buy oat milk"], stored
    files = {"file": ("plan.pdf", sample_files.PDF[:100])}
    damaged = await ada.chat("POST", "/attachments", files=files)
    assert "damaged" in damaged.text, f"{damaged.status_code} {damaged.text}"
    return f"text stored: {stored[0]!r}; a damaged one gets {damaged.status_code}"


async def use_mcp(system: OperatedSystem) -> str:
    """List the tools at the edge with a personal access token; without it there are none."""
    ada = system.people[0]
    body = {"name": "editor", "scopes": ["tasks"], "password": PASSWORD}
    headers = {"Authorization": f"Bearer {ada.login_token}"}
    made = await ada.client.post("/api/auth/tokens", json=body, headers=headers)
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream"}
    refused = await ada.client.post("/mcp", json=listing, headers=headers)
    assert refused.status_code == 401, refused.text
    headers["Authorization"] = f"Bearer {made.json()['token']}"
    answer = await ada.client.post("/mcp", json=listing, headers=headers)
    assert answer.status_code == 200, answer.text
    names = {tool["name"] for tool in answer.json()["result"]["tools"]}
    assert {"add_task", "find_tasks", "undo"} <= names, names
    return f"401 without a token; {len(names)} tools with a personal access token"


async def remind_by_email(system: OperatedSystem) -> str:
    """Fill in the secret `smtp_url`, confirm an address, and wait for a reminder."""
    installation, ada = system.installation, system.people[0]
    state = (await ada.api("GET", "/reminders/email")).json()
    assert state["available"] is False, state
    (installation.folder / "secrets/smtp_url").write_text(MAIL_URL, encoding="utf-8")
    await installation.roll("tasks")
    switched = await ada.api("PATCH", "/reminders/email", json={"on": True})
    assert switched.json()["awaits_code"] is True, switched.text
    code = await wait_for_email(installation, r"Subject: (\d{8}) is your code")
    confirmed = await ada.api("POST", "/reminders/email/confirm", json={"code": code})
    assert confirmed.json()["on"] is True, confirmed.text
    task = {"title": "Call mom", "reminders": [{"at": (utc_now() + SOON).isoformat()}]}
    made = await ada.api("POST", "/tasks", json=task)
    assert made.status_code == 201, made.text
    subject = await wait_for_email(installation, "Subject: (Reminder: .*)")
    return f"none without the secret; a code and {subject!r} through a mail server in a container"


async def wait_for_email(installation: Installation, pattern: str) -> str:
    """Wait until the mail server has printed a line that matches; return the pattern's group."""
    found: list[str] = []

    async def has_arrived() -> bool:
        found[:] = re.findall(pattern, await installation.compose("logs", "mail"))
        return bool(found)

    await wait_until(has_arrived, WAIT_S, interval_s=0.5)
    return found[0]
