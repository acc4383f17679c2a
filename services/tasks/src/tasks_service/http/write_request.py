"""Converts an HTTP request for a change into a `WriteRequest`, and its result into a response."""

import re
from typing import Annotated, Any, Final

from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import HeaderParameter

from tasks_service.domain.grouping import GROUP_PATTERN, ChangeGroup
from tasks_service.domain.limits import MAX_RUN_ATTEMPT
from tasks_service.http.authentication import RUN_ID, RUN_ID_HEADER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import RunAttempt, WriteRequest, Written
from todochat.errors import BadRequestError
from todochat.http.idempotency import (
    HEADER,
    REPLAYED_HEADER,
    parse_idempotency_key,
    request_fingerprint,
)

RUN_ATTEMPT_HEADER: Final = "X-Run-Attempt"
_GROUP: Final = re.compile(GROUP_PATTERN)
_LIMIT: Final = re.compile(r"[0-9]{1,4}")
_ATTEMPT: Final = re.compile(r"[0-9]{1,10}")

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name=HEADER,
        description=(
            "1 to 128 visible ASCII characters. The change is made once per key; repeats get the"
            f" first response, with `{REPLAYED_HEADER}: true`."
        ),
    ),
]
RunId = Annotated[
    str | None,
    HeaderParameter(
        name=RUN_ID_HEADER,
        description=f"The agent's run; requires {RUN_ATTEMPT_HEADER}.",
    ),
]
RunAttemptNumber = Annotated[
    str | None,
    HeaderParameter(
        name=RUN_ATTEMPT_HEADER,
        description="Number of the run's attempt; an attempt below the highest seen gets 409.",
    ),
]


Group = Annotated[
    str | None,
    HeaderParameter(
        name="X-Change-Group",
        description=(
            "Groups changes of the agent, such as one turn's, that are counted and undone together."
        ),
    ),
]
Scope = Annotated[
    str | None,
    HeaderParameter(
        name="X-Change-Scope",
        description="Joins groups, such as those of a conversation, so that the newest can be undone.",
    ),
]
ConfirmAbove = Annotated[
    str | None,
    HeaderParameter(
        name="X-Confirm-Above",
        description=(
            "How many existing tasks the group may change. Changing more, or deleting any list,"
            " gets 409 `confirmation-required`."
        ),
    ),
]


async def provide_write_request(
    request: Request[Any, Any, Any],
    caller: NamedDependency[AuthenticatedCaller],
    idempotency_key: IdempotencyKey = None,
    run_id: RunId = None,
    run_attempt: RunAttemptNumber = None,
    change_group: Group = None,
    change_scope: Scope = None,
    confirm_above: ConfirmAbove = None,
) -> WriteRequest:
    """Parse the headers of a change.

    Raises:
        BadRequestError: a header is malformed.
    """
    is_agent = caller.actor == "agent"
    target = f"{request.scope['path']}?{request.url.query}\n".encode()
    return WriteRequest(
        user_id=caller.user_id,
        actor=caller.actor,
        method=request.method,
        route=request.scope["path_template"],
        fingerprint=request_fingerprint(target + await request.body()),
        idempotency_key=(
            None if idempotency_key is None else parse_idempotency_key(request.headers)
        ),
        # Ignored in a user's own request, where a high attempt would fence off their own run.
        run=_parse_run(run_id, run_attempt) if is_agent else None,
        group=_parse_group(change_group, change_scope, confirm_above) if is_agent else None,
    )


def to_response(written: Written) -> Response[Any]:
    """Return the response to a change, new or replayed."""
    return Response(
        written.body or None,
        status_code=written.status,
        media_type=MediaType.JSON,
        headers={REPLAYED_HEADER: "true"} if written.is_replay else {},
    )


def _parse_run(run_id: str | None, attempt: str | None) -> RunAttempt | None:
    if run_id is None and attempt is None:
        return None
    if run_id is None or RUN_ID.fullmatch(run_id) is None:
        msg = f"{RUN_ID_HEADER} must be 1 to 128 characters of A-Z a-z 0-9 . _ : -"
        raise BadRequestError(msg)
    if attempt is None or _ATTEMPT.fullmatch(attempt) is None:
        msg = f"{RUN_ATTEMPT_HEADER} must be an integer."
        raise BadRequestError(msg)
    if not 1 <= int(attempt) <= MAX_RUN_ATTEMPT:
        msg = f"{RUN_ATTEMPT_HEADER} must be from 1 to {MAX_RUN_ATTEMPT}."
        raise BadRequestError(msg)
    return RunAttempt(run_id, int(attempt))


def _parse_group(
    group: str | None, scope: str | None, confirm_above: str | None
) -> ChangeGroup | None:
    if group is None:
        return None
    if any(text is not None and _GROUP.fullmatch(text) is None for text in (group, scope)):
        msg = "X-Change-Group and X-Change-Scope must be 1 to 128 characters of A-Z a-z 0-9 . _ : -"
        raise BadRequestError(msg)
    if confirm_above is not None and _LIMIT.fullmatch(confirm_above) is None:
        msg = "X-Confirm-Above must be an integer of at most 4 digits."
        raise BadRequestError(msg)
    limit = None if confirm_above is None else int(confirm_above)
    return ChangeGroup(id=group, scope_id=scope, confirm_above=limit)
