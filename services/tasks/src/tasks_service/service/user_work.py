"""The unit of work of one change: repositories, change records and outbox events."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.change import Actor, Change, ChangeType, FeedReminder, RecordType
from tasks_service.domain.grouping import ChangeGroup
from tasks_service.domain.limits import (
    MAX_LISTS,
    MAX_OPEN_TASKS,
    MAX_TURN_LIST_CHANGES,
    MAX_TURN_LISTS,
    MAX_TURN_TASKS,
)
from tasks_service.domain.position import default_position
from tasks_service.domain.task_list import DEFAULT_LIST_NAME
from tasks_service.domain.text import match_key
from tasks_service.errors import (
    ConfirmationRequiredError,
    ListNotFoundError,
    SectionNotFoundError,
    TaskNotFoundError,
    TooManyListsError,
    TooManyTasksError,
    TurnLimitError,
)
from tasks_service.storage.change_repository import (
    ChangeRepository,
    PendingRepository,
    insert_changes,
)
from tasks_service.storage.list_repository import ListRepository, list_state, to_list
from tasks_service.storage.order_repository import OrderRepository
from tasks_service.storage.outbox_repository import Counters, OutboxWriter
from tasks_service.storage.preferences_repository import PreferencesRepository
from tasks_service.storage.records import ListRecord, SectionRecord, TaskRecord
from tasks_service.storage.reminder_repository import ReminderRepository
from tasks_service.storage.section_repository import SectionRepository
from tasks_service.storage.tag_repository import TagRepository
from tasks_service.storage.task_repository import TaskRepository, to_task
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.task_views import SavedFilter
from todochat.contracts.tasks import Color, Icon, Section, Tag, Task, TaskList
from todochat.database.sql_transaction import SqlTransaction
from todochat.ids import new_id

# Fields of a task that decide when its reminders fire.
_COUNTED: Final = frozenset({"completed_at", "deleted_at", "parent_id"})  # in the parent's counts
_PLANS_REMINDERS: Final = frozenset({"reminders", "due", "completed_at", "deleted_at"})


class UserWork:
    """One user's tasks and lists in a transaction that locks out the user's other changes.

    Attributes:
        transaction: the session's, for plain SQL.
        now: timestamp of everything this change writes.
        request_id: of all its changes, so that they can be undone together.
        group: group of its changes, for the change limit and for undo.
        has_changes: whether it publishes any event.
    """

    def __init__(
        self,
        session: AsyncSession,
        transaction: SqlTransaction,
        user_id: str,
        counters: Counters,
        *,
        actor: Actor,
        run_id: str | None,
        now: dt.datetime,
        group: ChangeGroup | None = None,
    ) -> None:
        self.user_id = user_id
        self.session = session
        self.tasks = TaskRepository(session, self.user_id)
        self.lists = ListRepository(session, self.user_id)
        self.sections = SectionRepository(session, self.user_id)
        self.tags = TagRepository(session, self.user_id)
        self.order = OrderRepository(session, self.user_id)
        self.preferences = PreferencesRepository(session, self.user_id)
        self.changes = ChangeRepository(session, self.user_id)
        self.pending = PendingRepository(session, self.user_id)
        self.now = now
        self.request_id = new_id("req")
        self.group = group
        self.has_changes = False
        self._events: list[tuple[int, Change]] = []
        self._change_rows: list[dict[str, Any]] = []
        self._reminded_task_ids: dict[str, None] = {}
        self._parents: set[str] = set()
        self._published: dict[str, Task] = {}
        self.transaction = transaction
        self._outbox = OutboxWriter(transaction, user_id)
        self._counters = counters
        self._actor = actor
        self._run_id = run_id

    def join_group(self, group_id: str, scope_id: str | None) -> None:
        """Add the following changes to a group, without a limit, since the user confirmed them."""
        self.group = ChangeGroup(id=group_id, scope_id=scope_id)

    def take_next_number(self) -> int:
        """Take the next task number; it is reused only if the transaction rolls back."""
        self._counters.last_number += 1
        return self._counters.last_number

    @property
    def end_position(self) -> str:
        """The position of the next new task, which is after all others in every list."""
        return default_position(self._counters.last_number + 1)

    def publish(
        self,
        change_type: ChangeType,
        *,
        task: Task | None = None,
        task_list: TaskList | None = None,
        saved_filter: SavedFilter | None = None,
        section: Section | None = None,
        tag: Tag | None = None,
        replaced_tag: str | None = None,
        tasks: ListedTasks | None = None,
        moved_to: str | None = None,
        reminder: FeedReminder | None = None,
    ) -> None:
        """Buffer an event of the change feed; `flush` writes it to the outbox."""
        self._counters.last_event_seq += 1
        self.has_changes = True
        event = Change(
            type=change_type,
            actor=self._actor,
            run_id=self._run_id,
            occurred_at=self.now,
            task=task,
            list=task_list,
            filter=saved_filter,
            section=section,
            tag=tag,
            replaced_tag=replaced_tag,
            tasks=tasks,
            moved_to=moved_to,
            reminder=reminder,
        )
        self._events.append((self._counters.last_event_seq, event))
        if task is not None:
            self._published[task.id] = task

    def log_change(
        self,
        change_type: RecordType,
        entity_id: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any],
        *,
        undoes: int | None = None,
        publishes_parent: bool = True,
    ) -> None:
        """Buffer the change record of one task or list; `flush` writes it.

        Args:
            before: the state before the change; None if it is new.
            after: the state after it; only fields that differ are stored.
            undoes: ID of the change record that this change undoes.
            publishes_parent: a subtask's parent is published if its counts have changed.
        """
        changed = [name for name in after if before is None or before[name] != after[name]]
        has_reminders = bool(after.get("reminders") or (before and before.get("reminders")))
        if has_reminders and _PLANS_REMINDERS.intersection(changed):
            self._reminded_task_ids[entity_id] = None
        if publishes_parent and _COUNTED.intersection(changed):
            parents = [state.get("parent_id") for state in (before or {}, after)]
            self._parents |= {parent for parent in parents if parent is not None}
        self._change_rows.append(
            {
                **self._change_columns(change_type),
                "entity_id": entity_id,
                "before": None if before is None else {name: before[name] for name in changed},
                "after": {name: after[name] for name in changed},
                "undoes": undoes,
            }
        )

    async def log_list_tasks(
        self,
        change_type: ChangeType,
        list_id: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        section_id: str | None = None,
    ) -> None:
        """Write the change records of all tasks of a list or section; call it before changing them."""
        await self.flush()
        columns = self._change_columns(change_type)
        await self.changes.add_for_list_tasks(
            list_id, columns, before, after, section_id=section_id
        )

    async def flush(self) -> None:
        """Write the buffered events and change records; `IdempotentWriter` calls it at the end."""
        await self._publish_parents()
        await self.write_buffered()
        task_ids, self._reminded_task_ids = self._reminded_task_ids, {}
        if task_ids:
            reminders = ReminderRepository(self.session, self.user_id)
            await reminders.schedule(task_ids, now=self.now)

    async def write_buffered(self) -> None:
        """Write the events and change records so far, so that a large change needs less memory."""
        events, self._events = self._events, []
        if events:
            await self._outbox.append(events, self._counters)
        rows, self._change_rows = self._change_rows, []
        if rows:
            await insert_changes(self.transaction, self.user_id, rows)

    async def _publish_parents(self) -> None:
        """Publish tasks whose counts of subtasks have changed, unless they were published so."""
        parents, self._parents = self._parents, set()
        if not parents:
            return
        for record in (await self.tasks.find_by_ids(parents)).values():
            task = to_task(record)
            if record.deleted_at is None and self._published.get(record.id) != task:
                self.publish("task.updated.v1", task=task)

    def _change_columns(self, change_type: RecordType) -> dict[str, Any]:
        return {
            "type": change_type,
            "actor": self._actor,
            "run_id": self._run_id,
            "scope_id": self.group.scope_id if self.group else None,
            "group_id": self.group.id if self.group else None,
            "request_id": self.request_id,
            "is_confirmed": self.group is None or self.group.confirm_above is None,
            "occurred_at": self.now,
        }

    async def check_change_limit(self, *task_ids: str, deletes_list: bool = False) -> None:
        """Check that the group may change these tasks, or delete a list, without a confirmation.

        Each task counts once; tasks that the run itself created don't count. Confirmed changes
        neither count nor raise the limit.

        Raises:
            ConfirmationRequiredError: the user must confirm the change.
        """
        if self.group is None or self.group.confirm_above is None:
            return
        if deletes_list:
            raise ConfirmationRequiredError
        changed = await self.changes.unconfirmed_task_ids(self.group.id)
        created = await self.changes.created_task_ids(self.group.id, self._run_id)
        for row in self._change_rows:  # of this request, which aren't in the database yet
            if row["type"].startswith("task."):
                (created if row["before"] is None else changed).add(row["entity_id"])
        if len((changed | set(task_ids)) - created) > self.group.confirm_above:
            raise ConfirmationRequiredError

    async def check_added_tasks(self) -> None:
        """Check that the group may add a task.

        This limit and the next two leave nothing pending: beyond them the agent needs another
        message of the user. Changes that the user confirmed don't count.

        Raises:
            TurnLimitError: it has added 100.
        """
        if len(await self._unconfirmed_ids("task.created.v1")) >= MAX_TURN_TASKS:
            raise TurnLimitError("add", MAX_TURN_TASKS, "tasks")

    async def check_added_lists(self) -> None:
        """Check that the group may add a list or a section.

        Raises:
            TurnLimitError: it has added 10.
        """
        added = await self._unconfirmed_ids("list.created.v1", "section.created.v1")
        if len(added) >= MAX_TURN_LISTS:
            raise TurnLimitError("add", MAX_TURN_LISTS, "lists and sections")

    async def check_changed_lists(self, list_id: str) -> None:
        """Check that the group may change a list; one that it added can always be changed.

        Raises:
            TurnLimitError: it has changed three others.
        """
        changed = await self._unconfirmed_ids("list.updated.v1") | {list_id}
        if len(changed - await self._unconfirmed_ids("list.created.v1")) > MAX_TURN_LIST_CHANGES:
            raise TurnLimitError("change", MAX_TURN_LIST_CHANGES, "lists")

    async def _unconfirmed_ids(self, *types: RecordType) -> set[str]:
        """Return the IDs of the group's changes of these types; none if it has no limit."""
        if self.group is None or self.group.confirm_above is None:
            return set()
        return await self.changes.unconfirmed_ids(self.group.id, *types)

    async def get_task(self, ref: str, *, include_deleted: bool = False) -> TaskRecord:
        """Return the task with this ID or number.

        Raises:
            TaskNotFoundError: the user has no such task.
        """
        record = await self.tasks.find_by_ref(ref, include_deleted=include_deleted)
        if record is None:
            raise TaskNotFoundError
        return record

    async def get_list(self, list_id: str) -> ListRecord:
        """Return the list with this ID.

        Raises:
            ListNotFoundError: the user has no such list.
        """
        record = await self.lists.find_by_id(list_id)
        if record is None:
            raise ListNotFoundError
        return record

    async def get_section(self, section_id: str) -> SectionRecord:
        """Return the section with this ID.

        Raises:
            SectionNotFoundError: the user has no such section.
        """
        record = await self.sections.find_by_id(section_id)
        if record is None:
            raise SectionNotFoundError
        return record

    async def resolve_list_id(self, list_id: str | None) -> str:
        """Return the ID of an existing list; None resolves to the default list.

        Raises:
            ListNotFoundError: the user has no such list.
        """
        if list_id is None:
            return (await self.get_or_create_default_list()).id
        if not await self.lists.is_live(list_id):
            raise ListNotFoundError
        return list_id

    async def get_or_create_default_list(self) -> ListRecord:
        """Return the default list; create it on the user's first use."""
        record = await self.lists.find_default()
        return record or await self.create_list(DEFAULT_LIST_NAME, is_default=True)

    async def create_list(
        self,
        name: str,
        *,
        is_default: bool = False,
        color: Color | None = None,
        icon: Icon | None = None,
        position: str | None = None,
        archived_at: dt.datetime | None = None,
    ) -> ListRecord:
        """Create a list.

        Raises:
            TooManyListsError: the user has 200 lists.
        """
        if await self.lists.count() >= MAX_LISTS:
            raise TooManyListsError(MAX_LISTS)
        record = ListRecord(
            id=new_id("lst"),
            user_id=self.user_id,
            name=name,
            name_key=match_key(name),
            is_default=is_default,
            color=color,
            icon=icon,
            position=position,
            archived_at=archived_at,
            created_at=self.now,
            updated_at=self.now,
        )
        await self.lists.add(record)
        if not is_default:  # created implicitly, so an undo must not delete it
            self.log_change("list.created.v1", record.id, None, list_state(record))
        self.publish("list.created.v1", task_list=to_list(record, open_tasks=0))
        return record

    async def check_open_task_limit(self, count: int = 1) -> None:
        """Check that the user may have more open tasks.

        Raises:
            TooManyTasksError: the user would have more than 10,000 open tasks.
        """
        if await self.tasks.count_open(at_most=MAX_OPEN_TASKS) + count > MAX_OPEN_TASKS:
            raise TooManyTasksError(MAX_OPEN_TASKS)
