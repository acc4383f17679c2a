"""`items.feedback`."""

import pytest

from contract.chat_kit import UNKNOWN_ITEM, Chatter, script
from todochat.testing.model_server import ScriptedModelServer


async def opinions(ada: Chatter) -> dict[str, str]:
    """Return a user's feedback on items from the export: item ID -> kind."""
    export = (await ada.chat("GET", "/export")).json()
    return {entry["item_id"]: entry["kind"] for entry in export["feedback"]}


@pytest.mark.parametrize("kind", ["positive", "negative"])
async def test_feedback_is_stored_and_may_change(
    ada: Chatter, model: ScriptedModelServer, kind: str
) -> None:
    script(model)
    turn = await ada.send_message("hello")
    item_ids = [item.id for item in turn.done]

    for opinion in (kind, "negative", kind):
        answer = await ada.fetch(
            "items.feedback", thread_id=turn.thread_id, item_ids=item_ids, kind=opinion
        )
        assert answer == {}

    assert await opinions(ada) == dict.fromkeys(item_ids, kind)


async def test_feedback_accepts_duplicate_item_ids(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    turn = await ada.send_message("hello")
    item_id = turn.done[1].id

    answer = await ada.fetch(
        "items.feedback", thread_id=turn.thread_id, item_ids=[item_id] * 2, kind="positive"
    )

    assert answer == {}


async def test_feedback_with_an_unknown_item_is_refused_entirely(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    turn = await ada.send_message("hello")
    item_ids = [turn.done[1].id, UNKNOWN_ITEM]

    refused = await ada.refusal(
        "items.feedback", thread_id=turn.thread_id, item_ids=item_ids, kind="positive"
    )

    assert refused == (404, "not-found")
    assert await opinions(ada) == {}


async def test_feedback_on_an_item_of_another_thread_is_refused(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    script(model)
    one = await ada.send_message("hello")
    other = await ada.send_message("hello there")

    refused = await ada.refusal(
        "items.feedback",
        thread_id=one.thread_id,
        item_ids=[other.done[1].id],
        kind="positive",
    )

    assert refused == (404, "not-found")
