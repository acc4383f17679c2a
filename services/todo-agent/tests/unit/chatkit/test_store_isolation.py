"""Each method of the store, called with another user's ids: as if they didn't exist."""

import inspect

import pytest
from chatkit.store import NotFoundError, Store
from chatkit.types import AssistantMessageItem, FileAttachment, ThreadMetadata


@pytest.fixture
async def scene(chat, make_user, items, admin):
    """Bob's thread with an item, feedback and an attachment, and Alice who knows all the ids."""

    class Scene:
        thread: ThreadMetadata
        item: AssistantMessageItem
        own_thread: ThreadMetadata
        bob = chat.context(make_user())
        alice = chat.context(make_user())
        attachment = FileAttachment(id="atc_bob", name="secret.txt", mime_type="text/plain")

        async def dump(self):
            """Everything of Bob's, as it is in the database."""
            return [
                await admin.value(
                    f"SELECT array_agg({table}::text ORDER BY 1) FROM {table} WHERE user_id = $1",
                    self.bob.user_id,
                )
                for table in ("owners", "threads", "items", "feedback", "attachments")
            ]

    scene = Scene()
    scene.thread = await chat.new_thread(scene.bob.user_id)
    scene.item = items(scene.thread.id).answer("Bob's secret")
    await chat.store.add_thread_item(scene.thread.id, scene.item, scene.bob)
    await chat.store.save_feedback(scene.thread.id, [scene.item.id], "positive", scene.bob)
    await chat.store.save_attachment(scene.attachment, scene.bob)
    scene.own_thread = await chat.new_thread(scene.alice.user_id)
    return scene


# Method -> what Alice calls it with. A method that writes is expected to raise or to write a row
# of Alice's own; Bob's rows are compared afterwards either way.
CALLS = {
    "load_thread": lambda s: (s.thread.id,),
    "save_thread": lambda s: (s.thread.model_copy(update={"title": "taken"}),),
    "load_thread_items": lambda s: (s.thread.id, None, 20, "asc"),
    "add_thread_item": lambda s: (s.thread.id, s.item),
    "save_item": lambda s: (s.thread.id, s.item),
    "load_item": lambda s: (s.thread.id, s.item.id),
    "delete_thread": lambda s: (s.thread.id,),
    "remove_thread": lambda s: (s.thread.id,),
    "load_attachment": lambda s: (s.attachment.id,),
    "delete_attachment": lambda s: (s.attachment.id,),
    "save_feedback": lambda s: (s.thread.id, [s.item.id], "negative"),
}
HARMLESS = {
    "delete_thread_item": lambda s: (s.thread.id, s.item.id),
    "save_attachment": lambda s: (s.attachment.model_copy(update={"name": "taken"}),),
    "load_threads": lambda s: (20, None, "asc"),
}


@pytest.mark.parametrize("method", CALLS)
async def test_anothers_ids_are_unknown_and_nothing_changes(chat, scene, method):
    before = await scene.dump()

    with pytest.raises(NotFoundError):
        await getattr(chat.store, method)(*CALLS[method](scene), scene.alice)

    assert await scene.dump() == before


@pytest.mark.parametrize("method", HARMLESS)
async def test_what_raises_nothing_changes_nothing_of_anothers(chat, scene, method):
    before = await scene.dump()

    await getattr(chat.store, method)(*HARMLESS[method](scene), scene.alice)

    assert await scene.dump() == before


def test_every_method_of_the_store_is_called_above(chat):
    methods = {
        name
        for cls in (Store, type(chat.store))
        for name, value in vars(cls).items()
        if inspect.iscoroutinefunction(value) and not name.startswith("_")
    }

    assert methods == CALLS.keys() | HARMLESS.keys()


async def test_anothers_item_id_in_ones_own_thread_is_ones_own_item(chat, scene):
    before = await scene.dump()
    mine = scene.item.model_copy(update={"thread_id": scene.own_thread.id})

    await chat.store.save_item(scene.own_thread.id, mine, scene.alice)

    assert await scene.dump() == before
    page = await chat.store.load_thread_items(scene.own_thread.id, None, 5, "asc", scene.alice)
    assert [item.id for item in page.data] == [scene.item.id]


async def test_anothers_ids_are_no_cursors(chat, scene):
    with pytest.raises(NotFoundError):
        await chat.store.load_threads(20, scene.thread.id, "asc", scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_thread_items(
            scene.own_thread.id, scene.item.id, 20, "asc", scene.alice
        )


async def test_an_attachment_cannot_be_bound_to_anothers_thread(chat, scene):
    mine = scene.attachment.model_copy(update={"thread_id": scene.thread.id})

    with pytest.raises(NotFoundError):
        await chat.store.save_attachment(mine, scene.alice)


@pytest.mark.parametrize("bad_id", ["", "\x00", "thr_\ud800", "a b", "x" * 201, "thr_ä"])
async def test_what_cannot_be_an_id_is_not_found(chat, scene, bad_id):
    with pytest.raises(NotFoundError):
        await chat.store.load_thread(bad_id, scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_item(scene.own_thread.id, bad_id, scene.alice)
    with pytest.raises(NotFoundError):
        await chat.store.load_attachment(bad_id, scene.alice)
