"""Fuzzing: every body gets a response, is accepted or rejected, and never causes a 500."""

import json
from typing import Any

import pytest
from api_kit import Gateway
from chat_kit import Admin, Chat, MakeItems, MakeMessage, MakeUser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TYPES = [
    "threads.create",
    "threads.add_user_message",
    "threads.add_client_tool_output",
    "threads.add_structured_input",
    "threads.retry_after_item",
    "threads.custom_action",
    "threads.get_by_id",
    "threads.list",
    "items.list",
    "items.feedback",
    "attachments.create",
    "attachments.delete",
    "threads.update",
    "threads.delete",
    "input.transcribe",
    "threads.sync_custom_action",
]
# Text that is hard to store, invalid IDs, numbers outside of every column's range.
texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\x00", "a\x00b", "\ud800", "\\u0000", "'; --", "x" * 300, "m@99999"]),
)
numbers = st.one_of(st.integers(), st.sampled_from([2**31, -(2**63), 10**40]), st.floats())
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def fields(known: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Params of any request: each valid, invalid or missing."""
    message = st.fixed_dictionaries(
        {
            "content": st.lists(
                st.fixed_dictionaries({"type": st.just("input_text"), "text": texts}), max_size=2
            )
            | values,
            "attachments": st.lists(texts, max_size=2),
            "inference_options": st.just({}) | values,
        },
        optional={"quoted_text": texts | values},
    )
    ids = st.sampled_from(sorted(known.values())) | texts
    return st.fixed_dictionaries(
        {},
        optional={
            "thread_id": ids,
            "item_id": ids,
            "item_ids": st.lists(ids, max_size=3),
            "attachment_id": ids,
            "title": texts,
            "kind": st.sampled_from(["positive", "negative"]) | texts,
            "limit": numbers | st.none(),
            "after": ids | st.none(),
            "order": st.sampled_from(["asc", "desc"]),
            "result": values,
            "input": message,
            "action": st.fixed_dictionaries({"type": texts, "payload": values}),
            "name": texts,
            "size": numbers,
            "mime_type": texts,
            "audio_base64": texts,
        },
    )


@pytest.fixture
async def known(
    gateway: Gateway, chat: Chat, message: MakeMessage, items: MakeItems, make_user: MakeUser
) -> tuple[str, dict[str, str]]:
    """A user with a thread that contains items of several types, and their IDs."""
    user = make_user()
    thread = await chat.new_thread(user)
    made = items(thread.id)
    for item in (made.widget(id="widget_1"), made.question(id="question_1"), made.tool_call()):
        await chat.store.add_thread_item(thread.id, item, chat.context(user))
    return user, {"thread": thread.id, "widget": "widget_1", "question": "question_1"}


async def send(gateway: Gateway, user: str, admin: Admin, body: bytes) -> None:
    """Send a body and end the run that it may have started, so that the next one is accepted."""
    response = await gateway.chatkit(body, user)
    assert response.status_code < 500, (body, response.text)
    if response.status_code == 202:
        await admin.execute("UPDATE runs SET status = 'completed', ended_at = now()")


FUZZ = settings(
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def send_examples(
    gateway: Gateway, user: str, admin: Admin, bodies: st.SearchStrategy[bytes]
) -> None:
    """Send examples of a strategy: first collected, since Hypothesis calls no coroutines."""
    examples: list[bytes] = []

    @FUZZ
    @given(body=bodies)
    def collect(body: bytes) -> None:
        examples.append(body)

    collect()
    for body in examples:
        await send(gateway, user, admin, body)


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


async def test_random_chatkit_requests_never_return_500(
    gateway: Gateway, known: tuple[str, dict[str, str]], admin: Admin
) -> None:
    user, ids = known
    requests = st.fixed_dictionaries({"type": st.sampled_from(TYPES), "params": fields(ids)})

    await send_examples(gateway, user, admin, requests.map(encode))


async def test_random_bodies_never_return_500(
    gateway: Gateway, known: tuple[str, dict[str, str]], admin: Admin
) -> None:
    user, _ = known
    simple_forms = st.fixed_dictionaries(
        {}, optional={"message": texts | values, "conversation_id": numbers | values}
    )

    await send_examples(
        gateway,
        user,
        admin,
        st.binary(max_size=60) | values.map(encode) | simple_forms.map(encode),
    )
