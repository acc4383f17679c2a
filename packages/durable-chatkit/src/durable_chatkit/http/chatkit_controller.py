"""`POST /internal/chatkit`: ChatKit requests, byte for byte as the browser sent them."""

from typing import Any

from litestar import Controller, MediaType, Response, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec

from durable_chatkit.chatkit.acceptance import InboundRequest
from durable_chatkit.services import Services
from todochat.contracts.dictation import MAX_DICTATION_BODY_BYTES
from todochat.contracts.runs import AcceptedRun
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.http.idempotency import REPLAYED_HEADER
from todochat.http.problems import Problem

_PROBLEMS = {
    400: "The body is not JSON, or its `type` is unknown.",
    401: "No valid service token.",
    404: "No such thread or item; `no-active-run` for `run.attach`.",
    409: "`thread-busy` with `run_id` and `thread_id`; `thread-locked`; `not-pending`;"
    " `idempotency-in-progress`.",
    413: "The body is longer than 256 KiB; for `input.transcribe`, 2.7 MiB.",
    422: "A field is invalid; `feature-unavailable`; `idempotency-key-reused`.",
    429: "`too-many-runs`, with Retry-After.",
    503: "`queue-full`, or the database is unreachable; with Retry-After.",
}


class ChatKitController(Controller):
    """Handles ChatKit requests and the simple form."""

    path = "/internal/chatkit"
    tags = ["chatkit"]
    security = [{"bearer": []}]
    exception_handlers = OUTAGE_HANDLERS

    @post(
        status_code=200,
        request_max_body_size=MAX_DICTATION_BODY_BYTES,
        responses={
            202: ResponseSpec(
                AcceptedRun, description="Accepted: the run's stream is the response."
            ),
            **{
                status: ResponseSpec(
                    Problem, description=text, media_type="application/problem+json"
                )
                for status, text in _PROBLEMS.items()
            },
        },
    )
    async def handle(
        self, inbound: NamedDependency[InboundRequest], services: NamedDependency[Services]
    ) -> Response[Any]:
        """Respond with JSON to requests that need no model; accept the others as runs (202)."""
        outcome = await services.chat.handle(inbound)
        if isinstance(outcome, bytes):
            return Response(outcome, media_type=MediaType.JSON)
        headers = {REPLAYED_HEADER: "true"} if outcome.replayed else {}
        return Response(outcome, status_code=202, headers=headers)
