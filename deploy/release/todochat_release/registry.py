"""A container registry for one engine on this machine: the blobs that it pushes become files.

An image's digest is that of the manifest that an engine pushes, so it is known only after a push.
"""

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

CHUNK_BYTES: Final = 1 << 20
DIGEST_HEADER: Final = "Docker-Content-Digest"
_UPLOAD: Final = re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<upload>\w*)")
_BLOB: Final = re.compile(r"/v2/(?P<name>.+)/blobs/(?P<digest>sha256:[0-9a-f]{64})")
_MANIFEST: Final = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[\w:.-]+)")


@dataclass
class Store:
    """The content of a registry.

    Attributes:
        folder: has each blob in a file named by its hash in hex, manifests included.
        manifests: the digest of each manifest by the image's name and tag, such as `tasks:0.1.0`.
        types: the media type of each manifest by its digest.
    """

    folder: Path
    manifests: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    def path(self, digest: str) -> Path:
        """Return the file of a blob."""
        return self.folder / digest.removeprefix("sha256:")

    def read(self, digest: str) -> Any:
        """Return a blob that is JSON: a manifest or a configuration."""
        return json.loads(self.path(digest).read_bytes())


@contextmanager
def serve_registry(folder: Path) -> Iterator[tuple[str, Store]]:
    """Serve a registry on a free port of localhost; its address and what it gets."""
    store = Store(folder)
    handler = type("Handler", (RegistryHandler,), {"store": store})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"localhost:{server.server_port}", store
        finally:
            server.shutdown()
            thread.join()


class RegistryHandler(BaseHTTPRequestHandler):
    """The requests of the distribution specification that a push sends."""

    protocol_version = "HTTP/1.1"
    store: Store

    def do_HEAD(self) -> None:
        """Describe a blob or a manifest."""
        self.do_GET()

    def do_GET(self) -> None:
        """Send a blob or a manifest."""
        path = urlsplit(self.path).path
        if path == "/v2/":
            self.answer(HTTPStatus.OK)
            return
        digest, media_type = "", "application/octet-stream"
        if match := _BLOB.fullmatch(path):
            digest = match["digest"]
        elif match := _MANIFEST.fullmatch(path):
            reference = match["reference"]
            name = f"{match['name']}:{reference}"
            digest = reference if ":" in reference else self.store.manifests.get(name, "")
            media_type = self.store.types.get(digest, "")
        if not digest or not self.store.path(digest).exists():
            self.answer(HTTPStatus.NOT_FOUND)
            return
        content = self.store.path(digest).read_bytes()
        self.answer(HTTPStatus.OK, {"Content-Type": media_type, DIGEST_HEADER: digest}, content)

    def do_POST(self) -> None:
        """Start an upload."""
        match = _UPLOAD.fullmatch(urlsplit(self.path).path)
        if match is None:
            self.answer(HTTPStatus.NOT_FOUND)
            return
        upload = uuid.uuid4().hex
        self.store.path(upload).touch()
        location = f"/v2/{match['name']}/blobs/uploads/{upload}"
        self.answer(HTTPStatus.ACCEPTED, {"Location": location, "Range": "0-0"})

    def do_PATCH(self) -> None:
        """Continue an upload."""
        match = _UPLOAD.fullmatch(urlsplit(self.path).path)
        if match is None:
            self.answer(HTTPStatus.NOT_FOUND)
            return
        file = self.store.path(match["upload"])
        self.read_into(file)
        end = file.stat().st_size - 1
        location = urlsplit(self.path).path
        self.answer(HTTPStatus.ACCEPTED, {"Location": location, "Range": f"0-{end}"})

    def do_PUT(self) -> None:
        """End an upload, or store a manifest."""
        url = urlsplit(self.path)
        if match := _UPLOAD.fullmatch(url.path):
            file = self.store.path(match["upload"])
            self.read_into(file)
            digest = digest_of(file)
            if parse_qs(url.query).get("digest") != [digest]:
                self.answer(HTTPStatus.BAD_REQUEST)
                return
        elif match := _MANIFEST.fullmatch(url.path):
            file = self.store.path(uuid.uuid4().hex)
            self.read_into(file)
            digest = digest_of(file)
            self.store.manifests[f"{match['name']}:{match['reference']}"] = digest
            self.store.types[digest] = self.headers["Content-Type"]
        else:
            self.answer(HTTPStatus.NOT_FOUND)
            return
        file.replace(self.store.path(digest))
        location = f"/v2/{match['name']}/blobs/{digest}"
        self.answer(HTTPStatus.CREATED, {"Location": location, DIGEST_HEADER: digest})

    def read_into(self, file: Path) -> None:
        """Append the request's body to a file."""
        with file.open("ab") as output:
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline().partition(b";")[0], 16):
                    output.write(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return
            left = int(self.headers.get("Content-Length", 0))
            while left:
                left -= output.write(self.rfile.read(min(left, CHUNK_BYTES)))

    def answer(
        self,
        status: HTTPStatus,
        headers: Mapping[str, str] = MappingProxyType({}),
        content: bytes = b"",
    ) -> None:
        """Send a response; its body unless the request is a HEAD."""
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def digest_of(file: Path) -> str:
    """Return a file's digest as registries write it."""
    with file.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
