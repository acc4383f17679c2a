"""Reads the file of an upload: multipart with the field `file`, or the raw bytes.

Litestar's form parser writes files over 1 MB to disk, and containers have a read-only file system. So
this module drives the parser that Litestar uses.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Request
from litestar.exceptions import HTTPException, InternalServerException
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from durable_chatkit.chatkit.attachments import UploadedFile
from durable_chatkit.errors import FileTooLargeError
from todochat.contracts.uploads import FILE_FIELD, MAX_FILE_BYTES
from todochat.errors import BadRequestError, FieldError, InvalidInputError

MULTIPART: Final = "multipart/form-data"
MAX_PARTS: Final = 8
_TOO_LARGE: Final = f"A file may have at most {MAX_FILE_BYTES // 2**20} MB."


async def read_upload(request: Request[Any, Any, Any]) -> UploadedFile:
    """Read an upload of at most MAX_FILE_BYTES; Litestar limits the whole body.

    Raises:
        FileTooLargeError: the file is larger.
        BadRequestError: the multipart body is malformed or truncated.
        InvalidInputError: the form doesn't have exactly one field `file`.
    """
    declared_type = request.headers.get("content-type", "")
    kind, options = parse_options_header(declared_type)
    if kind != MULTIPART:
        content = b"".join([chunk async for chunk in _chunks(request)])
        if len(content) > MAX_FILE_BYTES:
            raise FileTooLargeError(_TOO_LARGE)
        return UploadedFile("file", declared_type, content)
    files = await _read_parts(request, options.get("boundary", ""))
    if len(files) != 1:
        msg = f"The form must contain one file in the field `{FILE_FIELD}`."
        raise InvalidInputError(msg, errors=[FieldError(f"/{FILE_FIELD}", "must be one file")])
    return files[0]


async def _read_parts(request: Request[Any, Any, Any], boundary: str) -> list[UploadedFile]:
    files: list[UploadedFile] = []
    part: MultipartSegment | None = None
    content = bytearray()
    try:
        with PushMultipartParser(
            boundary, max_segment_size=MAX_FILE_BYTES, max_segment_count=MAX_PARTS
        ) as parser:
            async for chunk in _chunks(request):
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        part, content = event, bytearray()
                    elif event is not None:
                        content += event
                    elif part is not None and part.name == FILE_FIELD:
                        name, kind = part.filename or "file", part.content_type or ""
                        files.append(UploadedFile(name, kind, bytes(content)))
    except ParserLimitReached as error:
        raise FileTooLargeError(_TOO_LARGE) from error
    except MultipartError as error:
        raise BadRequestError("The multipart body is malformed.") from error
    return files


async def _chunks(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except InternalServerException as error:  # raised when the client disconnects
        raise BadRequestError("The upload is incomplete.") from error
    except HTTPException as error:
        if error.status_code == FileTooLargeError.status:
            raise FileTooLargeError(_TOO_LARGE) from error
        raise
