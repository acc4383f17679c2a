"""Reads a request: guards check its token, path and rate limit, a change becomes a `WriteRequest`."""

import re
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter

from tasks_service.domain.entity_tag import entity_tag, parse_entity_tags
from tasks_service.domain.grouping import GROUP_PATTERN, ChangeGroup
from tasks_service.domain.limits import MAX_RUN_ATTEMPT
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import RunAttempt, WriteRequest, Written
from tasks_service.service.precondition import Precondition
from tasks_service.services import Services
from todochat.contracts.tasks import Task, TaskList
from todochat.errors import BadRequestError, ForbiddenError, TooManyRequestsError
from todochat.http.idempotency import (
    HEADER,
    REPLAYED_HEADER,
    parse_idempotency_key,
    request_fingerprint,
)
from todochat.telemetry.logging import bind

RUN_ID_HEADER: Final = "X-Run-Id"
RUN_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
RATE_COST: Final = "rate_cost"
CALLER: Final = "tasks_caller"  # key of the verified caller in a request's state
CHANGE_REQUEST_HEADER: Final = "X-Change-Request"  # of a response: the ID to undo its changes with


async def require_own_path(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """Restrict callers to the paths of the user that their token names.

    Raises:
        UnauthorizedError: there is no valid token.
        ForbiddenError: the path names another user.
    """
    caller = connection.scope["state"].get(CALLER)
    if caller is None:
        services: Services = connection.app.state.services
        caller = await services.authenticator.authenticate(connection.headers)
    if connection.path_params["user_id"] != caller.user_id:
        raise ForbiddenError("The path names another user than the token.")
    # The agent sends its run's ID, which correlates the log lines of both services.
    run_id = connection.headers.get(RUN_ID_HEADER.lower(), "") if caller.actor == "agent" else ""
    bind(user_id=caller.user_id, run_id=run_id if RUN_ID.fullmatch(run_id) else None)
    connection.scope["state"][CALLER] = caller


async def require_user(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Restrict a route to users; their token names the user.

    Raises:
        UnauthorizedError: there is no valid token.
        ForbiddenError: it is a service's.
    """
    services: Services = connection.app.state.services
    caller = await services.authenticator.authenticate(connection.headers)
    if caller.actor != "user":
        raise ForbiddenError("Services have their own routes.")
    bind(user_id=caller.user_id)
    connection.scope["state"][CALLER] = caller


async def limit_rate(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Count the request against the user's rate limit; must follow `require_own_path`.

    A route counts as one request, or as many as its `opt[RATE_COST]`. Requests of the agent don't
    count: the limits on the user's runs bound them.

    Raises:
        TooManyRequestsError: the user has reached this minute's limit.
    """
    caller: AuthenticatedCaller = connection.scope["state"][CALLER]
    if caller.actor == "agent":
        return
    services: Services = connection.app.state.services
    wait_s = await services.rate_limit.take(caller.user_id, handler.opt.get(RATE_COST, 1))
    if wait_s > 0:
        msg = f"You can send at most {services.settings.requests_per_minute} requests a minute."
        raise TooManyRequestsError(msg, retry_after_s=wait_s)


def provide_caller(request: Request[Any, Any, Any]) -> AuthenticatedCaller:
    """Return the caller that `require_own_path` authenticated."""
    caller: AuthenticatedCaller = request.scope["state"][CALLER]
    return caller


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


IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description=(
            "`ETag` of the task or list in the path: another state gets 412 with the current one."
        ),
    ),
]
IfNoneMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match", description="`ETag` that the client has: 304 if it is current."
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
    if_match: IfMatch = None,
) -> WriteRequest:
    """Parse the headers of a change.

    Raises:
        BadRequestError: a header is malformed.
    """
    is_agent = caller.actor == "agent"
    has_groups = caller.actor in {"agent", "mcp"}
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
        group=_parse_group(change_group, change_scope, confirm_above) if has_groups else None,
        precondition=(
            None
            if if_match is None
            else Precondition(
                tags=parse_entity_tags("If-Match", if_match, accept_weak=False),
                task_ref=request.path_params.get("task_ref"),
                list_id=request.path_params.get("list_id"),
            )
        ),
    )


def to_entity_response(entity: Task | TaskList, if_none_match: str | None) -> Response[Any]:
    """Return a task or list with its tag; 304 without a body if the client has this state.

    Raises:
        BadRequestError: If-None-Match is malformed.
    """
    body = msgspec.json.encode(entity)
    tag = entity_tag(body)
    is_known = if_none_match is not None and parse_entity_tags(
        "If-None-Match", if_none_match, accept_weak=True
    ).match(tag)
    return Response(
        None if is_known else body,
        status_code=HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK,
        media_type=MediaType.JSON,
        headers={"ETag": tag},
    )


def to_response(written: Written) -> Response[Any]:
    """Return the response to a change, new or replayed."""
    headers = {REPLAYED_HEADER: "true"} if written.is_replay else {}
    if written.change_request_id is not None:
        headers[CHANGE_REQUEST_HEADER] = written.change_request_id
    if written.entity_tag is not None:
        headers["ETag"] = written.entity_tag
    return Response(
        written.body or None,
        status_code=written.status,
        media_type=MediaType.JSON,
        headers=headers,
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
