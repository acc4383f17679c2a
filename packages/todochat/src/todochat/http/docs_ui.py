"""A page that shows the OpenAPI document, with locally served assets.

Litestar's render plugins load their scripts from a CDN; these are in a wheel.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from litestar import MediaType, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File

_ASSETS: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_CSP: Final = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#api", deepLinking: true});\n'


@get("/docs", include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def show_docs() -> Response[str]:
    """Show the API page."""
    return Response(_PAGE, headers={"Content-Security-Policy": _CSP})


@get("/docs/start.js", include_in_schema=False, media_type="text/javascript", sync_to_thread=False)
def start_docs() -> str:
    """Start the viewer; a separate file, so that the page needs no inline script."""
    return _START


@get("/docs/{asset:str}", include_in_schema=False, sync_to_thread=False)
def get_docs_asset(asset: FromPath[str]) -> File:
    """Serve one of the viewer's files."""
    if asset not in _ASSETS:
        raise NotFoundException
    spec = find_spec("swagger_ui")
    if spec is None or spec.origin is None:
        raise NotFoundException
    path = Path(spec.origin).parent / "static" / asset
    return File(path, media_type=_ASSETS[asset], content_disposition_type="inline")


DOCS_ROUTES: Final = (show_docs, start_docs, get_docs_asset)
