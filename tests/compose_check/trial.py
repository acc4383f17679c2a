"""try.yaml as someone uses it who has only this file."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

import httpx

from compose_check.compose_project import Project, unused_port
from compose_check.first_day import TIMEOUT_S, OperatedSystem
from deploy_kit import ROOT
from todochat.testing.person import Person

TRY_FILE: Final = ROOT / "deploy/compose/try.yaml"
OVERRIDE: Final = "check.yaml"


async def try_file(system: OperatedSystem) -> str:
    """Start try.yaml in an empty folder, sign up and chat, restart it, and remove it."""
    engine = system.installation.engine
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(TRY_FILE, folder)
        images = {store: image for store, image in system.stand_ins.items() if store != "backup"}
        lines = [f"  {store}: {{image: {image}}}\n" for store, image in images.items()]
        text = "services:\n" + "".join(lines) if lines else "services: {}\n"
        (folder / OVERRIDE).write_text(text, encoding="utf-8")
        trial = Project(engine, folder, "todochat-check-try", TRY_FILE.name, OVERRIDE)
        port = unused_port()
        trial.variables["TODOCHAT_PORT"] = str(port)
        try:
            seconds = await trial.up()
            async with httpx.AsyncClient(
                base_url=f"http://localhost:{port}", timeout=TIMEOUT_S
            ) as client:
                assert "_next/static" in (await client.get("/")).text
                ada = await Person.sign_up(client)
                answer = await ada.ask("add buy milk")
                assert answer.ended == "completed", answer.events
                await trial.compose("down")
                again = await trial.up()
                (task,) = await ada.tasks()
                assert task["title"] == "buy milk", task
        finally:
            await trial.compose("down", "--volumes")
    assert not trial.leftovers(), trial.leftovers()
    return f"healthy after {seconds:.1f} s, with its volumes after {again:.1f} s; {answer.text!r}"
