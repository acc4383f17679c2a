"""`import-threads`: threads of other ChatKit stores, from JSON lines."""

import argparse
import asyncio
import io
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chat_kit import Admin, Chat, Items, MakeItems, MakeUser
from chatkit.store import NotFoundError
from chatkit.types import (
    Attachment,
    FileAttachment,
    InferenceOptions,
    Page,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)
from pydantic import TypeAdapter
from redis.asyncio import Redis

from durable_chatkit import thread_import
from durable_chatkit.settings import ImportSettings
from durable_chatkit.thread_import import MAX_FAILURES, read_lines
from todochat.clock import utc_now
from todochat.database import Database
from todochat.database.bootstrap import DatabaseUrls

PAGE = Path(__file__).parents[4] / "docs/adopting/import-threads.md"
ITEM: TypeAdapter[ThreadItem] = TypeAdapter(ThreadItem)


@dataclass
class Imported:
    """The result of the command."""

    code: int
    out: str
    err: str


Import = Callable[..., Awaitable[Imported]]


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


@pytest.fixture
def import_lines(
    empty_chat: DatabaseUrls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Import:
    """Import lines with options of the command."""

    async def run(*lines: Any, options: tuple[str, ...] = (), agent: str = "default") -> Imported:
        file = tmp_path / "threads.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        file.write_text("\n".join(texts))
        parser = argparse.ArgumentParser()
        thread_import.add_arguments(parser)
        settings = ImportSettings(database_url=empty_chat.app, agent_name=agent)
        parsed = parser.parse_args([str(file), *options])
        code = await asyncio.to_thread(thread_import.import_file, settings, parsed)
        return Imported(code, *capsys.readouterr())

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made_line(user: str, made: Items, *items: ThreadItem, **thread: Any) -> dict[str, Any]:
    """Return a line as a store's models give it."""
    metadata = ThreadMetadata(
        **{"id": made.thread_id, "title": "Tea", "created_at": utc_now(), **thread}
    )
    return {
        "user_id": user,
        "thread": metadata.model_dump(mode="json"),
        "items": [item.model_dump(mode="json", by_alias=True) for item in items],
    }


def asked(made: Items, text: str, *files: Attachment, **fields: Any) -> UserMessageItem:
    return UserMessageItem(
        content=[UserMessageTextContent(text=text)],
        attachments=list(files),
        inference_options=InferenceOptions(),
        **made._fields(fields),
    )


async def test_thread_keeps_ids_content_and_order(
    chat: Chat, user: str, items: MakeItems, import_lines: Import
) -> None:
    made = items("abc-1")
    sent: list[ThreadItem] = [
        asked(made, "a pot of green tea"),
        made.tool_call(),
        made.widget(),
        made.hidden(),
        made.question(),
        made.answer("ordered"),
    ]
    line = made_line(user, made, *sent, metadata={"plan": "pro"})

    imported = await import_lines(line)

    assert imported.code == 0
    assert imported.out == "imported: 1 threads with 6 items; already here: 0; failed: 0\n"
    thread = await chat.store.load_thread("abc-1", chat.context(user))
    assert (thread.title, thread.metadata) == ("Tea", {"plan": "pro"})
    stored = await chat.load_items(user, "abc-1")
    assert [item.model_dump() for item in stored] == [item.model_dump() for item in sent]


async def test_second_run_imports_nothing(
    chat: Chat, user: str, items: MakeItems, import_lines: Import
) -> None:
    made = items("not a usable id")
    line = made_line(user, made, made.answer(id="1"), made.answer(id="1"))
    await import_lines(line)

    again = await import_lines(line)

    assert again.code == 0
    assert again.out == "imported: 0 threads with 0 items; already here: 1; failed: 0\n"
    page = await chat.store.load_threads(20, None, "asc", chat.context(user))
    (thread,) = page.data
    assert len(await chat.load_items(user, thread.id)) == 2


async def test_unusable_and_taken_ids_are_replaced_and_reported(
    chat: Chat, user: str, make_user: MakeUser, items: MakeItems, import_lines: Import
) -> None:
    other = make_user()
    mine = items("thr_1")
    await import_lines(made_line(other, mine, mine.answer("other's")))
    odd = items("thread@17")  # reads like a cursor
    lines = [
        made_line(user, mine, mine.answer("mine", id="1"), mine.answer("again", id="1")),
        made_line(user, odd, odd.answer("odd", id="a b")),
    ]

    imported = await import_lines(*lines)

    assert imported.code == 0
    found = re.fullmatch(
        r"line 1: thread 'thr_1' is (thr_\w{26}) here\n"
        r"line 1: item '1' of \1 is (msg_\w{26}) here\n"
        r"line 2: thread 'thread@17' is (thr_\w{26}) here\n"
        r"line 2: item 'a b' of \3 is (msg_\w{26}) here\n"
        r"imported: 2 threads with 3 items; already here: 0; failed: 0\n",
        imported.out,
    )
    assert found is not None, imported.out
    first, again = await chat.load_items(user, found[1])
    assert (first.id, first.content[0].text) == ("1", "mine")
    assert (again.id, again.content[0].text) == (found[2], "again")
    assert [item.id for item in await chat.load_items(user, found[3])] == [found[4]]
    (kept,) = await chat.load_items(other, "thr_1")
    assert kept.content[0].text == "other's"
    again = await import_lines(*lines)
    assert again.code == 0
    assert "already here: 2" in again.out


async def test_order_survives_equal_decreasing_and_naive_times(
    chat: Chat, user: str, items: MakeItems, import_lines: Import
) -> None:
    made = items("thr_1")
    line = made_line(
        user, made, *[made.answer(str(number), id=f"z{9 - number}") for number in range(4)]
    )
    times = [
        "2026-03-01T12:00:00",
        "2026-03-01T12:00:00",
        "2026-03-01T11:00:00",
        "2026-03-02T00:00:00Z",
    ]
    for item, time in zip(line["items"], times, strict=True):
        item["created_at"] = time
    line["thread"]["created_at"] = "2026-03-01T12:00:00"

    imported = await import_lines(line, options=("--timezone", "Europe/Berlin"))

    assert imported.code == 0
    stored = await chat.load_items(user, "thr_1")
    assert [item.content[0].text for item in stored] == ["0", "1", "2", "3"]
    assert [item.created_at.isoformat() for item in stored] == [
        "2026-03-01T11:00:00+00:00",
        "2026-03-01T11:00:00.000001+00:00",
        "2026-03-01T11:00:00.000002+00:00",
        "2026-03-02T00:00:00+00:00",
    ]
    thread = await chat.store.load_thread("thr_1", chat.context(user))
    assert thread.created_at.isoformat() == "2026-03-01T11:00:00+00:00"


async def test_dry_run_reports_and_writes_nothing(
    user: str, items: MakeItems, admin: Admin, import_lines: Import
) -> None:
    made = items("a b")
    line = made_line(user, made, made.answer(id="1"))

    imported = await import_lines(line, options=("--dry-run",))

    assert imported.code == 0
    first, summary = imported.out.splitlines()
    assert first.startswith("line 1: thread 'a b' is thr_")
    assert summary == "would be imported: 1 threads with 1 items; already here: 0; failed: 0"
    for table in ("owners", "threads", "items"):
        assert await admin.value(f"SELECT count(*) FROM {table}") == 0


async def test_imported_conversations_are_numbered_and_continue(
    chat: Chat, user: str, items: MakeItems, message: Callable[..., Any], import_lines: Import
) -> None:
    await chat.accept(message(), user)
    await import_lines(*(made_line(user, items(name), items(name).answer()) for name in "ab"))

    accepted = await chat.accept({"message": "more", "conversation_id": 3}, user)

    assert (accepted.thread_id, accepted.conversation_id) == ("b", 3)
    assert (await chat.accept(message(), user)).conversation_id == 4


async def test_missing_attachments_are_reported_and_present_ones_bound(
    chat: Chat, user: str, items: MakeItems, admin: Admin, import_lines: Import
) -> None:
    here = FileAttachment(id="atc_here", name="a.txt", mime_type="text/plain")
    gone = FileAttachment(id="atc_gone", name="b.txt", mime_type="text/plain")
    await chat.store.save_attachment(here, chat.context(user))
    await admin.execute("UPDATE attachments SET uploaded_at = now()")
    made = items("thr_1")
    sent = asked(made, "look", here, gone, gone)

    imported = await import_lines(made_line(user, made, sent))

    assert imported.code == 0
    report = imported.out.splitlines()
    assert report[0] == "line 1: attachment 'atc_gone' of thr_1 doesn't exist here"
    assert len(report) == 2
    assert await admin.value("SELECT thread_id FROM attachments") == "thr_1"
    (stored,) = await chat.load_items(user, "thr_1")
    assert [file.name for file in stored.attachments] == ["a.txt", "b.txt", "b.txt"]


@pytest.mark.parametrize(
    ("options", "owner_in"),
    [
        (("--user", "usr_ada"), {}),
        (("--user-key", "owner"), {"owner": "usr_ada"}),
        (("--user-key", "thread.metadata.user"), {"metadata": {"user": "usr_ada"}}),
    ],
)
async def test_owner_comes_from_option_or_field(
    chat: Chat,
    items: MakeItems,
    import_lines: Import,
    options: tuple[str, ...],
    owner_in: dict[str, Any],
) -> None:
    made = items("thr_1")
    line = made_line("usr_eve", made, made.answer(), metadata=owner_in.get("metadata", {}))
    line |= {name: value for name, value in owner_in.items() if name != "metadata"}

    imported = await import_lines(line, options=options)

    assert imported.code == 0
    assert len(await chat.load_items("usr_ada", "thr_1")) == 1


async def test_imported_threads_belong_to_the_agent(
    chat_db: Database, redis: Redis, chat: Chat, user: str, items: MakeItems, import_lines: Import
) -> None:
    made = items("thr_1")
    line = made_line(user, made, made.answer())

    await import_lines(line, agent="tea")

    tea = Chat(chat_db, redis, agent="tea")
    assert len(await tea.load_items(user, "thr_1")) == 1
    with pytest.raises(NotFoundError):
        await chat.load_items(user, "thr_1")


THREAD = {"id": "t", "created_at": "2026-01-01T00:00:00Z"}
ANSWER = {
    "id": "i",
    "created_at": "2026-01-01T00:00:00Z",
    "type": "assistant_message",
    "content": [],
}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON: "),
        ("[" * 100_000, "not JSON: "),
        ('{"user_id": "\\ud800"}', "not JSON: "),
        ("[]", "not a JSON object"),
        ({"thread": THREAD, "items": []}, "user_id: not a user ID"),
        ({"user_id": "a/b", "thread": THREAD, "items": []}, "user_id: not a user ID"),
        ({"user_id": "u", "items": []}, "thread: input should be a valid dictionary"),
        ({"user_id": "u", "thread": {"id": "t"}, "items": []}, "thread.created_at: field required"),
        ({"user_id": "u", "thread": THREAD}, "items: not a list"),
        ({"user_id": "u", "thread": THREAD, "items": [ANSWER, 1]}, "items[1]: "),
        (
            {"user_id": "u", "thread": THREAD, "items": [{**ANSWER, "content": [{"text": 1}]}]},
            "items[0].content[0].text: input should be a valid string",
        ),
        (
            {"user_id": "u", "thread": THREAD, "items": [{**ANSWER, "type": "poem"}]},
            "items[0]: input tag 'poem'",
        ),
        (
            {"user_id": "u", "thread": THREAD, "items": [{**ANSWER, "thread_id": "x"}]},
            "items[0].thread_id: 'x' is not the thread's ID, 't'",
        ),
    ],
)
async def test_invalid_line_is_named_with_its_field_and_others_are_imported(
    user: str, items: MakeItems, chat: Chat, import_lines: Import, line: Any, reason: str
) -> None:
    made = items("thr_1")

    shown = await import_lines(line, "", made_line(user, made, made.answer()))

    assert shown.code == 1
    assert shown.err.startswith(f"line 1: {reason}")
    assert shown.err.count("\n") == 1
    assert shown.out == "imported: 1 threads with 1 items; already here: 0; failed: 1\n"
    assert len(await chat.load_items(user, "thr_1")) == 1


async def test_import_stops_after_many_failures(import_lines: Import) -> None:
    shown = await import_lines(*["{"] * (MAX_FAILURES + 5))

    assert shown.code == 1
    assert f"failed: {MAX_FAILURES}\n" in shown.out
    assert f"stopped after {MAX_FAILURES} failures" in shown.err


async def test_erased_account_gets_no_threads(
    user: str, items: MakeItems, admin: Admin, import_lines: Import
) -> None:
    await admin.execute(
        "INSERT INTO erasures (account) VALUES (encode(sha256(convert_to($1, 'UTF8')), 'hex'))",
        user,
    )
    made = items("thr_1")

    shown = await import_lines(made_line(user, made, made.answer()))

    assert shown.code == 1
    assert shown.err.startswith("line 1: ")
    assert await admin.value("SELECT count(*) FROM threads") == 0


async def test_role_that_bypasses_row_level_security_is_refused(
    empty_chat: DatabaseUrls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "threads.jsonl"
    file.write_text("")
    options = argparse.Namespace(file=str(file), dry_run=False)
    settings = ImportSettings(database_url=empty_chat.owner)

    assert await asyncio.to_thread(thread_import.import_file, settings, options) == 1

    assert "row-level security" in capsys.readouterr().err


async def test_missing_file_and_unreachable_database_have_their_own_messages(
    empty_chat: DatabaseUrls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "threads.jsonl"
    nowhere = empty_chat.app.partition("?")[0] + f"?host={tmp_path}"
    settings = ImportSettings(database_url=nowhere)
    options = argparse.Namespace(file=str(file), dry_run=False)

    missing = await asyncio.to_thread(thread_import.import_file, settings, options)
    file.write_text("")
    unreachable = await asyncio.to_thread(thread_import.import_file, settings, options)

    first, second = capsys.readouterr().err.splitlines()
    assert (missing, unreachable) == (1, 1)
    assert first == f"can't read {file}: No such file or directory"
    assert second.startswith("the import stopped: ")


def test_long_line_is_skipped_without_reading_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_import, "MAX_LINE_BYTES", 8)

    class Reads(io.BytesIO):
        longest = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size)
            self.longest = max(self.longest, len(line))
            return line

    file = Reads(b"1234567\n" + b"x" * 1000 + b"\nlast")

    found = list(read_lines(file))

    assert [(number, str(line)) for number, line in found] == [
        (1, "b'1234567\\n'"),
        (2, "longer than 0 MiB"),
        (3, "b'last'"),
    ]
    assert file.longest <= 9


def code_of_page() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


class MemoryStore:
    """A store as in openai-chatkit's samples: pages after an item's id, naive times."""

    def __init__(self, db_path: str = "") -> None:
        self.threads: dict[str, ThreadMetadata] = {}
        self.items: dict[str, list[ThreadItem]] = defaultdict(list)

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: dict[str, Any]
    ) -> Page[ThreadMetadata]:
        return self._page(list(self.threads.values()), limit, after)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: dict[str, Any]
    ) -> Page[ThreadItem]:
        return self._page(self.items[thread_id], limit, after)

    def _page(self, rows: list[Any], limit: int, after: str | None) -> Page[Any]:
        start = next((i + 1 for i, row in enumerate(rows) if row.id == after), 0)
        data = rows[start : start + limit]
        more = start + limit < len(rows)
        return Page(data=data, has_more=more, after=data[-1].id if more else None)


class SQLiteStore(MemoryStore):
    """The same on a file, with each user's own threads."""

    def __init__(self, db_path: str) -> None:
        self._db = sqlite3.connect(db_path)
        self._db.execute("CREATE TABLE IF NOT EXISTS threads (id TEXT, user_id TEXT, data TEXT)")
        self._db.execute("CREATE TABLE IF NOT EXISTS items (id TEXT, thread_id TEXT, data TEXT)")

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: dict[str, Any]
    ) -> Page[ThreadMetadata]:
        statement = "SELECT data FROM threads WHERE user_id = ? ORDER BY id"
        rows = self._db.execute(statement, (context["user_id"],))
        return self._page(
            [ThreadMetadata.model_validate_json(row[0]) for row in rows], limit, after
        )

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: dict[str, Any]
    ) -> Page[ThreadItem]:
        statement = "SELECT data FROM items WHERE thread_id = ? ORDER BY rowid"
        rows = self._db.execute(statement, (thread_id,))
        return self._page([ITEM.validate_json(row[0]) for row in rows], limit, after)

    def fill(self, users: dict[str, MemoryStore]) -> None:
        for user, store in users.items():
            for thread in store.threads.values():
                row = (thread.id, user, thread.model_dump_json())
                self._db.execute("INSERT INTO threads VALUES (?, ?, ?)", row)
                for item in store.items[thread.id]:
                    entry = (item.id, thread.id, item.model_dump_json())
                    self._db.execute("INSERT INTO items VALUES (?, ?, ?)", entry)
        self._db.commit()


def filled_store(items: MakeItems, prefix: str) -> MemoryStore:
    """Return a store with more threads and items than fit on a page."""
    store = MemoryStore()
    for number in range(102):
        made = items(f"{prefix}_{number:03}")
        naive = utc_now().replace(tzinfo=None)
        store.threads[made.thread_id] = ThreadMetadata(id=made.thread_id, created_at=naive)
        answers = 101 if number == 0 else 1
        store.items[made.thread_id] = [
            made.answer(f"answer {each}", id=f"i{each}", created_at=naive)
            for each in range(answers)
        ]
    return store


async def test_lines_of_the_page_export_a_sqlite_store(
    chat: Chat, items: MakeItems, import_lines: Import, folder: Path
) -> None:
    SQLiteStore("chat.db").fill(
        {"usr_ada": filled_store(items, "a"), "usr_bob": filled_store(items, "b")}
    )
    write, from_sqlite, _ = code_of_page()

    await asyncio.to_thread(exec, write + from_sqlite, {"SQLiteStore": SQLiteStore})

    lines = (folder / "threads.jsonl").read_text().splitlines()
    assert (await import_lines(*lines)).code == 0
    for user, prefix in (("usr_ada", "a"), ("usr_bob", "b")):
        context = chat.context(user)
        page = await chat.store.load_threads(100, None, "asc", context)
        assert page.has_more
        assert all(thread.id.startswith(prefix) for thread in page.data)
        stored = await chat.store.load_thread_items(f"{prefix}_000", None, 100, "asc", context)
        assert stored.has_more
        assert [item.id for item in stored.data] == [f"i{number}" for number in range(100)]


async def test_lines_of_the_page_export_a_memory_store(
    chat: Chat, items: MakeItems, import_lines: Import, folder: Path
) -> None:
    write, _, from_memory = code_of_page()

    class Server:
        store = filled_store(items, "a")

    names: dict[str, Any] = {"server": Server()}
    exec(write + from_memory, names)
    await names["save_conversations"]()

    lines = (folder / "threads.jsonl").read_text().splitlines()
    assert len(lines) == 102
    assert (await import_lines(*lines)).code == 0
    assert len(await chat.load_items("usr_ada", "a_001")) == 1
