"""Each method of the store, called with another user's ids: as if they didn't exist."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from chat_kit import Admin, Chat, MakeItems, MakeUser
from chatkit.store import NotFoundError, Store
from chatkit.types import AssistantMessageItem, FileAttachment, ThreadMetadata

from durable_chatkit.chatkit.context import RequestContext


class Scene:
    """What Bob has, and Alice, who knows all the ids."""

    thread: ThreadMetadata
    item: AssistantMessageItem
    own_thread: ThreadMetadata

    def __init__(self, bob: RequestContext, alice: RequestContext, admin: Admin) -> None:
        self.bob = bob
        self.alice = alice
        self.attachment = FileAttachment(id="atc_bob", name="secret.txt", mime_type="text/plain")
        self._admin = admin

    async def dump(self) -> list[Any]:
        """Everything of Bob's, as it is in the database."""
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
# Method -> what Alice calls it with. A method that writes is expected to raise or to write a row
# of Alice's own; Bob's rows are compared afterwards either way.
CALLS: dict[str, Call] = {
    "load_thread": lambda s: (s.thread.id,),
    "save_thread": lambda s: (s.thread.model_copy(update={"title": "taken"}),),
    "load_thread_items": lambda s: (s.thread.id, None, 20, "asc"),
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
}


@pytest.mark.parametrize("method", CALLS)
async def test_anothers_ids_are_unknown_and_nothing_changes(
    chat: Chat, scene: Scene, method: str
) -> None:
    before = await scene.dump()

    with pytest.raises(NotFoundError):
        await getattr(chat.store, method)(*CALLS[method](scene), scene.alice)

    assert await scene.dump() == before


@pytest.mark.parametrize("method", HARMLESS)
async def test_what_raises_nothing_changes_nothing_of_anothers(
    chat: Chat, scene: Scene, method: str
) -> None:
    before = await scene.dump()

    await getattr(chat.store, method)(*HARMLESS[method](scene), scene.alice)

    assert await scene.dump() == before


def test_every_method_of_the_store_is_called_above(chat: Chat) -> None:
    methods = {
        name
        for cls in (Store, type(chat.store))
        for name, value in vars(cls).items()
        if inspect.iscoroutinefunction(value) and not name.startswith("_")
    }

    assert methods == CALLS.keys() | HARMLESS.keys()


async def test_anothers_item_id_in_ones_own_thread_is_ones_own_item(
    chat: Chat, scene: Scene
) -> None:
    before = await scene.dump()
    mine = scene.item.model_copy(update={"thread_id": scene.own_thread.id})

    await chat.store.save_item(scene.own_thread.id, mine, scene.alice)

    assert await scene.dump() == before
    page = await chat.store.load_thread_items(scene.own_thread.id, None, 5, "asc", scene.alice)
    assert [item.id for item in page.data] == [scene.item.id]


async def test_anothers_ids_are_no_cursors(chat: Chat, scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        await chat.store.load_threads(20, scene.thread.id, "asc", scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_thread_items(
            scene.own_thread.id, scene.item.id, 20, "asc", scene.alice
        )


async def test_an_attachment_cannot_be_bound_to_anothers_thread(chat: Chat, scene: Scene) -> None:
    mine = scene.attachment.model_copy(update={"thread_id": scene.thread.id})

    with pytest.raises(NotFoundError):
        await chat.store.save_attachment(mine, scene.alice)


@pytest.mark.parametrize("bad_id", ["", "\x00", "thr_\ud800", "a b", "x" * 201, "thr_ä"])
async def test_what_cannot_be_an_id_is_not_found(chat: Chat, scene: Scene, bad_id: str) -> None:
    with pytest.raises(NotFoundError):
        await chat.store.load_thread(bad_id, scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_item(scene.own_thread.id, bad_id, scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_attachment(bad_id, scene.alice)
