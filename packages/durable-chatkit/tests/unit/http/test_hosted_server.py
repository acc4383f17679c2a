"""The API answers requests that need no run with the adopter's server object."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import own_server
import pytest
import pytest_asyncio
from api_kit import Gateway, OpenGateway
from chat_kit import Chat, Items
from chatkit.store import AttachmentStore
from chatkit.types import Attachment, AttachmentCreateParams, FileAttachment, WidgetItem
from openai import AuthenticationError
from typing_extensions import override

from durable_chatkit.chatkit.rows import as_utc

USER = "usr_ann"
UPLOAD_URL = "https://files.example/put"


class OwnFiles(AttachmentStore[dict[str, Any]]):
    """An adopter's attachment store: files are elsewhere."""

    @override
    async def create_attachment(
        self, input: AttachmentCreateParams, context: dict[str, Any]
    ) -> Attachment:
        descriptor: Any = {"url": UPLOAD_URL, "method": "PUT"}
        return FileAttachment(
            id=f"own_{input.name}",
            name=input.name,
            mime_type=input.mime_type,
            upload_descriptor=descriptor,
        )

    @override
    async def delete_attachment(self, attachment_id: str, context: dict[str, Any]) -> None:
        own_server.EFFECTS.append(f"deleted {attachment_id}")


class HttpError(Exception):
    """A web framework's exception."""

    status_code = 422
    detail = "Only audio, please."


@pytest_asyncio.fixture
async def hosted(open_gateway: OpenGateway) -> AsyncIterator[Gateway]:
    """The API of a service whose entry point is a ChatKitServer."""
    own_server.EFFECTS.clear()
    yield await open_gateway(TODO_AGENT_FACTORY="own_server:create_chatkit_server")


@pytest_asyncio.fixture
async def made(chat: Chat) -> Items:
    """Items for a thread of the user."""
    return Items((await chat.new_thread(USER)).id)


@pytest_asyncio.fixture
async def widget(chat: Chat, made: Items) -> WidgetItem:
    """A stored widget in the user's thread."""
    widget = made.widget()
    await chat.add_items(USER, widget)
    return widget


def action(made: Items, item_id: str | None, kind: str = "wave") -> dict[str, Any]:
    return {
        "thread_id": made.thread_id,
        "item_id": item_id,
        "action": {"type": kind, "payload": None},
    }


async def test_feedback_is_stored_and_reaches_the_server(
    hosted: Gateway, chat: Chat, made: Items
) -> None:
    answer = made.answer()
    await chat.add_items(USER, answer)

    response = await hosted.ask(
        "items.feedback", USER, thread_id=made.thread_id, item_ids=[answer.id], kind="positive"
    )

    assert response.json() == {}
    assert own_server.EFFECTS == ["positive feedback on 1"]


async def test_widgets_of_the_server_are_refreshed_when_a_client_loads_them(
    open_gateway: OpenGateway, chat: Chat, widget: WidgetItem
) -> None:
    gateway = await open_gateway(
        TODO_AGENT_FACTORY="own_server:create_chatkit_server",
        TODO_AGENT_LIVE_WIDGETS="own_server:open_live_widgets",
    )

    page = (await gateway.ask("items.list", USER, thread_id=widget.thread_id)).json()

    (shown,) = page["data"]
    assert shown["widget"]["children"][0]["value"] == f"todo-agent: now, for {USER}"
    (stored,) = await chat.load_items(USER, widget.thread_id)
    assert stored.widget == widget.widget


async def test_server_transcribes_recordings(hosted: Gateway) -> None:
    audio = base64.b64encode(b"abc").decode()

    response = await hosted.ask(
        "input.transcribe", USER, audio_base64=audio, mime_type="audio/webm;codecs=opus"
    )

    assert response.json() == {"text": "3 bytes of audio/webm"}
    assert (await hosted.get("/internal/assistant", USER)).json()["dictation"] is True


async def test_recordings_are_limited_before_the_server_gets_them(hosted: Gateway) -> None:
    response = await hosted.ask("input.transcribe", USER, audio_base64="!", mime_type="audio/webm")

    assert response.status_code == 422


async def test_error_of_a_web_framework_keeps_its_status(
    hosted: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise HttpError

    monkeypatch.setattr(own_server.GardenServer, "transcribe", refuse)
    audio = base64.b64encode(b"abc").decode()

    response = await hosted.ask(
        "input.transcribe", USER, audio_base64=audio, mime_type="audio/webm"
    )

    assert (response.status_code, response.json()["detail"]) == (422, "Only audio, please.")


async def test_error_of_a_model_client_is_an_internal_error(
    hosted: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its status is about the service's key, and its text may contain a part of it."""

    async def fail(*_: Any, **__: Any) -> None:
        response = httpx2.Response(401, request=httpx2.Request("POST", "http://model"))
        raise AuthenticationError("Incorrect API key: sk-1***9", response=response, body=None)

    monkeypatch.setattr(own_server.GardenServer, "transcribe", fail)
    audio = base64.b64encode(b"abc").decode()

    response = await hosted.ask(
        "input.transcribe", USER, audio_base64=audio, mime_type="audio/webm"
    )

    assert response.status_code == 500
    assert "sk-1" not in response.text


async def test_sync_action_returns_and_stores_the_updated_widget(
    hosted: Gateway, chat: Chat, made: Items, widget: WidgetItem
) -> None:
    response = await hosted.ask("threads.sync_custom_action", USER, **action(made, widget.id))

    updated = response.json()["updated_item"]
    assert updated["widget"]["children"][0]["value"] == "wave"
    assert updated["created_at"].endswith("Z")
    (stored,) = await chat.load_items(USER, made.thread_id)
    assert (stored.widget.children[0].value, stored.created_at) == ("wave", widget.created_at)
    assert [f"wave by {USER}"] == own_server.EFFECTS


async def test_refused_sync_action_shows_the_servers_message(hosted: Gateway, made: Items) -> None:
    response = await hosted.ask("threads.sync_custom_action", USER, **action(made, None))

    assert (response.status_code, response.json()["detail"]) == (409, "Which plant?")


async def test_sync_action_of_another_user_is_not_found(
    hosted: Gateway, made: Items, widget: WidgetItem
) -> None:
    response = await hosted.ask("threads.sync_custom_action", "usr_bob", **action(made, widget.id))

    assert response.status_code == 404
    assert own_server.EFFECTS == []


async def test_lists_have_utc_times_and_no_hidden_items(
    hosted: Gateway, chat: Chat, made: Items
) -> None:
    answer, hidden = made.answer(), made.hidden()
    await chat.add_items(USER, answer, hidden)

    listed = await hosted.ask("items.list", USER, thread_id=made.thread_id)
    thread = await hosted.ask("threads.get_by_id", USER, thread_id=made.thread_id)

    (item,) = listed.json()["data"]
    assert item["created_at"] == as_utc(answer.created_at).isoformat().replace("+00:00", "Z")
    assert thread.json()["created_at"].endswith("Z")
    assert [each["id"] for each in thread.json()["items"]["data"]] == [answer.id]


async def test_files_go_to_the_product_if_the_server_has_no_store_for_them(
    hosted: Gateway,
) -> None:
    response = await hosted.ask(
        "attachments.create", USER, name="a.txt", size=3, mime_type="text/plain"
    )

    url = response.json()["upload_descriptor"]["url"]
    assert url.endswith(f"/api/{USER}/chat/attachments/{response.json()['id']}/content")


async def test_attachment_store_of_the_server_is_used(
    open_gateway: OpenGateway, monkeypatch: pytest.MonkeyPatch, chat: Chat
) -> None:
    own_server.EFFECTS.clear()

    def create(store: Any, attachment_store: Any) -> own_server.GardenServer:
        server = own_server.GardenServer()
        server.attachment_store = OwnFiles()
        return server

    monkeypatch.setattr(own_server, "create_chatkit_server", create)
    gateway = await open_gateway(TODO_AGENT_FACTORY="own_server:create_chatkit_server")

    created = await gateway.ask(
        "attachments.create", USER, name="a.txt", size=3, mime_type="text/plain"
    )
    message = {
        "content": [{"type": "input_text", "text": "see"}],
        "attachments": ["own_a.txt"],
        "quoted_text": "",
        "inference_options": {},
    }
    accepted = await gateway.ask("threads.create", USER, input=message)
    deleted = await gateway.ask("attachments.delete", USER, attachment_id="own_a.txt")

    assert created.json()["upload_descriptor"]["url"] == UPLOAD_URL
    assert accepted.status_code == 202
    assert deleted.json() == {}
    assert own_server.EFFECTS == ["deleted own_a.txt"]
