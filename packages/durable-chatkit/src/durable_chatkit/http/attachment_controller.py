"""`/internal/attachments`: uploads and downloads of the service token's user."""

from typing import Any, Final
from urllib.parse import quote

from litestar import Controller, MediaType, Request, Response, get, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import FromPath

from durable_chatkit.chatkit.attachments import FileContent
from durable_chatkit.chatkit.encoding import encode_for_client
from durable_chatkit.chatkit.file_types import is_image
from durable_chatkit.http.uploads import read_upload
from durable_chatkit.services import Services
from todochat.contracts.uploads import MAX_UPLOAD_BYTES
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.identity.service_tokens import ServiceIdentity

CACHE_S: Final = 3600

# A file that is opened directly is a page without scripts, frames or our origin. Every response has
# `nosniff`.
SAFE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": f"private, max-age={CACHE_S}",
    "Vary": "Authorization",
}

AnyRequest = Request[Any, Any, Any]


class AttachmentController(Controller):
    """Stores and returns files of one user; other users' files are 404."""

    path = "/internal/attachments"
    tags = ["attachments"]
    security = [{"bearer": []}]
    exception_handlers = OUTAGE_HANDLERS
    request_max_body_size = MAX_UPLOAD_BYTES

    @post(status_code=201)
    async def add_file(
        self,
        request: AnyRequest,
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
    ) -> Response[bytes]:
        """Store a file without prior registration: multipart, field `file`."""
        attachment = await services.attachments.add_file(caller.user_id, await read_upload(request))
        return Response(encode_for_client(attachment), media_type=MediaType.JSON)

    @route("/{attachment_id:str}/content", http_method=[HttpMethod.POST, HttpMethod.PUT])
    async def upload_file(
        self,
        request: AnyRequest,
        attachment_id: FromPath[str],
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
    ) -> Response[bytes]:
        """Store the content of a file that `attachments.create` registered."""
        file = await read_upload(request)
        attachment = await services.attachments.store_upload(caller.user_id, attachment_id, file)
        return Response(encode_for_client(attachment), status_code=200, media_type=MediaType.JSON)

    @get("/{attachment_id:str}/content")
    async def download_file(
        self,
        attachment_id: FromPath[str],
        caller: NamedDependency[ServiceIdentity],
        services: NamedDependency[Services],
    ) -> Response[bytes]:
        """Return a file's content."""
        file = await services.attachments.load_file(caller.user_id, attachment_id)
        headers = {**SAFE_HEADERS, "Content-Disposition": content_disposition(file)}
        if file.extracted_text is not None:
            # Litestar would add charset=utf-8 to a text in another encoding.
            headers["Content-Type"] = file.media_type
            return Response(file.content, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)


def content_disposition(file: FileContent) -> str:
    """Return the header: browsers may display images and download everything else."""
    kind = "inline" if is_image(file.media_type) else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(file.name, safe='')}"
