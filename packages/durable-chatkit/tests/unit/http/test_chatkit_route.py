"""`POST /internal/chatkit`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from api_kit import Gateway, OpenGateway
from chat_kit import Admin, Chat, MakeMessage, MakeUser, claim

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.errors import ThreadBusyError
from durable_chatkit.storage.run import RunRecord
from durable_chatkit.storage.run_repository import RunRepository
from todochat.identity.service_tokens import Arrow
from todochat.ids import new_id


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


ClaimRunWith = Callable[..., Awaitable[RunRecord]]


@pytest.fixture
def claim_run_with(
    gateway: Gateway, user: str, message: MakeMessage, runs: RunRepository
) -> ClaimRunWith:
    """Send a message with headers and claim its run."""

    async def send_and_claim(**headers: str) -> RunRecord:
        await gateway.chatkit(message(), user, **headers)
        return await claim(runs)

    return send_and_claim


@pytest.fixture
async def accepted(gateway: Gateway, user: str, message: MakeMessage) -> dict[str, Any]:
    """The response to a first message."""
    response = await gateway.chatkit(message("add milk"), user)
    answer: dict[str, Any] = response.json()
    return answer


def problem(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["request_id"]
    return str(body["type"]).removeprefix("urn:todochat:problem:")


class TestAccepting:
    async def test_message_is_accepted_with_the_gateways_run_id(
        self, gateway: Gateway, user: str, message: MakeMessage
    ) -> None:
        run_id = new_id("run")

        response = await gateway.chatkit(message(), user, x_run_id=run_id)

        assert response.status_code == 202
        body = response.json()
        assert body["run_id"] == run_id
        assert body["thread_id"].startswith("thr_")
        assert (body["conversation_id"], body["replayed"]) == (1, False)
        assert "Idempotent-Replayed" not in response.headers

    async def test_simple_form_is_accepted(self, gateway: Gateway, user: str) -> None:
        response = await gateway.chatkit({"message": "add milk"}, user)

        assert response.status_code == 202
        assert response.json()["conversation_id"] == 1

    async def test_replayed_request_is_marked_as_replayed(
        self, gateway: Gateway, user: str, message: MakeMessage
    ) -> None:
        first = await gateway.chatkit(message(), user, idempotency_key="k1")

        again = await gateway.chatkit(message(), user, idempotency_key="k1")

        assert again.status_code == 202
        assert again.json() == {**first.json(), "replayed": True}
        assert again.headers["Idempotent-Replayed"] == "true"

    async def test_busy_thread_returns_409_with_the_run_id(
        self, gateway: Gateway, user: str, message: MakeMessage, accepted: dict[str, Any]
    ) -> None:
        response = await gateway.chatkit(message("more", accepted["thread_id"]), user)

        assert response.status_code == 409
        assert problem(response) == ThreadBusyError.code
        assert response.json()["run_id"] == accepted["run_id"]
        assert response.json()["thread_id"] == accepted["thread_id"]

    async def test_sixth_active_run_returns_429(
        self, gateway: Gateway, user: str, message: MakeMessage
    ) -> None:
        for _ in range(5):
            assert (await gateway.chatkit(message(), user)).status_code == 202

        response = await gateway.chatkit(message(), user)

        assert response.status_code == 429
        assert problem(response) == "too-many-runs"
        assert int(response.headers["Retry-After"]) >= 1

    async def test_full_queue_returns_503_to_all_users(
        self, open_gateway: OpenGateway, message: MakeMessage, make_user: MakeUser
    ) -> None:
        gateway = await open_gateway(TODO_AGENT_MAX_QUEUED_RUNS="2")
        for _ in range(2):
            assert (await gateway.chatkit(message(), make_user())).status_code == 202

        response = await gateway.chatkit(message(), make_user())

        assert response.status_code == 503
        assert problem(response) == "queue-full"
        assert int(response.headers["Retry-After"]) >= 1

    async def test_full_queue_still_replays_accepted_request(
        self, open_gateway: OpenGateway, user: str, message: MakeMessage, make_user: MakeUser
    ) -> None:
        gateway = await open_gateway(TODO_AGENT_MAX_QUEUED_RUNS="1")
        body = message()
        first = await gateway.chatkit(body, user, Idempotency_Key="k1")

        again = await gateway.chatkit(body, user, Idempotency_Key="k1")
        other = await gateway.chatkit(body, user, Idempotency_Key="k2")

        assert (again.status_code, other.status_code) == (202, 503)
        assert again.json() == {**first.json(), "replayed": True}

    async def test_queue_filled_by_another_process_is_noticed(
        self, open_gateway: OpenGateway, message: MakeMessage, make_user: MakeUser
    ) -> None:
        gateway = await open_gateway()
        for _ in range(2):
            await gateway.chatkit(message(), make_user())
        other = await open_gateway(TODO_AGENT_MAX_QUEUED_RUNS="2")

        assert (await other.chatkit(message(), make_user())).status_code == 503

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("Europe/Berlin", "Europe/Berlin"),
            ("Mars/Olympus", "UTC"),
            ("../../etc/passwd", "UTC"),
            ("America", "UTC"),
            ("x" * 500, "UTC"),
        ],
    )
    async def test_unknown_time_zone_defaults_to_utc(
        self, claim_run_with: ClaimRunWith, sent: str, kept: str
    ) -> None:
        assert (await claim_run_with(x_timezone=sent)).timezone == kept

    @pytest.mark.parametrize(
        ("sent", "kept"), [("de-DE,de;q=0.9,en", "de-DE"), ("*", "en"), ("!", "en")]
    )
    async def test_locale_is_first_accepted_language(
        self, claim_run_with: ClaimRunWith, sent: str, kept: str
    ) -> None:
        assert (await claim_run_with(accept_language=sent)).locale == kept

    async def test_malformed_header_of_gateway_returns_400(
        self, gateway: Gateway, user: str, message: MakeMessage
    ) -> None:
        wrong_id = await gateway.chatkit(message(), user, x_run_id="run_1; DROP")
        wrong_key = await gateway.chatkit(message(), user, idempotency_key="x" * 129)
        no_json = await gateway.chatkit(message(), user, x_client_headers="x-tenant: acme")

        assert wrong_id.status_code == wrong_key.status_code == no_json.status_code == 400

    async def test_request_for_another_agent_returns_404(
        self, gateway: Gateway, user: str, message: MakeMessage
    ) -> None:
        own = await gateway.chatkit(message(), user, x_agent="default")
        other = await gateway.chatkit(message(), user, x_agent="tea")

        assert (own.status_code, other.status_code) == (202, 404)

    async def test_forwarded_headers_are_stored_with_the_run(
        self, claim_run_with: ClaimRunWith
    ) -> None:
        run = await claim_run_with(x_client_headers='{"x-tenant":"caf\\u00e9"}')

        assert run.headers == {"x-tenant": "caf\u00e9"}

    async def test_forwarded_headers_reach_the_context_of_a_request_without_a_run(
        self, gateway: Gateway, user: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contexts: list[RequestContext] = []
        load_threads = PostgresStore.load_threads

        async def load_and_record(
            store: PostgresStore, *, context: RequestContext, **arguments: Any
        ) -> Any:
            contexts.append(context)
            return await load_threads(store, context=context, **arguments)

        monkeypatch.setattr(PostgresStore, "load_threads", load_and_record)

        body = {"type": "threads.list", "params": {}}
        response = await gateway.chatkit(body, user, x_client_headers='{"x-tenant":"acme"}')

        assert response.status_code == 200
        assert [context.headers for context in contexts] == [{"x-tenant": "acme"}]


class TestAttaching:
    async def attach(self, gateway: Gateway, user: str, thread_id: str) -> httpx.Response:
        action = {"type": "run.attach", "payload": {}}
        return await gateway.ask("threads.custom_action", user, thread_id=thread_id, action=action)

    async def test_attach_returns_the_threads_active_run(
        self, gateway: Gateway, user: str, accepted: dict[str, Any]
    ) -> None:
        response = await self.attach(gateway, user, accepted["thread_id"])

        assert response.status_code == 202
        assert response.json() == accepted

    async def test_attach_prefers_message_run_over_action_run(
        self, gateway: Gateway, user: str, accepted: dict[str, Any]
    ) -> None:
        action = {"type": "task.done", "payload": {}}
        await gateway.ask(
            "threads.custom_action", user, thread_id=accepted["thread_id"], action=action
        )

        response = await self.attach(gateway, user, accepted["thread_id"])

        assert response.json()["run_id"] == accepted["run_id"]

    async def test_attach_without_active_run_returns_404(
        self, gateway: Gateway, user: str, accepted: dict[str, Any], runs: RunRepository
    ) -> None:
        run = await claim(runs)
        await runs.finish(run.run_id, 1, "completed", None, 1)

        response = await self.attach(gateway, user, accepted["thread_id"])

        assert response.status_code == 404
        assert problem(response) == "no-active-run"

    async def test_attach_to_other_users_thread_returns_404(
        self, gateway: Gateway, make_user: MakeUser, accepted: dict[str, Any]
    ) -> None:
        response = await self.attach(gateway, make_user(), accepted["thread_id"])

        assert response.status_code == 404


class TestAnswering:
    async def test_get_thread_includes_items(
        self, gateway: Gateway, user: str, accepted: dict[str, Any]
    ) -> None:
        thread_id = accepted["thread_id"]

        response = await gateway.ask("threads.get_by_id", user, thread_id=thread_id)

        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        (item,) = response.json()["items"]["data"]
        assert item["content"][0]["text"] == "add milk"
        assert item["created_at"].endswith("Z")

    async def test_threads_are_listed_in_pages(
        self, gateway: Gateway, user: str, message: MakeMessage
    ) -> None:
        made = [(await gateway.chatkit(message(), user)).json()["thread_id"] for _ in range(3)]

        first = (await gateway.ask("threads.list", user, limit=2)).json()
        rest = (await gateway.ask("threads.list", user, limit=2, after=first["after"])).json()

        assert [thread["id"] for thread in first["data"] + rest["data"]] == made[::-1]
        assert (first["has_more"], rest["has_more"]) == (True, False)

    async def test_items_are_listed_without_hidden_ones(
        self, gateway: Gateway, chat: Chat, user: str, accepted: dict[str, Any], admin: Admin
    ) -> None:
        await admin.execute(
            "UPDATE items SET payload = jsonb_set(payload, '{type}', $1)", ('"hidden_context_item"')
        )

        response = await gateway.ask("items.list", user, thread_id=accepted["thread_id"])

        assert response.json()["data"] == []

    async def test_thread_title_is_updated(
        self, gateway: Gateway, user: str, accepted: dict[str, Any]
    ) -> None:
        thread_id = accepted["thread_id"]

        response = await gateway.ask("threads.update", user, thread_id=thread_id, title="Groceries")

        listed = (await gateway.ask("threads.list", user)).json()["data"]
        assert response.json()["title"] == "Groceries"
        assert [thread["title"] for thread in listed] == ["Groceries"]

    async def test_feedback_is_stored(
        self, gateway: Gateway, user: str, accepted: dict[str, Any], admin: Admin
    ) -> None:
        item_id = await admin.value("SELECT id FROM items")

        response = await gateway.ask(
            "items.feedback",
            user,
            thread_id=accepted["thread_id"],
            item_ids=[item_id],
            kind="positive",
        )

        assert response.json() == {}
        assert await admin.value("SELECT kind FROM feedback") == "positive"

    async def test_deleting_thread_cancels_its_run(
        self, gateway: Gateway, user: str, accepted: dict[str, Any], admin: Admin
    ) -> None:
        thread_id = accepted["thread_id"]

        response = await gateway.ask("threads.delete", user, thread_id=thread_id)

        again = await gateway.ask("threads.delete", user, thread_id=thread_id)
        assert response.json() == {}
        assert again.status_code == 404
        assert await admin.value("SELECT cancel_reason FROM runs") == "thread-deleted"

    @pytest.mark.parametrize(
        ("kind", "params"),
        [
            ("input.transcribe", {"audio_base64": "AAAA", "mime_type": "audio/webm"}),
            (
                "threads.sync_custom_action",
                {"thread_id": "thr_1", "action": {"type": "run.attach", "payload": {}}},
            ),
        ],
    )
    async def test_unavailable_feature_returns_422(
        self, gateway: Gateway, user: str, kind: str, params: dict[str, object]
    ) -> None:
        response = await gateway.ask(kind, user, **params)

        assert response.status_code == 422
        assert problem(response) == "feature-unavailable"


class TestRefusing:
    async def test_unknown_type_returns_400(self, gateway: Gateway, user: str) -> None:
        response = await gateway.ask("threads.explode", user)

        assert response.status_code == 400
        assert problem(response) == "unknown-request-type"

    async def test_body_over_256_kib_returns_413(self, gateway: Gateway, user: str) -> None:
        response = await gateway.chatkit(b'{"message": "' + b"x" * 300_000 + b'"}', user)

        assert response.status_code == 413

    @pytest.mark.parametrize(
        "kind",
        ["threads.get_by_id", "items.list", "threads.update", "threads.delete", "items.feedback"],
    )
    async def test_other_users_thread_returns_404(
        self,
        gateway: Gateway,
        make_user: MakeUser,
        accepted: dict[str, Any],
        admin: Admin,
        kind: str,
    ) -> None:
        item_id = await admin.value("SELECT id FROM items")
        before = await admin.value("SELECT threads::text FROM threads")

        response = await gateway.ask(
            kind,
            make_user(),
            thread_id=accepted["thread_id"],
            title="taken",
            item_ids=[item_id],
            kind="positive",
        )

        assert response.status_code == 404
        assert await admin.value("SELECT threads::text FROM threads") == before

    async def test_missing_service_token_returns_401(
        self, gateway: Gateway, message: MakeMessage
    ) -> None:
        bare = await gateway.client.post("/internal/chatkit", json=message())
        wrong = await gateway.client.post(
            "/internal/chatkit", json=message(), headers={"Authorization": "Bearer x.y.z"}
        )

        assert bare.status_code == wrong.status_code == 401

    @pytest.mark.parametrize("arrow", [Arrow.AGENT_TO_TASKS, Arrow.AUTH_TO_AGENT])
    async def test_token_of_another_arrow_returns_401(
        self, gateway: Gateway, user: str, message: MakeMessage, arrow: Arrow
    ) -> None:
        token = gateway.tokens.mint(arrow, user)
        response = await gateway.client.post(
            "/internal/chatkit", json=message(), headers={"Authorization": f"Bearer {token}"}
        )

        assert response.status_code == 401

    async def test_concurrent_duplicates_create_one_run(
        self, gateway: Gateway, user: str, message: MakeMessage
    ) -> None:
        responses = await asyncio.gather(
            *(gateway.chatkit(message(), user, idempotency_key="k1") for _ in range(4))
        )

        assert {response.status_code for response in responses} == {202}
        assert len({response.json()["run_id"] for response in responses}) == 1
