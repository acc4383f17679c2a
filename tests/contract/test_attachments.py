"""`attachments.create`, `attachments.delete`, and files in messages."""

from typing import Any

import pytest
from chatkit.types import Attachment, FileAttachment, ImageAttachment, UserMessageItem
from pydantic import TypeAdapter

from contract.chat_kit import Chatter, script, user_input
from todochat.testing.model_server import ScriptedModelServer
from todochat.testing.sample_files import CSV, PNG

ATTACHMENT: TypeAdapter[Attachment] = TypeAdapter(Attachment)
UNKNOWN = "atc_00000000000000000000000000"
FILES = {
    "text": ("notes.txt", "text/plain", b"Buy milk."),
    "csv": ("list.csv", "text/csv", CSV),
    "image": ("dot.png", "image/png", PNG),
}


async def announce(ada: Chatter, name: str, mime_type: str, size: int) -> Attachment:
    """Announce a file."""
    answer = await ada.fetch("attachments.create", name=name, mime_type=mime_type, size=size)
    return ATTACHMENT.validate_python(answer)


async def upload(ada: Chatter, announced: Attachment, content: bytes) -> Attachment:
    """Send the bytes like the official client: by the descriptor, in the field `file`."""
    descriptor = announced.upload_descriptor
    assert descriptor is not None
    response = await ada.client.request(
        descriptor.method,
        str(descriptor.url),
        files={"file": (announced.name, content, announced.mime_type)},
        headers={"Authorization": f"Bearer {ada.client_secret}", **descriptor.headers},
    )
    assert response.status_code == 200, response.text
    return ATTACHMENT.validate_json(response.content)


@pytest.mark.parametrize("kind", FILES)
async def test_file_is_created_then_uploaded(ada: Chatter, kind: str) -> None:
    name, mime_type, content = FILES[kind]

    announced = await announce(ada, name, mime_type, len(content))
    uploaded = await upload(ada, announced, content)

    assert isinstance(announced, ImageAttachment if kind == "image" else FileAttachment)
    assert (announced.name, announced.mime_type) == (name, mime_type)
    assert (announced.thread_id, announced.metadata) == (None, None)
    assert uploaded.upload_descriptor is None
    assert (uploaded.id, uploaded.name, uploaded.type) == (announced.id, name, announced.type)


@pytest.mark.parametrize("kind", FILES)
async def test_attached_file_belongs_to_its_thread(
    ada: Chatter, model: ScriptedModelServer, kind: str
) -> None:
    name, _, content = FILES[kind]
    file = await ada.attach_file(name, content)
    script(model)

    turn = await ada.send_message("look", attachments=[file["id"]])

    (told,) = turn.item(UserMessageItem).attachments
    assert (told.id, told.thread_id) == (file["id"], turn.thread_id)
    stored = (await ada.items(turn.thread_id)).data[0]
    assert isinstance(stored, UserMessageItem)
    assert [attachment.id for attachment in stored.attachments] == [file["id"]]


async def test_internal_file_metadata_is_never_returned(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    file = await ada.attach_file("notes.txt", b"Buy milk.")
    script(model)

    turn = await ada.send_message("look", attachments=[file["id"]])

    told = [turn.raw[1]["item"], (await ada.fetch("items.list", thread_id=turn.thread_id))["data"]]
    for attachment in [told[0]["attachments"][0], told[1][-1]["attachments"][0], file]:
        assert "metadata" not in attachment


async def test_files_keep_their_order(ada: Chatter, model: ScriptedModelServer) -> None:
    ids = [(await ada.attach_file(f"{name}.txt", name.encode()))["id"] for name in ("b", "a", "c")]
    script(model)

    turn = await ada.send_message("look", attachments=ids)

    assert [attachment.id for attachment in turn.item(UserMessageItem).attachments] == ids


async def test_message_may_consist_of_files_alone(ada: Chatter, model: ScriptedModelServer) -> None:
    file = await ada.attach_file("notes.txt", b"Buy milk.")
    script(model)

    turn = await ada.send_message("", content=[], attachments=[file["id"]])

    assert turn.ended == "completed"
    assert "Buy milk." in str(model.requests[0].history)


async def test_later_message_may_have_a_file(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model)
    script(model)
    first = await ada.send_message("hello")
    file = await ada.attach_file("notes.txt", b"Buy milk.")

    turn = await ada.send_message("look", first.thread_id, attachments=[file["id"]])

    (told,) = turn.item(UserMessageItem).attachments
    assert told.thread_id == first.thread_id


async def test_retried_message_keeps_its_file(ada: Chatter, model: ScriptedModelServer) -> None:
    file = await ada.attach_file("notes.txt", b"Buy milk.")
    script(model)
    script(model)
    first = await ada.send_message("look", attachments=[file["id"]])

    await ada.turn("threads.retry_after_item", thread_id=first.thread_id, item_id=first.done[0].id)

    assert "Buy milk." in str(model.requests[-1].history)


async def test_deleted_file_is_not_found(ada: Chatter) -> None:
    file = await ada.attach_file("notes.txt", b"Buy milk.")

    assert await ada.fetch("attachments.delete", attachment_id=file["id"]) == {}

    content = await ada.chat("GET", f"/attachments/{file['id']}/content")
    again = await ada.refusal("attachments.delete", attachment_id=file["id"])
    message = user_input("look", attachments=[file["id"]])
    assert content.status_code == 404
    assert again == (404, "not-found")
    assert await ada.refusal("threads.create", input=message) == (404, "not-found")
    assert (await ada.threads()).data == []


async def test_deleting_a_thread_deletes_its_files(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    file = await ada.attach_file("notes.txt", b"Buy milk.")
    script(model)
    turn = await ada.send_message("look", attachments=[file["id"]])

    await ada.fetch("threads.delete", thread_id=turn.thread_id)

    assert (await ada.chat("GET", f"/attachments/{file['id']}/content")).status_code == 404


async def test_unknown_file_is_not_found(eve: Chatter) -> None:
    message = user_input("look", attachments=[UNKNOWN])

    assert await eve.refusal("attachments.delete", attachment_id=UNKNOWN) == (404, "not-found")
    assert await eve.refusal("threads.create", input=message) == (404, "not-found")
    assert (await eve.threads()).data == []


async def test_other_users_file_is_not_found(ada: Chatter, bob: Chatter) -> None:
    file = await ada.attach_file("notes.txt", b"Buy milk.")
    message = user_input("look", attachments=[file["id"]])

    assert await bob.refusal("attachments.delete", attachment_id=file["id"]) == (404, "not-found")
    assert await bob.refusal("threads.create", input=message) == (404, "not-found")
    content = await ada.chat("GET", f"/attachments/{file['id']}/content")
    assert content.content == b"Buy milk."


async def test_file_without_content_is_not_sent_to_the_model(ada: Chatter) -> None:
    announced = await announce(ada, "notes.txt", "text/plain", 9)
    message = user_input("look", attachments=[announced.id])

    assert await ada.refusal("threads.create", input=message) == (422, "invalid-input")


async def test_file_cannot_move_to_another_thread(ada: Chatter, model: ScriptedModelServer) -> None:
    file = await ada.attach_file("notes.txt", b"Buy milk.")
    message = {"input": user_input("look", attachments=[file["id"]])}
    script(model)
    await ada.turn("threads.create", **message)

    assert await ada.refusal("threads.create", **message) == (409, "attachment-taken")


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"size": 0}, (422, "invalid-input")),
        ({"size": -1}, (422, "invalid-input")),
        ({"size": 5 * 1024 * 1024 + 1}, (413, "file-too-large")),
        ({"mime_type": "video/mp4"}, (422, "unsupported-file")),
        ({"mime_type": "image/svg+xml"}, (422, "unsupported-file")),
    ],
    ids=["empty", "negative", "too-large", "video", "svg"],
)
async def test_unacceptable_file_is_refused_on_creation(
    eve: Chatter, params: dict[str, Any], refusal: tuple[int, str]
) -> None:
    announced = {"name": "a.txt", "size": 9, "mime_type": "text/plain", **params}

    assert await eve.refusal("attachments.create", **announced) == refusal
