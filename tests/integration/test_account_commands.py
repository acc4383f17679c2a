"""Account commands over the whole stack: a user's archive, and disabling a user."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from stack_kit import TODOCHAT, SignUp, Stack
from todochat.testing.person import PASSWORD, Person


async def todochat(stack: Stack, *arguments: str, **variables: str) -> tuple[int | None, str]:
    """Run the command; return its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        TODOCHAT,
        *arguments,
        env={**stack.environment, **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


async def export_of(stack: Stack, person: Person, folder: Path) -> Path:
    file = folder / "me.json"
    code, output = await todochat(
        stack,
        "export",
        str(file),
        "--url",
        stack.edge,
        TODOCHAT_EMAIL=person.email,
        TODOCHAT_PASSWORD=PASSWORD,
        XDG_CONFIG_HOME=str(folder / "config"),
    )
    assert code == 0, output
    return file


async def test_archive_has_account_tasks_and_chats(
    stack: Stack, sign_up: SignUp, tmp_path: Path
) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
    answer = await ada.ask("add buy milk")
    gone = await ada.api("POST", "/tasks", json={"title": "gone"})
    await ada.api("DELETE", f"/tasks/{gone.json()['id']}")
    await ada.attach_file("notes.txt", b"all about milk")
    await bob.ask("add a secret of Bob")

    file = await export_of(stack, ada, tmp_path)

    archive: dict[str, Any] = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(archive) == {"account", "tasks", "chat"}
    assert archive["account"]["account"]["email"] == ada.email
    titles = {task["title"].lower() for task in archive["tasks"]["tasks"]}
    assert titles == {"buy milk", "gone"}
    (thread,) = archive["chat"]["threads"]
    assert thread["id"] == answer.thread_id
    assert "add buy milk" in json.dumps(thread["items"])
    assert len(archive["chat"]["attachments"]) == 1
    assert "secret of Bob" not in file.read_text()


@pytest.mark.slow
async def test_admin_disables_and_enables_an_account(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    credentials = {"email": ada.email, "password": PASSWORD}
    data_dir = ("--data-dir", str(stack.data_dir))

    disabled = await todochat(stack, "admin", *data_dir, "user", "disable", ada.email)
    refused = await ada.client.post("/api/auth/sign-in", json=credentials)
    enabled = await todochat(stack, "admin", *data_dir, "user", "enable", ada.user_id)
    taken = await ada.client.post("/api/auth/sign-in", json=credentials)

    assert disabled == enabled == (0, f"{ada.user_id}\n")
    assert (refused.status_code, taken.status_code) == (403, 200)
    assert refused.json()["type"].endswith("account-disabled")
