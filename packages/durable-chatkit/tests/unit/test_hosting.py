"""Building a hosted server, and the context and store that it gets."""

import copy
from datetime import datetime
from typing import Any

import own_server
import pytest
from chat_kit import Chat, Items
from chatkit.store import AttachmentStore, Store
from chatkit.types import HiddenContextItem, Workflow, WorkflowItem

from durable_chatkit.chatkit.context import (
    IdScope,
    RequestContext,
    TurnItems,
    collect_written_items,
)
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.errors import ItemExistsError
from durable_chatkit.hosting.attachments import HostedAttachmentStore
from durable_chatkit.hosting.building import build_server
from durable_chatkit.hosting.context import TurnContext, current_request, make_context
from durable_chatkit.hosting.store import HostedStore
from todochat.settings import SettingsError

USER = "usr_ann"


class MemoryFiles(AttachmentStore[Any]):
    """Keeps files in the process, like the one of OpenAI's sample."""

    def __init__(self, store: Store[Any]) -> None:
        self.store = store
        self._files: dict[str, bytes] = {}

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        self._files.pop(attachment_id)


class RemoteFiles(AttachmentStore[Any]):
    """Keeps files elsewhere."""

    def __init__(self, store: Store[Any]) -> None:
        self.data_store = store

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        pass


class Reader:
    """A part of a server that reads files."""

    def __init__(self, files: AttachmentStore[Any]) -> None:
        self.files = files


@pytest.fixture
def store() -> HostedStore:
    database: Any = None  # making IDs needs none
    return HostedStore(PostgresStore(database))


@pytest.fixture
def files(store: HostedStore) -> HostedAttachmentStore:
    database: Any = None
    return HostedAttachmentStore(PostgresStore(database), uploads=None)


@pytest.fixture
def request_context() -> RequestContext:
    return RequestContext(
        user_id=USER, ids=IdScope("run_1"), locale="de", headers={"article-id": "a1"}
    )


@pytest.mark.parametrize(
    "source",
    [
        own_server.GardenServer,
        own_server.GardenServer(),
        own_server.create_chatkit_server,
        lambda store: own_server.GardenServer(),
        lambda store, attachment_store: own_server.GardenServer(),
        lambda first, second: own_server.GardenServer(),
    ],
)
def test_server_is_built_from_class_instance_or_factory(
    source: Any, store: HostedStore, files: HostedAttachmentStore
) -> None:
    server = build_server(source, store, files)

    assert (server.store, server.attachment_store) == (store, files)


def test_factory_gets_the_stores_by_name(store: HostedStore, files: HostedAttachmentStore) -> None:
    got: dict[str, Any] = {}

    def create(attachment_store: Any, store: Any) -> own_server.GardenServer:
        got.update(attachment_store=attachment_store, store=store)
        return own_server.GardenServer()

    build_server(create, store, files)

    assert got == {"attachment_store": files, "store": store}


def test_stores_are_replaced_in_parts_of_the_server(
    store: HostedStore, files: HostedAttachmentStore
) -> None:
    server: Any = own_server.GardenServer()
    server.attachment_store = MemoryFiles(server.store)
    server.reader = Reader(server.attachment_store)

    build_server(server, store, files)

    assert (server.attachment_store, server.reader.files) == (files, files)


def test_remote_attachment_store_stays_and_gets_the_store(
    store: HostedStore, files: HostedAttachmentStore
) -> None:
    server: Any = own_server.GardenServer()
    server.attachment_store = own = RemoteFiles(server.store)

    build_server(server, store, files)

    assert server.attachment_store is own
    assert own.data_store is store


def test_store_that_wraps_the_given_one_stays(
    store: HostedStore, files: HostedAttachmentStore
) -> None:
    class AuditedStore(own_server.MemoryStore):
        def __init__(self, inner: Store[Any]) -> None:
            super().__init__()
            self.inner = inner

    def create(store: Store[Any]) -> Any:
        server: Any = own_server.GardenServer()
        server.store = AuditedStore(store)
        return server

    server: Any = build_server(create, store, files)

    assert isinstance(server.store, AuditedStore)
    assert server.store.inner is store


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (lambda: None, "returned no ChatKitServer but None"),
        (lambda one, two, three: None, "needs 'three'"),
    ],
)
def test_other_factories_are_rejected(
    source: Any, reason: str, store: HostedStore, files: HostedAttachmentStore
) -> None:
    with pytest.raises(SettingsError, match=reason):
        build_server(source, store, files)


def test_context_is_a_dict_with_attributes(request_context: RequestContext) -> None:
    context = TurnContext.of(request_context)

    assert (context["user_id"], context.user_id, context.locale) == (USER, USER, "de")
    assert context.headers == {"article-id": "a1"}
    assert context.article_id == "a1"
    with pytest.raises(AttributeError, match="CHAT_GATEWAY_FORWARD_HEADERS"):
        _ = context.map_id


def test_server_may_make_a_context_of_its_own(request_context: RequestContext) -> None:
    class TypedServer(own_server.GardenServer):
        def make_request_context(self, context: TurnContext) -> str:
            return f"user {context.user_id}"

    assert make_context(TypedServer(), request_context) == f"user {USER}"


@pytest.mark.parametrize(
    "derive", [dict, copy.copy, copy.deepcopy, lambda context: {**context, "more": 1}]
)
def test_store_recognizes_copies_of_the_context(
    derive: Any, store: HostedStore, request_context: RequestContext
) -> None:
    thread: Any = None
    context = TurnContext.of(request_context)
    first = store.generate_item_id("message", thread, context)

    second = store.generate_item_id("message", thread, derive(context))

    assert first != second
    assert second == IdScope("run_1").derive_id("msg", "turn/message", 1)


def test_store_falls_back_to_the_current_request(
    store: HostedStore, request_context: RequestContext
) -> None:
    thread: Any = None
    with current_request(request_context):
        assert store.generate_item_id("message", thread, object()).startswith("msg_")

    with pytest.raises(RuntimeError, match="outside of a request"):
        store.generate_item_id("message", thread, {})


class TestItems:
    """A hosted server's items in PostgreSQL."""

    @pytest.fixture
    async def made(self, chat: Chat) -> Items:
        return Items((await chat.new_thread(USER)).id)

    @pytest.fixture
    def hosted(self, chat: Chat) -> HostedStore:
        return HostedStore(chat.store)

    async def test_times_are_naive_and_arguments_unchanged(
        self, chat: Chat, hosted: HostedStore, made: Items
    ) -> None:
        now = datetime.now()  # noqa: DTZ005 - as openai-chatkit makes it
        item = made.answer(created_at=now)

        await hosted.add_thread_item(made.thread_id, item, chat.context(USER))
        loaded = await hosted.load_item(made.thread_id, item.id, chat.context(USER))
        thread = await hosted.load_thread(made.thread_id, chat.context(USER))

        assert item.created_at == loaded.created_at == now
        assert thread.created_at.tzinfo is None

    async def test_existing_item_is_not_added_again(
        self, chat: Chat, hosted: HostedStore, made: Items
    ) -> None:
        item = made.answer("first")
        context = chat.context(USER)
        context.turn_items = TurnItems()
        await hosted.add_thread_item(made.thread_id, item, context)

        with pytest.raises(ItemExistsError):
            await hosted.add_thread_item(made.thread_id, made.answer("second", id=item.id), context)

        (stored,) = await chat.load_items(USER, made.thread_id)
        assert stored.content[0].text == "first"

    async def test_workflow_may_be_added_again(
        self, chat: Chat, hosted: HostedStore, made: Items
    ) -> None:
        context = chat.context(USER)
        context.turn_items = TurnItems()
        workflow = WorkflowItem(
            id="wf_1",
            thread_id=made.thread_id,
            created_at=made.answer().created_at,
            workflow=Workflow(type="custom", tasks=[]),
        )

        for _ in range(2):
            await hosted.add_thread_item(made.thread_id, workflow, context)

        assert len(await chat.load_items(USER, made.thread_id)) == 1

    async def test_records_of_tool_calls_are_not_in_pages(
        self, chat: Chat, hosted: HostedStore, made: Items
    ) -> None:
        record = made.hidden()
        record.content = {"kind": "tool_call", "name": "add"}
        own = HiddenContextItem(
            id="own", thread_id=made.thread_id, created_at=record.created_at, content="text"
        )
        await chat.add_items(USER, record, own, made.hidden())

        page = await hosted.load_thread_items(made.thread_id, None, 1000, "asc", chat.context(USER))

        assert [item.id for item in page.data] == ["own", page.data[1].id]

    async def test_items_of_earlier_attempts_are_hidden_until_they_are_added(
        self, chat: Chat, hosted: HostedStore, made: Items
    ) -> None:
        asked, answered = made.answer("asked"), made.answer("answered")
        await chat.add_items(USER, asked, answered)
        context = chat.context(USER)
        context.turn_items = TurnItems({answered.id: answered.created_at})

        async def page() -> list[str]:
            loaded = await hosted.load_thread_items(made.thread_id, None, 1, "desc", context)
            return [item.id for item in loaded.data]

        before = await page()
        again = made.answer("other text", id=answered.id)
        await hosted.add_thread_item(made.thread_id, again, context)

        assert (before, await page()) == ([asked.id], [answered.id])
        assert again.created_at == answered.created_at
        assert (await chat.load_items(USER, made.thread_id))[1].content[0].text == "answered"

    async def test_items_written_in_a_call_are_noted(
        self, chat: Chat, hosted: HostedStore, made: Items
    ) -> None:
        context = chat.context(USER)
        context.turn_items = TurnItems()
        item_ids: list[str] = []

        with collect_written_items(item_ids):
            await hosted.add_thread_item(made.thread_id, made.hidden(id="inside"), context)
        await hosted.add_thread_item(made.thread_id, made.hidden(id="outside"), context)

        assert item_ids == ["inside"]

    async def test_saving_a_thread_twice_reports_no_change(
        self, chat: Chat, hosted: HostedStore, made: Items
    ) -> None:
        context = chat.context(USER)
        thread = await hosted.load_thread(made.thread_id, context)
        thread.title = "Roses"
        copied = thread.model_copy(deep=True)

        await hosted.save_thread(thread, context)

        assert thread == copied
        assert (await chat.store.load_thread(made.thread_id, context)).title == "Roses"
