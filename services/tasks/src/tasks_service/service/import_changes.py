"""Writes the contents of a file inside a transaction: lists, sections, tasks and filters.

Everything that was imported before, or has the name of a list or section, is left as it is. The
change records are in an order that an undo can revert: backwards, subtasks come before tasks, and
these before their sections and lists.
"""

from collections.abc import Mapping, Sequence

from tasks_service.domain.filter_language import parse_filter
from tasks_service.domain.limits import (
    MAX_LIST_NAME_CHARS,
    MAX_SAVED_FILTERS,
    MAX_SECTIONS,
    MAX_STORED_TAGS,
    MAX_SUBTASKS,
)
from tasks_service.domain.position import position_between, spread_positions
from tasks_service.domain.reminder import clean_reminders
from tasks_service.domain.task import PRIORITIES
from tasks_service.domain.text import match_key
from tasks_service.formats.file_content import (
    OWN_SOURCE,
    FileContent,
    FileList,
    FileSection,
    FileTask,
)
from tasks_service.service.import_report import ImportCounts, ImportReport
from tasks_service.service.tag_changes import find_stored_tag, store_tag
from tasks_service.service.tag_service import find_tag
from tasks_service.service.user_work import UserWork
from tasks_service.storage.filter_repository import FilterRepository, filter_state, to_filter
from tasks_service.storage.import_repository import ImportedThing, ImportRepository
from tasks_service.storage.list_repository import list_state, set_list_state, to_list
from tasks_service.storage.records import FilterRecord, ListRecord, SectionRecord, TaskRecord
from tasks_service.storage.section_repository import section_state
from tasks_service.storage.task_repository import (
    TaskPlace,
    set_due,
    set_reminders,
    set_repeat,
    set_start,
    set_text,
    task_state,
)
from todochat.errors import InvalidInputError
from todochat.ids import new_id


class ContentWriter:
    """Writes one part of the contents of a file: some of its tasks, and all their lists.

    Args:
        list_name: list of the tasks for which the file names none; None is the default list.
    """

    def __init__(
        self, work: UserWork, content: FileContent, report: ImportReport, list_name: str | None
    ) -> None:
        self._work = work
        self._content = content
        self._report = report
        self._list_name = list_name
        self._imports = ImportRepository(work.session, work.user_id, content.source)
        self._things: list[ImportedThing] = []
        self._live: dict[str, ListRecord] = {}  # the user's lists
        self._lists: dict[str | None, str] = {}  # IDs by keys
        self._sections: dict[str, SectionRecord] = {}
        self._tasks: dict[str, TaskRecord | TaskPlace] = {}  # new and existing ones
        self._subtasks: dict[str, int] = {}  # their numbers by ID of the parent
        self._filled: dict[str, None] = {}  # lists that got tasks
        self._kept: list[tuple[ImportCounts, str]] = []  # counts and IDs of existing things

    async def write(self, tasks: Sequence[FileTask], *, is_first: bool) -> None:
        """Write what is new of the tasks; of the first part also lists, filters and tags without any.

        Raises:
            TooManyListsError: the user would have more than 200 lists.
            TooManyTasksError: the user would have more than 10,000 open tasks.
        """
        # Counted now: sections and filters that are skipped below have counts of their own.
        self._report.tasks.skipped = sum(issue.is_skipped for issue in self._content.issues)
        await self._write_lists()
        await self._write_sections()
        await self._write_tasks(tasks)
        if is_first:
            await self._write_filters()
            await self._write_tags()
        await self._count_kept()
        if self._report.dry_run:
            return
        if self._things:
            await self._imports.remember(self._work.transaction, self._things)
        if self._filled:
            open_tasks = await self._work.tasks.count_open_by_list()
            for list_id in self._filled:
                task_list = to_list(self._live[list_id], open_tasks=open_tasks.get(list_id, 0))
                self._work.publish("list.imported.v1", task_list=task_list)

    async def _count_kept(self) -> None:
        """Count what existed; what an interrupted attempt at this import has created is new."""
        ids, work = {entity_id for _, entity_id in self._kept}, self._work
        created = await self._imports.find_created(work.request_id, ids, before=work.now)
        for counts, entity_id in self._kept:
            if entity_id in created:
                counts.created += 1
            else:
                counts.existing += 1

    def _remember(self, kind: str, key: str, entity_id: str, digest: str = "") -> None:
        self._things.append(ImportedThing(kind=kind, key=key, entity_id=entity_id, digest=digest))

    async def _write_lists(self) -> None:
        found = await self._work.lists.find_all(include_archived=True)
        self._live = {record.id: record for record in found}
        known = await self._imports.find("list", [each.key for each in self._content.lists])
        used: set[str] = set()
        for entry in self._content.lists:
            imported = known.get(entry.key)
            own_id = entry.key if self._content.source == OWN_SOURCE else ""
            record = self._live.get(imported.entity_id if imported else own_id)
            if record is None and entry.is_default:
                record = await self._take_default_list(entry)
            if record is None:
                record = await self._take_or_create_list(entry, used)
            else:
                self._kept.append((self._report.lists, record.id))
            used.add(record.id)
            self._lists[entry.key] = record.id
            if imported is None or imported.entity_id != record.id:
                self._remember("list", entry.key, record.id)

    async def _take_default_list(self, entry: FileList) -> ListRecord:
        """Return the default list; one that the user has never changed gets the file's name."""
        work = self._work
        record = await work.get_or_create_default_list()
        self._live[record.id] = record
        existing = self._list_named(entry.name)
        before = list_state(record)
        if record.updated_at == record.created_at and existing in (None, record):
            set_list_state(record, {"name": entry.name, "color": entry.color, "icon": entry.icon})
            if list_state(record) != before:
                record.updated_at = work.now
                work.log_change("list.updated.v1", record.id, before, list_state(record))
                open_tasks = await work.tasks.count_open_in_list(record.id)
                task_list = to_list(record, open_tasks=open_tasks)
                work.publish("list.updated.v1", task_list=task_list)
        return record

    async def _take_or_create_list(self, entry: FileList, used: set[str]) -> ListRecord:
        """Return the user's list of the name, unless another list of the file took it."""
        name, number = entry.name, 1
        while (record := self._list_named(name)) is not None:
            if record.id not in used:
                self._kept.append((self._report.lists, record.id))
                return record
            number += 1
            suffix = f" ({number})"
            name = entry.name[: MAX_LIST_NAME_CHARS - len(suffix)] + suffix
        self._report.lists.created += 1
        record = await self._work.create_list(
            name,
            color=entry.color,
            icon=entry.icon,
            position=entry.position,
            archived_at=entry.archived_at and min(entry.archived_at, self._work.now),
        )
        self._live[record.id] = record
        return record

    def _list_named(self, name: str) -> ListRecord | None:
        key = match_key(name)
        return next((record for record in self._live.values() if record.name_key == key), None)

    async def _find_list(self, key: str | None) -> str:
        """Return the ID of a list; the list of the request if the file has none of this key."""
        if key not in self._lists:
            key = None
        if key not in self._lists:
            entry = FileList(key="", name=self._list_name or "")
            if self._list_name is None:
                record = await self._work.get_or_create_default_list()
                self._live[record.id] = record
                self._lists[None] = record.id
            else:
                self._lists[None] = (await self._take_or_create_list(entry, set())).id
        return self._lists[key]

    async def _write_sections(self) -> None:
        work, counts = self._work, self._report.sections
        known = await self._imports.find(
            "section", [section.key for section in self._content.sections]
        )
        live: dict[str, list[SectionRecord]] = {
            await self._find_list(section.list_key): [] for section in self._content.sections
        }
        for existing in await work.sections.find_in_lists(live):
            live[existing.list_id].append(existing)
        for section in self._content.sections:
            list_id = await self._find_list(section.list_key)
            imported = known.get(section.key)
            ids = (imported.entity_id if imported else section.key,)
            records = live[list_id]
            record = next((each for each in records if each.id in ids), None) or next(
                (each for each in records if match_key(each.name) == match_key(section.name)), None
            )
            if record is not None:
                self._kept.append((counts, record.id))
            elif len(records) >= MAX_SECTIONS:
                counts.skipped += 1
                reason = f"the list would have more than {MAX_SECTIONS} sections"
                self._content.report("section", section.name, reason, is_skipped=True)
                continue
            else:
                counts.created += 1
                record = self._create_section(section, list_id, records)
                records.append(record)
            self._sections[section.key] = record
            if imported is None or imported.entity_id != record.id:
                self._remember("section", section.key, record.id)
        await work.session.flush()

    def _create_section(
        self, section: FileSection, list_id: str, others: Sequence[SectionRecord]
    ) -> SectionRecord:
        work = self._work
        record = SectionRecord(
            id=new_id("sec"),
            user_id=work.user_id,
            list_id=list_id,
            name=section.name,
            position=position_between(others[-1].position if others else "", None),
            created_at=work.now,
            updated_at=work.now,
        )
        work.session.add(record)
        work.log_change("section.created.v1", record.id, None, section_state(record))
        self._filled[list_id] = None
        return record

    async def _write_tasks(self, tasks: Sequence[FileTask]) -> None:
        work = self._work
        new = await self._new_tasks(tasks)
        await work.check_open_task_limit(sum(task.completed_at is None for task in new))
        records = [
            (task, await self._to_record(task))
            for task in sorted(new, key=lambda each: each.parent_key is not None)
        ]
        numbered = {task.key: record for task, record in records}
        for task in new:  # in the order of the file
            numbered[task.key].number = work.take_next_number()
        if records and not self._report.dry_run:
            await self._set_positions(records)
            await self._store(records)
        self._report.tasks.created += len(records)

    async def _new_tasks(self, tasks: Sequence[FileTask]) -> list[FileTask]:
        """Return the tasks that were never imported, or only by an import that was undone.

        Existing ones, and the existing parents and other instances of all, get their places here.
        """
        counts = self._report.tasks
        keys = {
            key
            for task in tasks
            for key in (task.key, task.parent_key, task.next_key)
            if key is not None
        }
        series = {task.series_key for task in tasks if task.series_key is not None}
        keys |= {task.key for task in self._content.tasks if task.series_key in series}
        known = await self._imports.find("task", keys)
        ids = {key: imported.entity_id for key, imported in known.items()}
        if self._content.source == OWN_SOURCE:
            ids = {key: key for key in keys} | ids
        found = await self._work.tasks.find_places(ids.values())
        places = {key: found[task_id] for key, task_id in ids.items() if task_id in found}
        undone = await self._imports.find_undone(
            [place.id for place in found.values() if place.deleted_at is not None]
        )
        existing = {key: place for key, place in places.items() if place.deleted_at is None}
        self._tasks.update(existing)
        parents = {
            existing[key].id for key in (task.parent_key for task in tasks) if key in existing
        }
        self._subtasks = await self._work.tasks.count_subtasks(parents)
        new = []
        for task in tasks:
            place = places.get(task.key)
            if place is None or place.id in undone:
                new.append(task)
            elif place.deleted_at is not None:
                counts.in_trash += 1
            else:
                self._kept.append((counts, place.id))
                counts.changed += task.key in known and known[task.key].digest != task.digest()
        return new

    async def _to_record(self, task: FileTask) -> TaskRecord:
        """Return the row of a new task; its parent's must exist."""
        work = self._work
        parent = None if task.parent_key is None else self._tasks.get(task.parent_key)
        if parent is not None:
            count = self._subtasks.get(parent.id, 0)
            if parent.parent_id is not None or count >= MAX_SUBTASKS:
                reason = "became a task: its parent can't have more subtasks"
                self._content.report(task.place, task.title, reason)
                parent = None
            else:
                self._subtasks[parent.id] = count + 1
        if parent is not None:
            list_id, section_id = parent.list_id, parent.section_id
        else:
            list_id = await self._find_list(task.list_key)
            section = self._sections.get(task.section_key or "")
            is_there = section is not None and section.list_id == list_id
            section_id = section.id if section is not None and is_there else None
        record = TaskRecord(
            id=new_id("tsk"),
            user_id=work.user_id,
            number=0,
            list_id=list_id,
            section_id=section_id,
            parent_id=None if parent is None else parent.id,
            priority=PRIORITIES.index(task.priority),
            duration_minutes=task.duration_minutes,
            is_pinned=task.is_pinned,
            completed_at=task.completed_at,
            deleted_at=None,
            created_at=task.created_at or work.now,
            updated_at=work.now,
        )
        set_text(record, title=task.title, notes=task.notes, tags=task.tags)
        set_due(record, task.due)
        set_start(record, task.start)
        set_repeat(record, task.repeat)
        set_reminders(record, clean_reminders(task.reminders))
        self._tasks[task.key] = record
        self._filled[list_id] = None
        return record

    async def _set_positions(self, records: list[tuple[FileTask, TaskRecord]]) -> None:
        """Give the tasks of a file with a manual order positions at the end of their lists."""
        by_list: dict[str, list[tuple[FileTask, TaskRecord]]] = {}
        for task, record in records:
            if task.position:
                by_list.setdefault(record.list_id, []).append((task, record))
        end = self._work.end_position
        for list_id, pairs in by_list.items():
            by_number = sorted(pairs, key=lambda pair: pair[1].number)
            ordered = sorted(by_number, key=lambda pair: pair[0].position or "")
            if ordered == by_number:
                continue
            low = await self._work.order.last(list_id) or ""
            positions = spread_positions(low, end, len(ordered))
            for (_, record), position in zip(ordered, positions, strict=True):
                record.manual_position = position

    async def _store(self, records: list[tuple[FileTask, TaskRecord]]) -> None:
        """Insert the rows with their change records, parents first."""
        work, series = self._work, self._find_series()
        for task, record in records:
            following = self._tasks.get(task.next_key or "")
            record.next_id = None if following is None else following.id
            if task.repeat is not None:
                key = task.series_key or task.key
                record.series_id = series.setdefault(key, new_id("ser"))
        await work.tasks.add_all(work.transaction, [record for _, record in records])
        for task, record in records:
            state = task_state(record)
            work.log_change("task.created.v1", record.id, None, state, publishes_parent=False)
            self._remember("task", task.key, record.id, task.digest())
        await self._link_earlier_instances({task.key: record.id for task, record in records})
        await work.flush()

    def _find_series(self) -> dict[str, str]:
        """Return the series that have instances, from an earlier part or import, by their keys."""
        found: dict[str, str] = {}
        for task in self._content.tasks:
            instance = self._tasks.get(task.key)
            if task.series_key and isinstance(instance, TaskPlace) and instance.series_id:
                found[task.series_key] = instance.series_id
        return found

    async def _link_earlier_instances(self, new: Mapping[str, str]) -> None:
        """Set `next_id` of instances of an earlier part whose next one is in this part.

        Args:
            new: IDs of the tasks of this part, by their keys.
        """
        next_ids = {}
        for task in self._content.tasks:
            instance = self._tasks.get(task.key)
            next_id = new.get(task.next_key or "")
            if next_id and isinstance(instance, TaskPlace) and instance.next_id is None:
                next_ids[instance.id] = next_id
        if not next_ids:
            return
        await self._work.tasks.set_next_ids(next_ids)
        for task_id, next_id in next_ids.items():
            self._work.log_change(
                "task.updated.v1", task_id, {"next_id": None}, {"next_id": next_id}
            )

    async def _write_filters(self) -> None:
        work, counts = self._work, self._report.filters
        filters = FilterRepository(work.session, work.user_id)
        for saved in self._content.filters:
            existing = await filters.find_by_name(saved.name)
            if existing is not None:
                self._kept.append((counts, existing.id))
                continue
            problem = await find_problem(filters, saved.filter)
            if problem is not None:
                counts.skipped += 1
                self._content.report("filter", saved.name, problem, is_skipped=True)
                continue
            record = FilterRecord(
                user_id=work.user_id,
                id=new_id("flt"),
                name=saved.name,
                name_key=match_key(saved.name),
                filter=saved.filter,
                created_at=work.now,
                updated_at=work.now,
            )
            await filters.add(record)
            work.log_change("filter.created.v1", record.id, None, filter_state(record))
            work.publish("filter.created.v1", saved_filter=to_filter(record))
            counts.created += 1

    async def _write_tags(self) -> None:
        """Store the tags that aren't stored yet; those of the user keep their colours."""
        work, counts = self._work, self._report.tags
        for tag in self._content.tags:
            existing = await find_stored_tag(work, match_key(tag.name))
            if existing is not None:
                self._kept.append((counts, existing.id))
                continue
            if await work.tags.count_stored() >= MAX_STORED_TAGS:
                counts.skipped += 1
                reason = f"you would have more than {MAX_STORED_TAGS} stored tags"
                self._content.report("tag", tag.name, reason, is_skipped=True)
                continue
            await store_tag(work, tag.name, tag.color)
            stored = await find_tag(work, match_key(tag.name))
            work.publish("tag.created.v1", tag=stored)
            counts.created += 1


def split_tasks(tasks: Sequence[FileTask], size: int) -> list[list[FileTask]]:
    """Split the tasks of a file into parts, at least one, each in the order of the file.

    Parents come first, then the manual order counts, so that later parts are added at the end.
    """
    order = sorted(
        range(len(tasks)),
        key=lambda index: (tasks[index].parent_key is not None, tasks[index].position or ""),
    )
    return [
        [tasks[index] for index in sorted(order[start : start + size])]
        for start in range(0, max(len(order), 1), size)
    ]


async def find_problem(filters: FilterRepository, text: str) -> str | None:
    """Return why a filter can't be added; None if it can."""
    if await filters.count() >= MAX_SAVED_FILTERS:
        return f"you would have more than {MAX_SAVED_FILTERS} filters"
    try:
        parse_filter(text, pointer="/filter")
    except InvalidInputError as error:
        return error.detail
    return None


async def write_content(
    work: UserWork,
    content: FileContent,
    tasks: Sequence[FileTask],
    *,
    is_first: bool,
    list_name: str | None,
    is_dry_run: bool,
) -> ImportReport:
    """Write one part of a file; return its report.

    Args:
        tasks: those of the part; parents are in it, or in an earlier one.
        is_first: the part also has the filters and tags.

    Raises:
        TooManyListsError, TooManyTasksError: see `ContentWriter.write`.
    """
    report = ImportReport(dry_run=is_dry_run, format=content.format, encoding=content.encoding)
    await ContentWriter(work, content, report, list_name).write(tasks, is_first=is_first)
    if work.has_changes and not is_dry_run:
        report.request_id = work.request_id
    report.complete(content)
    return report
