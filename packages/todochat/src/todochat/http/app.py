"""The application factory that every service's `app.py` calls."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, Final

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from todochat.http.docs_ui import DOCS_ROUTES
from todochat.http.draining import Drain
from todochat.http.middleware import RequestEnvelope
from todochat.http.openapi import OpenAPIDocument
from todochat.http.operations import OperationsController, ReadyCheck
from todochat.http.origin_check import OriginCheck
from todochat.http.problems import EXCEPTION_HANDLERS
from todochat.http.request import ServiceRequest
from todochat.lean_imports import hidden
from todochat.settings import ServiceSettings
from todochat.telemetry.gauges import StoredGauges
from todochat.telemetry.logging import configure_logging
from todochat.telemetry.loop_watch import LoopWatch, watch_loop
from todochat.telemetry.tracing import setup_tracing

DEFAULT_BODY_LIMIT_BYTES: Final = 256 * 1024
CORS_ALLOWED_HEADERS: Final = (
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "X-Request-Id",
    "X-Resumable",
    "X-Timezone",
    "chatkit-frame-instance-id",
)
CORS_EXPOSED_HEADERS: Final = (
    "ETag",
    "Idempotent-Replayed",
    "Retry-After",
    "X-Change-Request",
    "X-Conversation-Id",
    "X-Request-Id",
    "X-Resumable",
    "X-Run-Id",
    "X-Thread-Id",
)

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    *,
    name: str,
    settings: ServiceSettings,
    route_handlers: Sequence[ControllerRouterHandler],
    lifespan: Sequence[Lifespan] = (),
    ready_checks: Mapping[str, ReadyCheck] | None = None,
    dependencies: Mapping[str, Provide] | None = None,
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES,
    cors_headers: Sequence[str] = (),
    type_decoders: Sequence[tuple[Callable[[Any], bool], Callable[[Any, Any], Any]]] | None = None,
    description: str = "",
    strict_schemas: Sequence[str] = (),
) -> Litestar:
    """Build a service's Litestar application.

    It has problem documents for every failure, request ids, JSON logs, `/health/live`,
    `/health/ready`, `/metrics`, `/openapi.json` and an API page at `/docs`.

    Args:
        name: the service, as in logs, metrics and the OpenAPI title.
        lifespan: async context managers that open the process's resources on `app.state`.
        ready_checks: name of a store -> coroutine function that raises when it is unreachable.
        body_limit_bytes: longest request body; a longer one gets 413.
        cors_headers: further request headers that pages of other origins may send.
        strict_schemas: names of request bodies that reject unknown fields, for the document.
    """
    configure_logging(
        level=settings.log_level,
        log_format=settings.log_format,
        service=name,
        user_key=settings.log_user_key_bytes,
        content=settings.log_content,
    )
    setup_tracing(settings.otel_exporter_otlp_endpoint, name)
    cors = _cors(settings, cors_headers)
    with hidden("pydantic"):  # 6.1 MB, for Litestar's plugin; our handlers use msgspec only
        app = Litestar(
            route_handlers=[OperationsController, *DOCS_ROUTES, *route_handlers],
            lifespan=[watch_loop, *lifespan],
            dependencies=dict(dependencies or {}),
            exception_handlers=EXCEPTION_HANDLERS,
            request_class=ServiceRequest,
            request_max_body_size=body_limit_bytes,
            cors_config=cors,
            openapi_config=_openapi(name, description, strict_schemas),
            type_decoders=type_decoders,
            state=State(
                {
                    **process_state(),
                    "settings": settings,
                    "ready_checks": ready_checks or {},
                }
            ),
            logging_config=None,
        )
    checked = OriginCheck(app.asgi_handler, cors.is_origin_allowed if cors else lambda _: False)
    app.asgi_handler = RequestEnvelope(checked, name)
    return app


def process_state() -> dict[str, Any]:
    """Return the part of an app's state that belongs to one run of its process."""
    return {
        "drain": Drain(),
        "loop_watch": LoopWatch(),
        "is_refused": False,
        "gauges": StoredGauges(),
    }


def _cors(settings: ServiceSettings, more_headers: Sequence[str]) -> CORSConfig | None:
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"],
        allow_headers=[*CORS_ALLOWED_HEADERS, *more_headers],
        expose_headers=list(CORS_EXPOSED_HEADERS),
        allow_credentials=True,
        max_age=600,
    )


def _openapi(name: str, description: str, strict_schemas: Sequence[str]) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=name,
        version=version("todochat"),
        description=description or None,
        path="/openapi.json",
        render_plugins=[OpenAPIDocument("/openapi.json", strict_schemas)],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
            }
        ),
    )
