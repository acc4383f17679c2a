"""`/api/{user_id}/chat/attachments`: files that people attach."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get, post, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import InternalServerException
from litestar.params import FromPath, QueryParameter

from chat_gateway.clients.agent_client import PlainAnswer
from chat_gateway.errors import MalformedBodyError
from chat_gateway.file_service import FileService
from chat_gateway.http.documentation import BEARER, DownloadOperation, UploadOperation
from chat_gateway.http.guards import require_own_secret, require_own_secret_or_link
from chat_gateway.http.rejections import COUNTING_HANDLERS
from todochat.contracts.uploads import MAX_UPLOAD_BYTES
from todochat.http.openapi import problems
from todochat.identity.tokens import Identity

OwnRequest = Request[Any, Identity, State]

_REFUSALS: Final = problems(400, 401, 403, 404, 409, 413, 422, 429, 503)


class RelayedBody:
    """A request's body on its way through."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        self._request = request
        self.failure: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield it as it comes; Litestar bounds it."""
        try:
            async for chunk in self._request.stream():
                if chunk:
                    yield chunk
        except InternalServerException:  # Litestar's word for a client that went away
            self.failure = MalformedBodyError("The upload is cut short.")
            raise
        except Exception as error:
            self.failure = error
            raise


class AttachmentController(Controller):
    """Files of one user."""

    path = "/api/{user_id:str}/chat/attachments"
    tags = ["attachments"]
    security = BEARER
    exception_handlers = COUNTING_HANDLERS
    request_max_body_size = MAX_UPLOAD_BYTES

    @post(
        status_code=201,
        guards=[require_own_secret],
        operation_class=UploadOperation,
        responses=_REFUSALS,
    )
    async def add(
        self, request: OwnRequest, file_service: NamedDependency[FileService]
    ) -> Response[bytes]:
        """Upload a file in one go, as ChatKit's `direct` uploads do: multipart, field `file`."""
        answer = await file_service.add(request.auth, RelayedBody(request), _headers(request))
        return _response(answer)

    @route(
        "/{attachment_id:str}/content",
        http_method=[HttpMethod.POST, HttpMethod.PUT],
        status_code=200,
        guards=[require_own_secret],
        operation_class=UploadOperation,
        responses=_REFUSALS,
    )
    async def upload(
        self,
        request: OwnRequest,
        attachment_id: FromPath[str],
        file_service: NamedDependency[FileService],
    ) -> Response[bytes]:
        """Send the bytes of a file that `attachments.create` announced."""
        answer = await file_service.upload(
            request.auth, attachment_id, RelayedBody(request), _headers(request)
        )
        return _response(answer)

    @get(
        "/{attachment_id:str}/content",
        guards=[require_own_secret_or_link],
        operation_class=DownloadOperation,
        responses=problems(401, 403, 404, 429, 503),
    )
    async def read(
        self,
        request: OwnRequest,
        attachment_id: FromPath[str],
        file_service: NamedDependency[FileService],
        expires: Annotated[  # noqa: ARG002 - the guard reads it
            int | None, QueryParameter(description="Of a signed link: unix time of its end.")
        ] = None,
        signature: Annotated[  # noqa: ARG002 - as above
            str | None, QueryParameter(description="Of a signed link; then no secret is needed.")
        ] = None,
    ) -> Response[bytes]:
        """Return a file. `preview_url` is a signed link to it that an `<img>` can show."""
        return _response(await file_service.read(request.auth, attachment_id))


def _headers(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return what todo-agent needs to read the body, and nothing else of the browser's."""
    return {
        "Content-Type": request.headers.get("content-type", "application/octet-stream"),
        "X-Request-Id": request.scope["state"]["request_id"],
    }


def _response(answer: PlainAnswer) -> Response[bytes]:
    # Given as a header, not as Litestar's media type, which would add a charset of its own.
    return Response(answer.body, headers=answer.headers)
