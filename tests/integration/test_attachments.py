"""The path of a file: from the browser over the edge to the model, and back to its owner alone."""

import base64
from typing import Any
from urllib.parse import urlsplit

import httpx

from stack_kit import SignUp, Stack
from todochat.testing import sample_files
from todochat.testing.model_server import Say, ScriptedModelServer
from todochat.testing.person import Person, message

ENCODED = base64.b64encode(sample_files.PNG).decode()


async def send_with_files(person: Person, text: str, *ids: str) -> tuple[str, list[dict[str, Any]]]:
    """Send a message with files; return the end marker and the streamed items."""
    async with person.stream(message(text, attachments=ids)) as stream:
        events = await stream.rest()
    assert stream.ended is not None
    return stream.ended, [e["item"] for e in events if e["type"] == "thread.item.done"]


async def test_model_receives_an_uploaded_image(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    model.answer(Say("A red dot."))
    params = {"name": "dot.png", "size": len(sample_files.PNG), "mime_type": "image/png"}

    announced = (await ada.chatkit("attachments.create", params)).json()
    upload = announced["upload_descriptor"]
    headers = {"Authorization": f"Bearer {ada.client_secret}"}
    sent = await ada.client.request(
        upload["method"],
        upload["url"],
        headers=headers,
        files={"file": ("dot.png", sample_files.PNG, "image/png")},
    )
    ended, items = await send_with_files(ada, "what is this?", announced["id"])

    assert upload["url"].startswith(model_stack.edge)
    assert (sent.status_code, ended) == (200, "completed")
    assert ENCODED in str(model.requests[0].history)
    assert items[0]["attachments"][0]["id"] == announced["id"]


async def test_model_receives_a_csv_of_a_single_request(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    model.answer(Say("Milk, on friday."))
    attachment = await ada.attach_file("list.csv", sample_files.CSV)

    ended, _ = await send_with_files(ada, "what is in it?", attachment["id"])

    assert ended == "completed"
    assert "milk,friday" in str(model.requests[0].history)


async def test_streamed_preview_loads_without_a_secret(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    attachment = await ada.attach_file("dot.png", sample_files.PNG)
    _, items = await send_with_files(ada, "add buy milk", attachment["id"])
    link = items[0]["attachments"][0]["preview_url"]

    async with httpx.AsyncClient() as stranger:
        shown = await stranger.get(link)
        without_signature = await stranger.get(link.partition("?")[0])
        other_user = await stranger.get(link.replace(ada.user_id, "usr_other"))

    assert (shown.status_code, shown.content) == (200, sample_files.PNG)
    assert shown.headers["content-type"] == "image/png"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert (without_signature.status_code, other_user.status_code) == (401, 401)


async def test_other_user_gets_404_for_every_use_of_the_id(stack: Stack, sign_up: SignUp) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
    attachment_id = (await ada.attach_file("secret.txt", b"secret"))["id"]
    content = f"/attachments/{attachment_id}/content"

    answers = [
        await bob.chat("GET", content),
        await bob.chat("PUT", content, content=b"his"),
        await bob.chat("POST", content, files={"file": b"his"}),
        await bob.chatkit("attachments.delete", {"attachment_id": attachment_id}),
        await bob.chat("POST", "", json=message("read it", attachments=[attachment_id])),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert (await ada.chat("GET", content)).content == b"secret"


async def test_executable_content_is_refused(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)

    refused = await ada.chat("POST", "/attachments", files={"file": ("a.png", sample_files.SVG)})

    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:todochat:problem:unsupported-file"


async def test_links_point_to_the_edge(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)

    attachment = await ada.attach_file("dot.png", sample_files.PNG)

    assert urlsplit(attachment["preview_url"]).netloc == urlsplit(stack.edge).netloc
