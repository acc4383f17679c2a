"""The objects that one process of the service shares between its requests."""

import msgspec

from tasks_service.events.feed_notifier import FeedNotifier
from tasks_service.service.authenticator import Authenticator
from tasks_service.service.bulk_service import BulkService
from tasks_service.service.calendar_service import CalendarService
from tasks_service.service.change_service import ChangeService
from tasks_service.service.delivery_service import DeliveryService
from tasks_service.service.device_service import DeviceService
from tasks_service.service.entity_service import EntityService
from tasks_service.service.erasure_service import TaskErasureService
from tasks_service.service.export_service import ExportService
from tasks_service.service.filter_service import FilterService
from tasks_service.service.history_service import HistoryService
from tasks_service.service.import_service import ImportService
from tasks_service.service.list_service import ListService
from tasks_service.service.preferences_service import PreferencesService
from tasks_service.service.quick_add_service import QuickAddService
from tasks_service.service.reminder_email_service import ReminderEmailService
from tasks_service.service.reminder_service import ReminderService
from tasks_service.service.section_service import SectionService
from tasks_service.service.tag_service import TagService
from tasks_service.service.task_service import TaskService
from tasks_service.service.trash_service import TrashService
from tasks_service.service.view_service import ViewService
from tasks_service.settings import TasksSettings
from tasks_service.streams.change_feed import ChangeFeed
from todochat.database import Database
from todochat.http.rate_limit import RateLimit


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that guards and handlers use; `lifespan` builds it, handlers get it injected."""

    settings: TasksSettings
    database: Database
    authenticator: Authenticator
    rate_limit: RateLimit
    notifier: FeedNotifier
    tasks: TaskService
    lists: ListService
    bulk: BulkService
    sections: SectionService
    tags: TagService
    preferences: PreferencesService
    changes: ChangeService
    history: HistoryService
    trash: TrashService
    entities: EntityService
    filters: FilterService
    views: ViewService
    export: ExportService
    imports: ImportService
    calendar: CalendarService
    erasure: TaskErasureService
    reminders: ReminderService
    devices: DeviceService
    reminder_emails: ReminderEmailService
    deliveries: DeliveryService
    quick_add: QuickAddService
    change_feed: ChangeFeed
