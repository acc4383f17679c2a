"""`/internal/attachments`: files in and out, for the user that the service token names."""

from typing import Any, Final
from urllib.parse import quote

from litestar import Controller, MediaType, Request, Response, get, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import FromPath

from durable_chatkit.chatkit.attachments import AttachmentService, FileContent
from durable_chatkit.chatkit.encoding import encode_for_client
from durable_chatkit.chatkit.file_types import is_image
from durable_chatkit.http.uploads import read_upload
from todochat.contracts.uploads import MAX_UPLOAD_BYTES
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.identity.service_tokens import ServiceIdentity

CACHE_S: Final = 3600

# Opened by itself, a file is a page without scripts, frames or an origin of ours. `nosniff` is on
# every answer.
SAFE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": f"private, max-age={CACHE_S}",
    "Vary": "Authorization",
}

AnyRequest = Request[Any, Any, Any]


class AttachmentController(Controller):
    """Files of one user; another user's are 404."""

    path = "/internal/attachments"
    tags = ["attachments"]
    security = [{"bearer": []}]
    exception_handlers = OUTAGE_HANDLERS
    request_max_body_size = MAX_UPLOAD_BYTES

    @post(status_code=201)
    async def add(
        self,
        request: AnyRequest,
        caller: NamedDependency[ServiceIdentity],
        attachment_service: NamedDependency[AttachmentService],
    ) -> Response[bytes]:
        """Take in a file that was not announced: multipart, field `file`."""
        attachment = await attachment_service.add_file(caller.user_id, await read_upload(request))
        return Response(encode_for_client(attachment), media_type=MediaType.JSON)

    @route("/{attachment_id:str}/content", http_method=[HttpMethod.POST, HttpMethod.PUT])
    async def upload(
        self,
        request: AnyRequest,
        attachment_id: FromPath[str],
        caller: NamedDependency[ServiceIdentity],
        attachment_service: NamedDependency[AttachmentService],
    ) -> Response[bytes]:
        """Take in the bytes of a file that was announced by `attachments.create`."""
        file = await read_upload(request)
        attachment = await attachment_service.store_upload(caller.user_id, attachment_id, file)
        return Response(encode_for_client(attachment), status_code=200, media_type=MediaType.JSON)

    @get("/{attachment_id:str}/content")
    async def content(
        self,
        attachment_id: FromPath[str],
        caller: NamedDependency[ServiceIdentity],
        attachment_service: NamedDependency[AttachmentService],
    ) -> Response[bytes]:
        """Give out a file's bytes."""
        file = await attachment_service.load_file(caller.user_id, attachment_id)
        headers = {**SAFE_HEADERS, "Content-Disposition": disposition(file)}
        return Response(file.content, headers=headers, media_type=file.media_type)


def disposition(file: FileContent) -> str:
    """Return the header: images may be shown in a page, everything else is to be saved."""
    kind = "inline" if is_image(file.media_type) else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(file.name, safe='')}"
