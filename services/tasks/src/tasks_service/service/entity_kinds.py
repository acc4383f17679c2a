"""The kinds of entities whose changes are recorded, and how an undo restores each.

A new kind is one entry of `_ALL`. A new field needs no more than its place in the state functions
of its entity: an undo restores whatever a change record holds.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.change import ChangeType
from tasks_service.service.task_changes import task_change_type
from tasks_service.service.undo_scope import UndoScope
from tasks_service.service.user_work import UserWork
from tasks_service.storage.filter_repository import (
    FilterRepository,
    filter_state,
    set_filter_state,
    to_filter,
)
from tasks_service.storage.list_repository import (
    ListRepository,
    list_state,
    set_list_state,
    to_list,
)
from tasks_service.storage.records import (
    FilterRecord,
    ListRecord,
    SectionRecord,
    TagRecord,
    TaskRecord,
)
from tasks_service.storage.section_repository import (
    SectionRepository,
    section_state,
    set_section_state,
    to_section,
)
from tasks_service.storage.tag_repository import TagRepository, set_tag_state, tag_state
from tasks_service.storage.task_repository import (
    TaskRepository,
    set_task_state,
    task_state,
    to_task,
)
from todochat.contracts.task_changes import ConflictReason, ListedTasks
from todochat.contracts.tasks import Color, Tag


class Repository(Protocol):
    """Finds the entities of one user, in one transaction."""

    async def find_by_ids(self, ids: Collection[str]) -> Mapping[str, Any]:
        """Return the records with these IDs, including deleted ones."""


@dataclass(frozen=True, kw_only=True)
class EntityKind:
    """The functions and facts of one kind of entity that an undo needs.

    Attributes:
        prefix: of its change types.
        repository: finds its records.
        state: returns the mutable fields as JSON, as change records store them.
        set_state: sets fields from a state; missing ones stay unchanged.
        publish: publishes the event of a change that has been made.
        prepare: completes the fields that will be restored, or returns why they can't be.
        type_of_change: returns the type of a change from an earlier state to the record's; by
            default it is updated, also if it is restored, or deleted.
        name_field: holds the name that a user knows it by.
        contains_tasks: a client must know it before its tasks, and as long as it has them.
    """

    prefix: str
    repository: Callable[[AsyncSession, str], Repository]
    state: Callable[[Any], dict[str, Any]]
    set_state: Callable[[Any, Mapping[str, Any]], None]
    publish: Callable[[UserWork, Any, ChangeType], Awaitable[None]]
    prepare: Callable[[UndoScope, Any, dict[str, Any]], Awaitable[ConflictReason | None]] | None = (
        None
    )
    type_of_change: Callable[[Mapping[str, Any], Any], ChangeType] | None = None
    name_field: str = "name"
    contains_tasks: bool = False

    async def find(
        self, session: AsyncSession, user_id: str, ids: Collection[str]
    ) -> Mapping[str, Any]:
        """Return a user's records with these IDs, including deleted ones."""
        return await self.repository(session, user_id).find_by_ids(ids)

    def name(self, record: Any) -> str:
        """Return the name that a user knows a record by."""
        return str(getattr(record, self.name_field))

    def change_type(self, before: Mapping[str, Any], record: Any) -> ChangeType:
        """Return the type of a change of an existing record from an earlier state."""
        if self.type_of_change is not None:
            return self.type_of_change(before, record)
        verb = "updated" if record.deleted_at is None else "deleted"
        return cast("ChangeType", f"{self.prefix}.{verb}.v1")


async def prepare_task(
    scope: UndoScope, record: TaskRecord, restored: dict[str, Any]
) -> ConflictReason | None:
    """A task whose list, section or parent was deleted does without, unless it is to get it back."""
    has_subtasks = scope.has_subtasks(record.id)
    if restored.get("deleted_at", record.deleted_at) is not None:
        return "has-subtasks" if has_subtasks else None
    parent_id = restored.get("parent_id", record.parent_id)
    parent = await scope.find_parent(parent_id) if parent_id is not None else None
    if parent is not None:
        restored.update(list_id=parent.list_id, section_id=parent.section_id)
        return "nested" if parent.parent_id is not None or has_subtasks else None
    if parent_id is not None:
        if "parent_id" in restored:
            return "parent-deleted"
        restored["parent_id"] = None
    return await prepare_place(scope.work, record, restored)


async def prepare_place(
    work: UserWork, record: TaskRecord, restored: dict[str, Any]
) -> ConflictReason | None:
    """A task whose list was deleted goes to the default list; one of a deleted section has none."""
    if not await work.lists.is_live(restored.get("list_id", record.list_id)):
        if "list_id" in restored:
            return "list-deleted"
        restored.update(list_id=await work.resolve_list_id(None), section_id=None)
    section_id = restored.get("section_id", record.section_id)
    if section_id is not None and not await work.sections.is_live(section_id):
        if "section_id" in restored:
            return "section-deleted"
        restored["section_id"] = None
    return None


async def publish_task(work: UserWork, record: TaskRecord, change_type: ChangeType) -> None:
    """Publish the event of a task."""
    work.publish(change_type, task=to_task(record))


async def prepare_list(
    scope: UndoScope, record: ListRecord, restored: dict[str, Any]
) -> ConflictReason | None:
    """A list with tasks isn't deleted, and the name of a restored one must not be in use."""
    work = scope.work
    await work.lists.flush()  # of lists whose names were restored before
    if restored.get("deleted_at") is not None:
        is_empty = not await work.tasks.list_has_tasks(record.id)
        return None if is_empty and not record.is_default else "list-not-empty"
    if restored:
        existing = await work.lists.find_by_name(restored.get("name", record.name))
        if existing is not None and existing is not record:
            return "name-taken"
    return None


async def publish_list(work: UserWork, record: ListRecord, change_type: ChangeType) -> None:
    """Publish the event of a list; its tasks have events of their own."""
    open_tasks = await work.tasks.count_open_in_list(record.id)
    listed: ListedTasks | None = None if record.deleted_at is None else "delete"
    work.publish(change_type, task_list=to_list(record, open_tasks=open_tasks), tasks=listed)


async def prepare_section(
    scope: UndoScope, record: SectionRecord, restored: dict[str, Any]
) -> ConflictReason | None:
    """A section with tasks isn't deleted, and one isn't restored without its list."""
    work = scope.work
    if restored.get("deleted_at", record.deleted_at) is None:
        return None if await work.lists.is_live(record.list_id) else "list-deleted"
    has_tasks = "deleted_at" in restored and await work.tasks.ids_in_section(record.id)
    return "section-not-empty" if has_tasks else None


async def publish_section(work: UserWork, record: SectionRecord, change_type: ChangeType) -> None:
    """Publish the event of a section; its tasks have events of their own."""
    work.publish(change_type, section=to_section(record))


async def prepare_filter(
    scope: UndoScope, record: FilterRecord, restored: dict[str, Any]
) -> ConflictReason | None:
    """The name of a restored filter must not be in use."""
    filters = FilterRepository(scope.work.session, scope.work.user_id)
    await filters.flush()  # of filters whose names were restored before
    if restored.get("deleted_at") is not None:
        return None
    existing = await filters.find_by_name(restored.get("name", record.name))
    return None if existing is None or existing is record else "name-taken"


async def publish_filter(work: UserWork, record: FilterRecord, change_type: ChangeType) -> None:
    """Publish the event of a saved filter."""
    work.publish(change_type, saved_filter=to_filter(record))


async def publish_tag(work: UserWork, record: TagRecord, change_type: ChangeType) -> None:
    """Publish the event of a stored tag; its tasks have events of their own."""
    tag = await work.tags.find(record.name_key)
    if tag is None:
        color = msgspec.convert(record.color, Color | None)
        tag = Tag(id=record.id, name=record.name, color=color, open_tasks=0, tasks=0)
    work.publish(change_type, tag=tag)


_ALL: Final = (
    EntityKind(
        prefix="list",
        repository=ListRepository,
        state=list_state,
        set_state=set_list_state,
        prepare=prepare_list,
        publish=publish_list,
        contains_tasks=True,
    ),
    EntityKind(
        prefix="filter",
        repository=FilterRepository,
        state=filter_state,
        set_state=set_filter_state,
        prepare=prepare_filter,
        publish=publish_filter,
    ),
    EntityKind(
        prefix="section",
        repository=SectionRepository,
        state=section_state,
        set_state=set_section_state,
        prepare=prepare_section,
        publish=publish_section,
        contains_tasks=True,
    ),
    EntityKind(
        prefix="tag",
        repository=TagRepository,
        state=tag_state,
        set_state=set_tag_state,
        publish=publish_tag,
    ),
    EntityKind(
        prefix="task",
        repository=TaskRepository,
        state=task_state,
        set_state=set_task_state,
        prepare=prepare_task,
        publish=publish_task,
        type_of_change=task_change_type,
        name_field="title",
    ),
)
KINDS: Final = {kind.prefix: kind for kind in _ALL}


def kind_of(change_type: str) -> EntityKind:
    """Return the kind of entity that a change of this type belongs to."""
    return KINDS[change_type.partition(".")[0]]
