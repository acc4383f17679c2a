"""Attachments over the internal API: upload, download, rejection, isolation of users."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api_kit import Gateway, OpenGateway
from chat_kit import Admin

from durable_chatkit.storage.purges import purge_unattached_files
from todochat.contracts.uploads import MAX_FILE_BYTES
from todochat.database import Database
from todochat.testing import sample_files

DAY_S = 24 * 3600.0
IMAGES = {
    "image/png": sample_files.PNG,
    "image/jpeg": sample_files.JPEG,
    "image/gif": sample_files.GIF,
    "image/webp": sample_files.WEBP,
}


class Files:
    """Uploads and downloads one user's files like the gateway."""

    def __init__(self, gateway: Gateway, user: str) -> None:
        self._gateway = gateway
        self.user = user

    async def add(self, name: str, content: bytes, kind: str = "") -> httpx.Response:
        return await self._send("POST", "", name, content, kind)

    async def announce(self, name: str, size: int, kind: str) -> httpx.Response:
        params = {"name": name, "size": size, "mime_type": kind}
        response: httpx.Response = await self._gateway.ask(
            "attachments.create", self.user, **params
        )
        return response

    async def upload(self, attachment_id: str, content: bytes, kind: str = "") -> httpx.Response:
        return await self._send("POST", f"/{attachment_id}/content", "x", content, kind)

    async def put(self, attachment_id: str, content: bytes) -> httpx.Response:
        response: httpx.Response = await self._gateway.client.put(
            f"/internal/attachments/{attachment_id}/content",
            headers=self._gateway.headers(self.user, content_type="application/octet-stream"),
            content=content,
        )
        return response

    async def read(self, attachment_id: str) -> httpx.Response:
        path = f"/internal/attachments/{attachment_id}/content"
        response: httpx.Response = await self._gateway.get(path, self.user)
        return response

    async def delete(self, attachment_id: str) -> httpx.Response:
        response: httpx.Response = await self._gateway.ask(
            "attachments.delete", self.user, attachment_id=attachment_id
        )
        return response

    async def send(self, ids: list[str], thread_id: str | None = None) -> httpx.Response:
        content = [{"type": "input_text", "text": "look"}]
        params: dict[str, Any] = {
            "input": {"content": content, "attachments": ids, "inference_options": {}}
        }
        kind = "threads.create"
        if thread_id is not None:
            kind, params["thread_id"] = "threads.add_user_message", thread_id
        response: httpx.Response = await self._gateway.ask(kind, self.user, **params)
        return response

    async def items(self, thread_id: str) -> list[dict[str, Any]]:
        response = await self._gateway.ask("items.list", self.user, thread_id=thread_id)
        items: list[dict[str, Any]] = response.json()["data"]
        return items

    async def _send(
        self, method: str, path: str, name: str, content: bytes, kind: str
    ) -> httpx.Response:
        part = (name, content, kind) if kind else (name, content)
        response: httpx.Response = await self._gateway.client.request(
            method,
            f"/internal/attachments{path}",
            headers=self._gateway.headers(self.user),
            files={"file": part},
        )
        return response


@pytest.fixture
def ada(gateway: Gateway, make_user: Callable[[], str]) -> Files:
    return Files(gateway, make_user())


@pytest.fixture
def bob(gateway: Gateway, make_user: Callable[[], str]) -> Files:
    return Files(gateway, make_user())


def code(response: httpx.Response) -> str:
    problem: str = response.json()["type"]
    return problem.removeprefix("urn:todochat:problem:")


@pytest.mark.parametrize("kind", IMAGES)
async def test_image_is_returned_unchanged(ada: Files, kind: str) -> None:
    added = await ada.add("me.bin", IMAGES[kind], "application/octet-stream")

    read = await ada.read(added.json()["id"])

    assert (added.status_code, added.json()["type"], added.json()["mime_type"]) == (
        201,
        "image",
        kind,
    )
    assert (read.content, read.headers["content-type"]) == (IMAGES[kind], kind)
    assert read.headers["content-disposition"].startswith("inline;")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("list.csv", sample_files.CSV, "text/csv"),
        ("list.txt", sample_files.CSV, "text/plain"),
        ("page.html", sample_files.HTML, "text/plain"),
        ("bell.txt", "Grüße 👋".encode(), "text/plain"),
    ],
)
async def test_text_is_detected_regardless_of_file_name(
    ada: Files, name: str, content: bytes, kind: str
) -> None:
    added = await ada.add(name, content, "text/html")

    read = await ada.read(added.json()["id"])

    assert (added.json()["type"], added.json()["mime_type"]) == ("file", kind)
    assert read.content == content
    assert read.headers["content-type"] == f"{kind}; charset=utf-8"
    assert read.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("excel.csv", "Müll rausbringen;groß\r\n".encode("cp1252"), "text/csv"),
        ("notes.txt", "Müll rausbringen".encode("utf-16"), "text/plain"),
        ("letter.pdf", sample_files.PDF, "application/pdf"),
    ],
)
async def test_file_that_is_not_utf8_is_returned_unchanged(
    ada: Files, name: str, content: bytes, kind: str
) -> None:
    announced = (await ada.announce(name, len(content), kind)).json()
    uploaded = await ada.upload(announced["id"], content)

    read = await ada.read(announced["id"])

    assert uploaded.json()["mime_type"] == kind
    assert read.content == content
    assert read.headers["content-type"] == kind
    assert read.headers["content-disposition"].startswith("attachment;")


async def test_announcing_a_photo_of_a_phone_says_what_to_convert_it_to(ada: Files) -> None:
    response = await ada.announce("IMG_1.HEIC", 1000, "image/heic")

    assert (response.status_code, code(response)) == (422, "unsupported-file")
    assert "Convert it to JPEG or PNG." in response.json()["detail"]


async def test_downloads_are_sandboxed(ada: Files) -> None:
    added = await ada.add("a.gif", sample_files.GIF_SCRIPT, "text/html")

    headers = (await ada.read(added.json()["id"])).headers

    assert headers["content-type"] == "image/gif"
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    ("content", "status", "problem"),
    [
        (sample_files.pdf(""), 422, "unsupported-file"),
        (sample_files.SVG, 422, "unsupported-file"),
        ("\ufeff<!-- x --><svg>".encode(), 422, "unsupported-file"),
        (b"PK\x03\x04" + bytes(40), 422, "unsupported-file"),
        (b"text with a \x00 in it", 422, "unsupported-file"),
        (bytes(range(256)), 422, "unsupported-file"),
        (b"", 422, "unsupported-file"),
        (b"x" * (MAX_FILE_BYTES + 1), 413, "file-too-large"),
    ],
    ids=["pdf-without-text", "svg", "svg-text", "zip", "nul", "binary", "empty", "long"],
)
async def test_unsupported_files_are_rejected(
    ada: Files, content: bytes, status: int, problem: str
) -> None:
    response = await ada.add("holiday.png", content, "image/png")

    assert (response.status_code, code(response)) == (status, problem)


async def test_largest_file_is_accepted(ada: Files) -> None:
    content = b"x" * MAX_FILE_BYTES

    added = await ada.add("long.txt", content)

    assert (await ada.read(added.json()["id"])).content == content


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a b.txt", "a b.txt"),
        ("evil\u202egpj.txt", "evilgpj.txt"),
        ("n" * 300, "n" * 200),
    ],
)
async def test_file_name_is_cleaned(ada: Files, name: str, shown: str) -> None:
    added = await ada.add(name, b"hello")

    assert added.json()["name"] == shown


async def test_registered_file_is_uploaded_to_returned_url(ada: Files) -> None:
    announced = (await ada.announce("me.png", len(sample_files.PNG), "image/png")).json()
    before = await ada.read(announced["id"])

    uploaded = (await ada.upload(announced["id"], sample_files.PNG)).json()

    path = f"/api/{ada.user}/chat/attachments/{announced['id']}/content"
    assert announced["upload_descriptor"]["url"].endswith(path)
    assert announced["upload_descriptor"]["method"] == "POST"
    assert before.status_code == 404
    assert (uploaded["id"], uploaded["type"]) == (announced["id"], "image")
    assert "upload_descriptor" not in uploaded
    assert (await ada.read(announced["id"])).content == sample_files.PNG


async def test_raw_bytes_are_accepted_with_put(ada: Files) -> None:
    announced = (await ada.announce("a.txt", 5, "text/plain")).json()

    uploaded = await ada.put(announced["id"], b"hello")

    assert uploaded.status_code == 200
    assert (await ada.read(announced["id"])).content == b"hello"


async def test_repeated_upload_must_have_same_content(ada: Files) -> None:
    announced = (await ada.announce("a.txt", 5, "text/plain")).json()
    await ada.upload(announced["id"], b"hello")

    again = await ada.upload(announced["id"], b"hello")
    other = await ada.upload(announced["id"], b"hallo")

    assert (again.status_code, other.status_code, code(other)) == (200, 409, "attachment-taken")
    assert (await ada.read(announced["id"])).content == b"hello"


@pytest.mark.parametrize(
    ("announced", "size", "content"),
    [
        ("image/png", 100, b"no picture"),
        ("text/plain", 1000, sample_files.PNG),
        ("text/plain", 3, b"longer"),
    ],
    ids=["text", "image", "longer"],
)
async def test_upload_that_differs_from_registration_is_rejected(
    ada: Files, announced: str, size: int, content: bytes
) -> None:
    attachment = (await ada.announce("a", size, announced)).json()

    response = await ada.upload(attachment["id"], content)

    assert (response.status_code, code(response)) == (422, "unsupported-file")


@pytest.mark.parametrize(
    ("size", "kind", "status"),
    [
        (0, "text/plain", 422),
        (MAX_FILE_BYTES + 1, "text/plain", 413),
        (10, "image/svg+xml", 422),
        (10, "video/mp4", 422),
    ],
)
async def test_registration_of_unsupported_file_is_rejected(
    ada: Files, size: int, kind: str, status: int
) -> None:
    assert (await ada.announce("a", size, kind)).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {"content": b"no parts", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        {"content": b"--b\r\n", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
    ],
    ids=["nothing", "cut", "no-boundary"],
)
async def test_malformed_form_returns_400(
    gateway: Gateway, ada: Files, body: dict[str, Any]
) -> None:
    headers = {**gateway.headers(ada.user), **body["headers"]}

    response = await gateway.client.post(
        "/internal/attachments", content=body["content"], headers=headers
    )

    assert (response.status_code, code(response)) == (400, "bad-request")


async def test_form_without_file_returns_422(gateway: Gateway, ada: Files) -> None:
    response = await gateway.client.post(
        "/internal/attachments", files={"other": b"x"}, headers=gateway.headers(ada.user)
    )

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/file")


async def test_other_users_file_returns_404(ada: Files, bob: Files) -> None:
    added = (await ada.add("a.txt", b"hers")).json()
    announced = (await ada.announce("b.txt", 5, "text/plain")).json()

    answers = [
        await bob.read(added["id"]),
        await bob.delete(added["id"]),
        await bob.send([added["id"]]),
        await bob.upload(announced["id"], b"his"),
        await bob.put(announced["id"], b"his"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert (await ada.read(added["id"])).content == b"hers"


async def test_message_contains_signed_file_links(ada: Files) -> None:
    added = (await ada.add("me.png", sample_files.PNG)).json()

    accepted = (await ada.send([added["id"]])).json()

    (message,) = await ada.items(accepted["thread_id"])
    (attachment,) = message["attachments"]
    assert (attachment["id"], attachment["thread_id"]) == (added["id"], accepted["thread_id"])
    assert "signature=" in attachment["preview_url"]
    assert "metadata" not in attachment


async def test_stored_items_contain_no_signature(ada: Files, admin: Admin) -> None:
    added = (await ada.add("me.png", sample_files.PNG)).json()

    await ada.send([added["id"]])

    stored = await admin.value("SELECT string_agg(payload::text, ' ') FROM items")
    assert added["id"] in stored
    assert "signature" not in stored


async def test_message_with_missing_upload_is_rejected(ada: Files) -> None:
    announced = (await ada.announce("a.txt", 5, "text/plain")).json()

    response = await ada.send([announced["id"]])

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/params/input/attachments"


async def test_file_cannot_be_sent_in_second_thread(ada: Files) -> None:
    added = (await ada.add("a.txt", b"hello")).json()
    first = (await ada.send([added["id"]])).json()

    second = await ada.send([added["id"]])

    assert (second.status_code, code(second)) == (409, "attachment-taken")
    (message,) = await ada.items(first["thread_id"])
    assert message["attachments"][0]["thread_id"] == first["thread_id"]


async def test_deleted_file_returns_404(ada: Files, admin: Admin) -> None:
    added = (await ada.add("a.txt", b"hello")).json()

    first, again = await ada.delete(added["id"]), await ada.delete(added["id"])

    assert (first.status_code, again.status_code) == (200, 404)
    assert await admin.value("SELECT count(*) FROM attachment_contents") == 0


async def test_deleting_thread_deletes_its_files(
    gateway: Gateway, ada: Files, admin: Admin
) -> None:
    added = (await ada.add("a.txt", b"hello")).json()
    thread_id = (await ada.send([added["id"]])).json()["thread_id"]

    await gateway.ask("threads.delete", ada.user, thread_id=thread_id)

    assert await admin.value("SELECT count(*) FROM attachment_contents") == 0


async def test_number_of_files_per_user_is_limited(
    open_gateway: OpenGateway, make_user: Callable[[], str]
) -> None:
    gateway = await open_gateway(TODO_AGENT_ATTACHMENTS_PER_USER="2")
    ada, bob = Files(gateway, make_user()), Files(gateway, make_user())
    await ada.add("a.txt", b"one")
    await ada.announce("b.txt", 3, "text/plain")

    third = await ada.add("c.txt", b"three")

    assert (third.status_code, code(third)) == (409, "attachment-quota")
    assert (await bob.add("a.txt", b"one")).status_code == 201


async def test_size_of_files_per_user_is_limited(
    open_gateway: OpenGateway, make_user: Callable[[], str]
) -> None:
    gateway = await open_gateway(TODO_AGENT_ATTACHMENT_BYTES_PER_USER="10")
    ada = Files(gateway, make_user())
    await ada.announce("a.txt", 8, "text/plain")

    refused = await ada.add("b.txt", b"two")
    fits = await ada.add("b.txt", b"2")

    assert (refused.status_code, code(refused)) == (409, "attachment-quota")
    assert fits.status_code == 201


async def test_purge_deletes_only_unattached_files(
    ada: Files, admin: Admin, jobs_db: Database
) -> None:
    sent = (await ada.add("sent.txt", b"sent")).json()
    left = (await ada.add("left.txt", b"left")).json()
    await ada.send([sent["id"]])
    await admin.execute("UPDATE attachments SET created_at = now() - interval '25 hours'")
    fresh = (await ada.add("fresh.txt", b"fresh")).json()

    purged = await purge_unattached_files(jobs_db, DAY_S)

    statuses = [(await ada.read(each["id"])).status_code for each in (sent, left, fresh)]
    assert (purged, statuses) == (1, [200, 404, 200])
