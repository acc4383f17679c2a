"""Wires the service: the only file that knows all of its parts."""

from typing import Final

from litestar import Litestar, Router
from litestar.di import Provide

from tasks_service.http.bulk_controller import BulkController
from tasks_service.http.calendar_controller import CalendarController, CalendarFeedController
from tasks_service.http.change_controller import ChangeController
from tasks_service.http.device_controller import DeviceController
from tasks_service.http.entity_controller import EntityController
from tasks_service.http.erasure_controller import TaskErasureController
from tasks_service.http.event_controller import EventController
from tasks_service.http.export_controller import TaskExportController
from tasks_service.http.filter_controller import FilterController
from tasks_service.http.history_controller import HistoryController, provide_history_query
from tasks_service.http.import_controller import ImportController
from tasks_service.http.inbound_request import (
    limit_rate,
    provide_caller,
    provide_write_request,
    require_own_path,
)
from tasks_service.http.list_controller import ListController
from tasks_service.http.preferences_controller import PreferencesController
from tasks_service.http.problem_responses import STRICT_BODIES
from tasks_service.http.quick_controller import QuickAddController
from tasks_service.http.reminder_controller import ReminderController
from tasks_service.http.reminder_email_controller import ReminderEmailController
from tasks_service.http.section_controller import SectionController
from tasks_service.http.tag_controller import TagController
from tasks_service.http.task_controller import TaskController
from tasks_service.http.task_listing import provide_task_listing
from tasks_service.http.trash_controller import TrashController
from tasks_service.http.view_controller import ViewController
from tasks_service.lifespan import open_services
from tasks_service.mcp.endpoint import handle_mcp, open_mcp_endpoint
from tasks_service.services import Services
from tasks_service.settings import TasksSettings
from todochat.http.app import create_app as create_service_app
from todochat.http.dependencies import provide_services
from todochat.identity.tokens import PublicKeys

BODY_LIMIT_BYTES: Final = 256 * 1024
DESCRIPTION: Final = "Tasks and lists of a user, and a feed of their changes."


def create_app(settings: TasksSettings, *, public_keys: PublicKeys | None = None) -> Litestar:
    """Build the application.

    Args:
        public_keys: source of the keys that sign login tokens; by default the JWKS at
            AUTH_JWKS_URL.
    """
    user_routes = Router(
        "/api/{user_id:str}",
        guards=[require_own_path, limit_rate],
        route_handlers=[
            EventController,
            BulkController,
            TaskController,
            ListController,
            SectionController,
            TagController,
            PreferencesController,
            ChangeController,
            HistoryController,
            TrashController,
            ReminderController,
            DeviceController,
            ReminderEmailController,
            QuickAddController,
            EntityController,
            FilterController,
            ViewController,
            TaskExportController,
            ImportController,
            CalendarController,
        ],
    )
    app = create_service_app(
        name="tasks",
        settings=settings,
        route_handlers=[user_routes, CalendarFeedController, TaskErasureController, handle_mcp],
        lifespan=[open_services, open_mcp_endpoint],
        ready_checks={"postgres": lambda state: state.services.database.ping()},
        dependencies={
            **provide_services(Services),
            "caller": Provide(provide_caller, sync_to_thread=False),
            "write": Provide(provide_write_request),
            "history": Provide(provide_history_query, sync_to_thread=False),
            "listing": Provide(provide_task_listing, sync_to_thread=False),
        },
        body_limit_bytes=BODY_LIMIT_BYTES,
        description=DESCRIPTION,
        strict_schemas=STRICT_BODIES,
    )
    app.state.public_keys = public_keys
    return app
