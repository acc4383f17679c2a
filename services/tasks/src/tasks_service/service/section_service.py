"""Use cases of the sections of lists."""

from http import HTTPStatus

from msgspec import UNSET, UnsetType

from tasks_service.domain.limits import MAX_SECTIONS
from tasks_service.domain.position import moved_positions, position_between, reordered
from tasks_service.errors import ListNotFoundError, TooManySectionsError
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import ListRepository
from tasks_service.storage.records import SectionRecord
from tasks_service.storage.section_repository import (
    SectionRepository,
    section_state,
    to_section,
)
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.task_changes import ListedTasks, Move
from todochat.contracts.tasks import Section, SectionPage
from todochat.database import Database
from todochat.ids import new_id


class SectionService:
    """Reads and changes the sections of a user's lists."""

    def __init__(self, database: Database, writer: IdempotentWriter) -> None:
        self._database = database
        self._writer = writer

    async def list_all(
        self, user_id: str, list_id: str | None, *, include_archived: bool
    ) -> SectionPage:
        """Return the sections of a list, or of all lists, archived ones only on request.

        Raises:
            ListNotFoundError: the user has no such list.
        """
        async with open_transaction(self._database, user_id) as session:
            lists = ListRepository(session, user_id)
            if list_id is not None and await lists.find_by_id(list_id) is None:
                raise ListNotFoundError
            records = await SectionRepository(session, user_id).find_all(
                list_id, include_archived=include_archived
            )
        return SectionPage([to_section(record) for record in records])

    async def create(self, request: WriteRequest, list_id: str, name: str) -> Written:
        """Create a section at the end of a list.

        Raises:
            ListNotFoundError: the user has no such list.
            TooManySectionsError: the list has 100 sections.
            TurnLimitError: see `UserWork.check_added_lists`.
        """

        async def change(work: UserWork) -> Section:
            entry = await work.get_list(list_id)
            others = await work.sections.find_all(entry.id)
            if len(others) >= MAX_SECTIONS:
                raise TooManySectionsError(MAX_SECTIONS)
            await work.check_added_lists()
            record = SectionRecord(
                id=new_id("sec"),
                user_id=work.user_id,
                list_id=entry.id,
                name=name,
                position=position_between(others[-1].position if others else "", None),
                created_at=work.now,
                updated_at=work.now,
            )
            await work.sections.add(record)
            work.log_change("section.created.v1", record.id, None, section_state(record))
            section = to_section(record)
            work.publish("section.created.v1", section=section)
            return section

        return await self._writer.write(request, HTTPStatus.CREATED, change)

    async def update(
        self,
        request: WriteRequest,
        section_id: str,
        *,
        name: str | UnsetType = UNSET,
        move: Move | UnsetType = UNSET,
    ) -> Written:
        """Rename or move a section; a no-op for fields that have these values.

        Raises:
            SectionNotFoundError: the user has no such section.
            InvalidInputError: it can't be moved next to that section.
        """

        async def change(work: UserWork) -> Section:
            record = await work.get_section(section_id)
            sections = await work.sections.find_all(record.list_id)
            before = {each.id: section_state(each) for each in sections}
            if name is not UNSET:
                record.name = name
            if move is not UNSET:
                others = [each for each in sections if each is not record]
                order = reordered(record, others, move, kind="another section of the same list")
                for each, position in zip(order, moved_positions(record, order), strict=True):
                    each.position = position
            for each in sections:
                if section_state(each) != before[each.id]:
                    each.updated_at = work.now
                    work.log_change(
                        "section.updated.v1", each.id, before[each.id], section_state(each)
                    )
                    work.publish("section.updated.v1", section=to_section(each))
            return to_section(record)

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def delete(self, request: WriteRequest, section_id: str, tasks: ListedTasks) -> Written:
        """Delete a section; its tasks stay in the list, or are deleted and can be restored.

        Raises:
            SectionNotFoundError: the user has no such section.
            ConfirmationRequiredError: see `UserWork.check_change_limit`.
        """

        async def change(work: UserWork) -> None:
            record = await work.get_section(section_id)
            await work.check_change_limit(*await work.tasks.ids_in_section(record.id))
            state = section_state(record)
            record.deleted_at = record.updated_at = work.now
            after = section_state(record)
            if tasks == "move":
                await work.log_list_tasks(
                    "task.updated.v1",
                    record.list_id,
                    {"section_id": record.id},
                    {"section_id": None},
                    section_id=record.id,
                )
                await work.tasks.leave_section(record.id, now=work.now)
            else:
                await work.log_list_tasks(
                    "task.deleted.v1",
                    record.list_id,
                    {"deleted_at": None},
                    {"deleted_at": after["deleted_at"]},
                    section_id=record.id,
                )
                await work.tasks.delete_section_tasks(record.id, now=work.now)
            # Logged after its tasks: an undo runs backwards and must restore the section first.
            work.log_change("section.deleted.v1", record.id, state, after)
            work.publish("section.deleted.v1", section=to_section(record), tasks=tasks)

        return await self._writer.write(request, HTTPStatus.NO_CONTENT, change)
