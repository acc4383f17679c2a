"""`/api/{user_id}/chat/attachments`: upload and download of attachments."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import FromPath, QueryParameter

from chat_gateway.clients.agent_client import RelayedResponse
from chat_gateway.http.documentation import BEARER, DownloadOperation, UploadOperation
from chat_gateway.http.guards import AdmittedRequest, admit_secret, admit_secret_or_link, costs
from chat_gateway.http.rejections import COUNTING_HANDLERS
from chat_gateway.services import Services
from chat_gateway.streams.admission import PLAIN_COST, STREAM_COST
from todochat.contracts.uploads import MAX_UPLOAD_BYTES
from todochat.errors import NotFoundError
from todochat.http.openapi import problems

_ATTACHMENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # goes into a path of the api
_UPLOAD_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 413, 422, 429, 503)


class RelayedBody:
    """A request's body while it is relayed; `failure` is the error that cut it short, if any."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        self._request = request
        self.failure: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; Litestar limits its size."""
        try:
            async for chunk in self._request.stream():
                if chunk:
                    yield chunk
        except Exception as error:
            self.failure = error
            raise


class PublicAttachmentController(Controller):
    """Attachments of one user."""

    path = "/api/{user_id:str}/chat/attachments"
    tags = ["attachments"]
    security = BEARER
    exception_handlers = COUNTING_HANDLERS
    request_max_body_size = MAX_UPLOAD_BYTES

    # An upload may take minutes, so it holds a stream slot.
    @post(
        status_code=201,
        guards=[admit_secret],
        opt=costs(STREAM_COST),
        operation_class=UploadOperation,
        responses=_UPLOAD_PROBLEMS,
    )
    async def add(
        self, request: AdmittedRequest, services: NamedDependency[Services]
    ) -> Response[bytes]:
        """Upload a file in one request, as ChatKit's `direct` uploads: multipart, field `file`."""
        return await _relay_upload(request, services)

    @route(
        "/{attachment_id:str}/content",
        http_method=[HttpMethod.POST, HttpMethod.PUT],
        status_code=200,
        guards=[admit_secret],
        opt=costs(STREAM_COST),
        operation_class=UploadOperation,
        responses=_UPLOAD_PROBLEMS,
    )
    async def upload(
        self,
        request: AdmittedRequest,
        attachment_id: FromPath[str],
        services: NamedDependency[Services],
    ) -> Response[bytes]:
        """Send the bytes of a file that `attachments.create` announced."""
        return await _relay_upload(request, services, attachment_id)

    @get(
        "/{attachment_id:str}/content",
        guards=[admit_secret_or_link],
        opt=costs(PLAIN_COST),
        operation_class=DownloadOperation,
        responses=problems(401, 403, 404, 429, 503),
    )
    async def read(
        self,
        request: AdmittedRequest,
        attachment_id: FromPath[str],
        services: NamedDependency[Services],
        expires: Annotated[  # noqa: ARG002 - the guard reads it
            int | None, QueryParameter(description="Of a signed link: unix time of its expiry.")
        ] = None,
        signature: Annotated[  # noqa: ARG002 - as above
            str | None, QueryParameter(description="Of a signed link, which replaces the secret.")
        ] = None,
    ) -> Response[bytes]:
        """Return a file. `preview_url` is a signed link to it that an `<img>` can show."""
        _check_attachment_id(attachment_id)
        return _response(await services.attachments.read_file(request.auth.user_id, attachment_id))


async def _relay_upload(
    request: AdmittedRequest, services: Services, attachment_id: str | None = None
) -> Response[bytes]:
    async with services.admission.releasing_stream_slot(request.auth):
        if attachment_id is not None:
            _check_attachment_id(attachment_id)
        body = RelayedBody(request)
        # todo-agent needs these to read the body; no other header of the browser is forwarded.
        headers = {
            "Content-Type": request.headers.get("content-type", "application/octet-stream"),
            "X-Request-Id": request.scope["state"]["request_id"],
        }
        try:
            response = await services.attachments.upload_file(
                request.auth.user_id, body.chunks(), headers, attachment_id=attachment_id
            )
        except Exception as error:
            # aiohttp only reports that sending failed; the body has the cause.
            if body.failure is not None:
                raise body.failure from error
            raise
        return _response(response)


def _check_attachment_id(attachment_id: str) -> None:
    if _ATTACHMENT_ID.fullmatch(attachment_id) is None:
        raise NotFoundError("There is no such attachment.")


def _response(response: RelayedResponse) -> Response[bytes]:
    # The type is passed as a header, not as Litestar's media type, which would add a charset.
    return Response(response.body, headers=response.headers)
