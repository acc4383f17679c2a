"""Every store method treats ids of another user as unknown."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from chat_kit import Admin, Chat, MakeItems, MakeUser
from chatkit.store import NotFoundError, Store
from chatkit.types import AssistantMessageItem, FileAttachment, ThreadMetadata

from durable_chatkit.chatkit.context import RequestContext


class Scene:
    """Bob's data, and Alice, who knows all of its ids."""

    thread: ThreadMetadata
    item: AssistantMessageItem
    own_thread: ThreadMetadata

    def __init__(self, bob: RequestContext, alice: RequestContext, admin: Admin) -> None:
        self.bob = bob
        self.alice = alice
        self.attachment = FileAttachment(id="atc_bob", name="secret.txt", mime_type="text/plain")
        self._admin = admin

    async def dump(self) -> list[Any]:
        """Return all of Bob's rows."""
        return [
            await self._admin.value(
                f"SELECT array_agg({table}::text ORDER BY 1) FROM {table} WHERE user_id = $1",
                self.bob.user_id,
            )
            for table in ("owners", "threads", "items", "feedback", "attachments")
        ]


@pytest.fixture
async def scene(chat: Chat, make_user: MakeUser, items: MakeItems, admin: Admin) -> Scene:
    """Bob's thread with an item, feedback and an attachment, and Alice who knows all the ids."""
    scene = Scene(chat.context(make_user()), chat.context(make_user()), admin)
    scene.thread = await chat.new_thread(scene.bob.user_id)
    scene.item = items(scene.thread.id).answer("Bob's secret")
    await chat.store.add_thread_item(scene.thread.id, scene.item, scene.bob)
    await chat.store.save_feedback(scene.thread.id, [scene.item.id], "positive", scene.bob)
    await chat.store.save_attachment(scene.attachment, scene.bob)
    await admin.execute(
        "INSERT INTO attachment_contents (user_id, id, content) VALUES ($1, 'atc_bob', 'secret')",
        scene.bob.user_id,
    )
    scene.own_thread = await chat.new_thread(scene.alice.user_id)
    return scene


Call = Callable[[Scene], tuple[Any, ...]]
# Method -> its arguments when called by Alice. A method that writes must raise or write a row of
# Alice's own; Bob's rows are compared afterwards in both cases.
CALLS: dict[str, Call] = {
    "load_thread": lambda s: (s.thread.id,),
    "save_thread": lambda s: (s.thread.model_copy(update={"title": "taken"}),),
    "load_thread_items": lambda s: (s.thread.id, None, 20, "asc"),
    "load_items": lambda s: (s.thread.id, None, 20, "asc"),
    "insert_item": lambda s: (s.thread.id, s.item),
    "add_thread_item": lambda s: (s.thread.id, s.item),
    "save_item": lambda s: (s.thread.id, s.item),
    "load_item": lambda s: (s.thread.id, s.item.id),
    "update_item": lambda s: (s.thread.id, s.item.id, lambda item: item),
    "delete_thread": lambda s: (s.thread.id,),
    "delete_thread_and_runs": lambda s: (s.thread.id,),
    "load_attachment": lambda s: (s.attachment.id,),
    "load_file": lambda s: (s.attachment.id,),
    "delete_attachment": lambda s: (s.attachment.id,),
    "save_feedback": lambda s: (s.thread.id, [s.item.id], "negative"),
}
HARMLESS: dict[str, Call] = {
    "delete_thread_item": lambda s: (s.thread.id, s.item.id),
    "save_attachment": lambda s: (s.attachment.model_copy(update={"name": "taken"}),),
    "load_threads": lambda s: (20, None, "asc"),
    "load_run_items": lambda s: (s.thread.id,),
}


@pytest.mark.parametrize("method", CALLS)
async def test_ids_of_another_user_are_unknown_and_rows_unchanged(
    chat: Chat, scene: Scene, method: str
) -> None:
    before = await scene.dump()

    with pytest.raises(NotFoundError):
        await getattr(chat.store, method)(*CALLS[method](scene), scene.alice)

    assert await scene.dump() == before


@pytest.mark.parametrize("method", HARMLESS)
async def test_methods_that_do_not_raise_leave_other_users_rows_unchanged(
    chat: Chat, scene: Scene, method: str
) -> None:
    before = await scene.dump()

    await getattr(chat.store, method)(*HARMLESS[method](scene), scene.alice)

    assert await scene.dump() == before


def test_every_store_method_is_covered(chat: Chat) -> None:
    methods = {
        name
        for cls in (Store, type(chat.store))
        for name, value in vars(cls).items()
        if inspect.iscoroutinefunction(value) and not name.startswith("_")
    }

    assert methods == CALLS.keys() | HARMLESS.keys()


async def test_item_id_of_another_user_can_be_used_in_an_own_thread(
    chat: Chat, scene: Scene
) -> None:
    before = await scene.dump()
    mine = scene.item.model_copy(update={"thread_id": scene.own_thread.id})

    await chat.store.save_item(scene.own_thread.id, mine, scene.alice)

    assert await scene.dump() == before
    page = await chat.store.load_thread_items(scene.own_thread.id, None, 5, "asc", scene.alice)
    assert [item.id for item in page.data] == [scene.item.id]


async def test_ids_of_another_user_are_not_cursors(chat: Chat, scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        await chat.store.load_threads(20, scene.thread.id, "asc", scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_thread_items(
            scene.own_thread.id, scene.item.id, 20, "asc", scene.alice
        )


async def test_attachment_cannot_be_bound_to_another_users_thread(chat: Chat, scene: Scene) -> None:
    mine = scene.attachment.model_copy(update={"thread_id": scene.thread.id})

    with pytest.raises(NotFoundError):
        await chat.store.save_attachment(mine, scene.alice)


@pytest.mark.parametrize("bad_id", ["", "\x00", "thr_\ud800", "a b", "x" * 201, "thr_ä"])
async def test_implausible_id_is_not_found(chat: Chat, scene: Scene, bad_id: str) -> None:
    with pytest.raises(NotFoundError):
        await chat.store.load_thread(bad_id, scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_item(scene.own_thread.id, bad_id, scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_attachment(bad_id, scene.alice)
