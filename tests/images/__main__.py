"""`make images-check`: builds the images and runs all of them as one system.

With PostgreSQL and Valkey of the test kit: roles and migrations from the images' one-shots, every
service and the edge by its image's own command, a user who signs up through the edge and messages
a scripted model. Then the gateway gets SIGTERM while two of its streams are open, and at last
everything else does.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Final

import httpx

from deploy_kit import ROOT
from images.container_kit import Container, Image, mounted
from images.installation import EDGE, Installation
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, Say, ScriptedModelServer, ScriptedResponse
from todochat.testing.person import Person, Stream, message
from todochat.testing.servers import PostgresProcess, ValkeyProcess

BASE: Final = "docker.io/library/python:3.11-slim-bookworm"
IMAGES: Final = ("auth-session", "tasks", "todo-agent", "chat-gateway", EDGE)
SERVICE_LIMIT_BYTES: Final = 200_000_000  # beyond the base
GATEWAY: Final = "chat-gateway"
START_TIMEOUT_S: Final = 120.0
DRAIN_S: Final = 2 + 25  # DRAIN_DELAY_S and DRAIN_TIMEOUT_S
EXIT_S: Final = 10  # the time to exit on a machine under load
DELTA: Final = "assistant_message.content_part.text_delta"


def main() -> int:
    """Build (unless disabled) and check; return 1 if a check failed."""
    parser = argparse.ArgumentParser(prog="images", description=__doc__)
    parser.add_argument("--version", default="0.1.0", help="the images' tag")
    parser.add_argument("--built", action="store_true", help="don't build them")
    options = parser.parse_args()
    if not options.built:
        subprocess.run([str(ROOT / "deploy/docker/build-here.sh")], check=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="todochat-images-")))
        base = stack.enter_context(mounted(BASE))
        images = {
            name: stack.enter_context(mounted(f"todochat/{name}:{options.version}"))
            for name in IMAGES
        }
        complaints = _check_files(images, base.size)
        complaints += asyncio.run(_run(images, folder))
    for complaint in complaints:
        print(f"WRONG: {complaint}")
    return 1 if complaints else 0


def _check_files(images: Mapping[str, Image], base_bytes: int) -> list[str]:
    """Print the sizes and return the forbidden or missing files."""
    complaints = []
    print(f"{'base':14} {base_bytes / 1e6:6.1f} MB")
    for name, image in images.items():
        beyond = image.size - base_bytes
        print(f"{name:14} {beyond / 1e6:6.1f} MB beyond the base")
        if name != EDGE and beyond > SERVICE_LIMIT_BYTES:
            complaints.append(f"{name}: too large")
        unwanted = ("opt/tools", "build", "root/.cache", "usr/bin/gcc", "usr/bin/strip")
        complaints += [f"{name}: has /{path}" for path in unwanted if (image.root / path).exists()]
        sources = [
            path
            for top in ("opt/todochat", "opt/venv")
            for path in (image.root / top).rglob("*.py")
        ]
        plain = [
            path for path in sources if not any(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))
        ]
        # Templates with placeholders are not valid Python.
        if len(plain) > len(sources) / 100:
            complaints.append(f"{name}: {len(plain)} of {len(sources)} files are not compiled")
    return complaints


async def _run(images: Mapping[str, Image], folder: Path) -> list[str]:
    async with AsyncExitStack() as stack:
        postgres, valkey = PostgresProcess(), ValkeyProcess()
        for engine in (postgres, valkey):
            stack.callback(engine.stop)
            await asyncio.to_thread(engine.start)
        model = await stack.enter_async_context(ScriptedModelServer())
        installation = Installation(images, folder, postgres.admin_url, valkey.url, model.url)
        stack.callback(installation.kill)

        await asyncio.to_thread(installation.prepare)
        print("one-shots: roles, databases and three migrations, exit code 0")
        containers = installation.start()
        for container in containers.values():
            began = time.monotonic()
            await wait_until(container.is_healthy, START_TIMEOUT_S, interval_s=0.5)
            print(f"{container.name}: healthy after {time.monotonic() - began:.1f} s more")
        await _check_health(installation)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=installation.edge, timeout=90)
        )
        await _check_site(client)
        complaints = await _drain_gateway(client, model, containers[GATEWAY])
        for name in ("todo-agent-worker", "todo-agent-api", "tasks", "auth-session", EDGE):
            complaints += await _stop(containers[name])
        return complaints


async def _check_health(installation: Installation) -> None:
    async with httpx.AsyncClient() as client:
        for name, url in installation.urls.items():
            response = await client.get(f"{url}/health/live")
            assert response.status_code == 200, f"{name}: {response.text}"
    print(f"/health/live: 200 from {', '.join(installation.urls)}")


async def _check_site(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert "_next/static" in page.text, "not the site"
    assert "content-security-policy" in page.headers
    print("edge: the site, with its policy")


async def _drain_gateway(
    client: httpx.AsyncClient, model: ScriptedModelServer, gateway: Container
) -> list[str]:
    """Stop the gateway while a resumable client and a client without resume read a stream."""
    gate = Gate(timeout_s=90)
    model.otherwise = lambda _request: ScriptedResponse(parts=(Say("Hello", gate, " world"),))
    person = await Person.sign_up(client)
    async with (
        person.stream(message("one"), resumable=True) as resumable,
        person.stream(message("two"), resumable=False) as plain,
    ):
        await resumable.until(DELTA)
        await plain.until(DELTA)

        gateway.terminate()
        began = time.monotonic()

        await resumable.rest()
        assert resumable.comments[-1] == "reconnect", resumable.comments
        assert resumable.ended is None
        open_s = time.monotonic() - began
        gate.open()
        await _read_whole(plain)
    code = await gateway.wait(DRAIN_S + EXIT_S)
    took_s = time.monotonic() - began
    print(
        f"{gateway.name}: SIGTERM with two streams open; one got a reconnect marker after"
        f" {open_s:.1f} s, the other was finished; exit code {code} after {took_s:.1f} s"
    )
    return [] if code == 0 else [f"{gateway.name}: exit code {code}: {gateway.log_tail()}"]


async def _read_whole(stream: Stream) -> None:
    text = "".join(
        event["update"]["delta"]
        for event in await stream.rest()
        if event.get("update", {}).get("type") == DELTA
    )
    assert text == " world", stream.raw.decode()


async def _stop(container: Container) -> list[str]:
    container.terminate()
    began = time.monotonic()
    code = await container.wait(DRAIN_S + EXIT_S)
    print(f"{container.name}: exit code {code} {time.monotonic() - began:.1f} s after SIGTERM")
    return [] if code == 0 else [f"{container.name}: exit code {code}: {container.log_tail()}"]


if __name__ == "__main__":
    sys.exit(main())
