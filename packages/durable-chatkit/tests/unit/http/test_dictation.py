"""`input.transcribe`: transcription of recordings."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from api_kit import Gateway, OpenGateway
from chat_kit import MakeMessage, MakeUser

from durable_chatkit.chatkit import dictation
from durable_chatkit.chatkit.limits import MAX_MESSAGE_CHARS
from durable_chatkit.settings import check_transcription
from todo_agent.settings import TodoAgentSettings
from todochat.contracts.dictation import MAX_AUDIO_BYTES
from todochat.settings import SettingsError

AUDIO = b"\x1aE\xdf\xa3" + bytes(range(256))
BROWSERS_TYPE = "audio/webm;codecs=opus"


@dataclass
class Listener:
    """A fake of OpenAI's `/audio/transcriptions`."""

    text: str = "add buy milk"
    status: int = 200
    url: str = ""
    recordings: list[dict[str, Any]] = field(default_factory=list)

    async def listen(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        self.recordings.append(
            {
                "model": form["model"],
                "name": file.filename,
                "type": file.content_type,
                "audio": file.file.read(),
                "key": request.headers["Authorization"],
            }
        )
        body = {"text": self.text} if self.status == 200 else {"error": {"message": "secret"}}
        return web.json_response(body, status=self.status, headers={"Retry-After": "0"})


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server with its own event loop: the API's test client blocks the test's loop."""
    made = Listener()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    app = web.Application(client_max_size=8 * 2**20)
    app.router.add_post("/v1/audio/transcriptions", made.listen)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest_asyncio.fixture
async def gateway(open_gateway: OpenGateway, listener: Listener) -> Gateway:
    return await open_gateway(
        OPENAI_BASE_URL=listener.url,
        OPENAI_API_KEY="sk-test",
        TODO_AGENT_MODEL="scripted",
        TODO_AGENT_TRANSCRIPTION_MODEL="whisper-1",
    )


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


async def dictate(
    gateway: Gateway, user: str, audio: bytes | str = AUDIO, kind: str = BROWSERS_TYPE
) -> httpx.Response:
    encoded = audio if isinstance(audio, str) else base64.b64encode(audio).decode()
    return await gateway.ask("input.transcribe", user, audio_base64=encoded, mime_type=kind)


def code(response: httpx.Response) -> str:
    problem: str = response.json()["type"]
    return problem.removeprefix("urn:todochat:problem:")


async def test_recording_is_transcribed(gateway: Gateway, listener: Listener, user: str) -> None:
    response = await dictate(gateway, user)

    assert (response.status_code, response.json()) == (200, {"text": "add buy milk"})
    assert listener.recordings == [
        {
            "model": "whisper-1",
            "name": "speech.webm",
            "type": "audio/webm",
            "audio": AUDIO,
            "key": "Bearer sk-test",
        }
    ]


async def test_recording_of_two_megabytes_is_accepted(
    gateway: Gateway, listener: Listener, user: str
) -> None:
    response = await dictate(gateway, user, bytes(MAX_AUDIO_BYTES))

    assert response.status_code == 200
    assert len(listener.recordings[0]["audio"]) == MAX_AUDIO_BYTES


@pytest.mark.parametrize(
    ("audio", "kind", "status", "problem"),
    [
        (bytes(MAX_AUDIO_BYTES + 1), BROWSERS_TYPE, 413, "file-too-large"),
        ("not base64!", BROWSERS_TYPE, 422, "invalid-input"),
        (b"", BROWSERS_TYPE, 422, "invalid-input"),
        (AUDIO, "video/mp4", 422, "unsupported-file"),
        (AUDIO, "", 422, "unsupported-file"),
    ],
    ids=["long", "no-base64", "empty", "video", "no-type"],
)
async def test_invalid_recordings_are_rejected_before_the_model(
    gateway: Gateway,
    listener: Listener,
    user: str,
    audio: bytes | str,
    kind: str,
    status: int,
    problem: str,
) -> None:
    response = await dictate(gateway, user, audio, kind)

    assert (response.status_code, code(response)) == (status, problem)
    assert listener.recordings == []


@pytest.mark.parametrize(
    ("model_says", "status", "problem"),
    [
        (400, 422, "unsupported-file"),
        (401, 503, "transcription-failed"),
        (429, 503, "transcription-failed"),
        (500, 503, "transcription-failed"),
    ],
)
async def test_model_error_is_reported_without_its_text(
    gateway: Gateway, listener: Listener, user: str, model_says: int, status: int, problem: str
) -> None:
    listener.status = model_says

    response = await dictate(gateway, user)

    assert (response.status_code, code(response)) == (status, problem)
    assert "secret" not in response.text


async def test_transcript_is_truncated_to_message_limit(
    gateway: Gateway, listener: Listener, user: str
) -> None:
    listener.text = "la " * MAX_MESSAGE_CHARS

    assert len((await dictate(gateway, user)).json()["text"]) == MAX_MESSAGE_CHARS


async def test_concurrent_transcriptions_are_limited(
    gateway: Gateway, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dictation, "MAX_CONCURRENT", 0)

    response = await dictate(gateway, user)

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) >= 1


async def test_other_requests_keep_the_smaller_body_limit(
    gateway: Gateway, message: MakeMessage, user: str
) -> None:
    long = message("x" * 300_000)
    pretending = {"metadata": {"type": "input.transcribe"}, **long}

    answers = [await gateway.chatkit(body, user) for body in (long, pretending)]

    assert [(answer.status_code, code(answer)) for answer in answers] == [
        (413, "payload-too-large")
    ] * 2


async def test_dictation_is_unavailable_without_a_model(
    open_gateway: OpenGateway, user: str
) -> None:
    response = await dictate(await open_gateway(), user)

    assert (response.status_code, code(response)) == (422, "feature-unavailable")


def test_transcription_model_without_server_fails_at_start() -> None:
    settings = TodoAgentSettings(
        redis_url="", database_url="", jobs_database_url="", transcription_model="whisper-1"
    )

    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        check_transcription(settings)
