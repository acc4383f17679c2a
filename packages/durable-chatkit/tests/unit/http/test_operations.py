"""Health, metrics and the OpenAPI document on the internal port."""

import dataclasses

import pytest
from api_kit import Gateway, OpenGateway
from chat_kit import MakeMessage, MakeUser

from todochat.database import BypassingRoleError
from todochat.database.bootstrap import DatabaseUrls
from todochat.testing import wait_until


async def test_health_and_metrics_are_served(
    gateway: Gateway, message: MakeMessage, make_user: MakeUser
) -> None:
    await gateway.chatkit(message(), make_user())

    ready = await gateway.client.get("/health/ready")
    live = await gateway.client.get("/health/live")
    metrics = (await gateway.client.get("/metrics")).text

    assert (ready.status_code, live.status_code) == (200, 200)
    assert 'todochat_chatkit_requests_total{outcome="accepted",type="threads.create"}' in metrics
    assert "todochat_run_accept_seconds_count" in metrics

    async def counts_queued_run() -> bool:
        return "todochat_queued_runs 1.0" in (await gateway.client.get("/metrics")).text

    await wait_until(counts_queued_run, 10)  # the gauges are read at most every 5 s


async def test_openapi_document_lists_all_routes_and_responses(gateway: Gateway) -> None:
    document = (await gateway.client.get("/openapi.json")).json()

    assert set(document["paths"]) == {
        "/internal/assistant",
        "/internal/attachments",
        "/internal/attachments/{attachment_id}/content",
        "/internal/chatkit",
        "/internal/export",
        "/internal/runs",
        "/internal/runs/{run_id}",
        "/internal/runs/{run_id}/cancel",
        "/internal/search",
        "/internal/search/threads",
        "/internal/users/{user_id}",
    }
    answers = document["paths"]["/internal/chatkit"]["post"]["responses"]
    assert {"200", "202", "400", "401", "404", "409", "413", "422", "429", "503"} <= set(answers)


async def test_role_that_bypasses_row_level_security_fails_at_start(
    open_gateway: OpenGateway, empty_chat: DatabaseUrls
) -> None:
    owner = dataclasses.replace(empty_chat, app=empty_chat.owner)

    with pytest.raises(BaseException) as caught:  # noqa: PT011 - the test client groups it
        await open_gateway(urls=owner)

    assert "BypassingRoleError" in repr(caught.value) or isinstance(
        caught.value, BypassingRoleError
    )
