"""Wires the service: the only file that knows all of its parts."""

from typing import Final

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide

from tasks_service.http.authentication import limit_rate, provide_caller, require_own_path
from tasks_service.http.change_controller import ChangeController
from tasks_service.http.entity_controller import EntityController
from tasks_service.http.event_controller import EventController
from tasks_service.http.export_controller import ExportController
from tasks_service.http.internal_controller import InternalController
from tasks_service.http.list_controller import ListController
from tasks_service.http.problem_responses import STRICT_BODIES
from tasks_service.http.task_controller import TaskController
from tasks_service.http.task_listing import provide_task_listing
from tasks_service.http.write_request import provide_write_request
from tasks_service.lifespan import open_stores
from tasks_service.service.change_service import ChangeService
from tasks_service.service.entity_service import EntityService
from tasks_service.service.erasure_service import ErasureService
from tasks_service.service.export_service import ExportService
from tasks_service.service.list_service import ListService
from tasks_service.service.task_service import TaskService
from tasks_service.settings import TasksSettings
from tasks_service.streams.change_feed import ChangeFeed
from todochat.http.app import create_app as create_service_app
from todochat.http.openapi import document_strictness
from todochat.identity.tokens import PublicKeys

BODY_LIMIT_BYTES: Final = 256 * 1024
DESCRIPTION: Final = "Tasks and lists of the people who sign in here, and a feed of their changes."


def create_app(settings: TasksSettings, *, public_keys: PublicKeys | None = None) -> Litestar:
    """Build the application.

    Args:
        public_keys: where login tokens' keys are found; the JWKS at AUTH_JWKS_URL by default.
    """
    app = create_service_app(
        name="tasks",
        settings=settings,
        route_handlers=[_user_routes(), InternalController],
        lifespan=[open_stores],
        ready_checks={"postgres": _ping_database},
        dependencies={
            "caller": Provide(provide_caller, sync_to_thread=False),
            "write": Provide(provide_write_request),
            "listing": Provide(provide_task_listing, sync_to_thread=False),
            "task_service": Provide(_task_service, sync_to_thread=False),
            "list_service": Provide(_list_service, sync_to_thread=False),
            "change_service": Provide(_change_service, sync_to_thread=False),
            "entity_service": Provide(_entity_service, sync_to_thread=False),
            "export": Provide(_export_service, sync_to_thread=False),
            "erasure": Provide(_erasure_service, sync_to_thread=False),
            "feed": Provide(_change_feed, sync_to_thread=False),
            "settings": Provide(_settings, sync_to_thread=False),
        },
        body_limit_bytes=BODY_LIMIT_BYTES,
        description=DESCRIPTION,
    )
    document_strictness(app, STRICT_BODIES)
    app.state.public_keys = public_keys
    return app


def _user_routes() -> Router:
    """Return the public routes: each needs a token of the path's user and counts requests."""
    return Router(
        "/api/{user_id:str}",
        guards=[require_own_path, limit_rate],
        route_handlers=[
            EventController,
            TaskController,
            ListController,
            ChangeController,
            EntityController,
            ExportController,
        ],
    )


async def _ping_database(state: State) -> None:
    await state.database.ping()


def _task_service(state: State) -> TaskService:
    service: TaskService = state.task_service
    return service


def _list_service(state: State) -> ListService:
    service: ListService = state.list_service
    return service


def _change_service(state: State) -> ChangeService:
    service: ChangeService = state.change_service
    return service


def _entity_service(state: State) -> EntityService:
    return EntityService(state.database)


def _export_service(state: State) -> ExportService:
    service: ExportService = state.export_service
    return service


def _erasure_service(state: State) -> ErasureService:
    service: ErasureService = state.erasure_service
    return service


def _change_feed(state: State) -> ChangeFeed:
    feed: ChangeFeed = state.change_feed
    return feed


def _settings(state: State) -> TasksSettings:
    settings: TasksSettings = state.settings
    return settings
