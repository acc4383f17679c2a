"""Use cases of saved filters."""

from http import HTTPStatus

from msgspec import UNSET, UnsetType

from tasks_service.domain.filter_language import parse_filter
from tasks_service.domain.limits import MAX_SAVED_FILTERS
from tasks_service.domain.text import match_key
from tasks_service.errors import FilterExistsError, FilterNotFoundError, TooManyFiltersError
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.user_work import UserWork
from tasks_service.storage.filter_repository import FilterRepository, filter_state, to_filter
from tasks_service.storage.records import FilterRecord
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.task_views import FilterPage, SavedFilter
from todochat.database import Database
from todochat.ids import new_id


class FilterService:
    """Reads and changes a user's saved filters."""

    def __init__(self, database: Database, writer: IdempotentWriter) -> None:
        self._database = database
        self._writer = writer

    async def list_all(self, user_id: str) -> FilterPage:
        """Return all filters, by name."""
        async with open_transaction(self._database, user_id) as session:
            records = await FilterRepository(session, user_id).find_all()
            return FilterPage([to_filter(record) for record in records])

    async def get(self, user_id: str, filter_id: str) -> SavedFilter:
        """Return one filter.

        Raises:
            FilterNotFoundError: the user has no such filter.
        """
        async with open_transaction(self._database, user_id) as session:
            return to_filter(await _get(FilterRepository(session, user_id), filter_id))

    async def create(self, request: WriteRequest, name: str, text: str) -> Written:
        """Save a filter.

        Raises:
            InvalidFilterError: the text isn't a filter.
            FilterExistsError: the user has a filter with this name.
            TooManyFiltersError: the user has 50 filters.
        """
        parse_filter(text, pointer="/filter")

        async def change(work: UserWork) -> SavedFilter:
            filters = FilterRepository(work.session, work.user_id)
            await _check_name_is_free(filters, name)
            if await filters.count() >= MAX_SAVED_FILTERS:
                raise TooManyFiltersError(MAX_SAVED_FILTERS)
            record = FilterRecord(
                user_id=work.user_id,
                id=new_id("flt"),
                name=name,
                name_key=match_key(name),
                filter=text,
                created_at=work.now,
                updated_at=work.now,
            )
            await filters.add(record)
            work.log_change("filter.created.v1", record.id, None, filter_state(record))
            saved = to_filter(record)
            work.publish("filter.created.v1", saved_filter=saved)
            return saved

        return await self._writer.write(request, HTTPStatus.CREATED, change)

    async def update(
        self,
        request: WriteRequest,
        filter_id: str,
        *,
        name: str | UnsetType = UNSET,
        text: str | UnsetType = UNSET,
    ) -> Written:
        """Change the name or the text of a filter.

        Raises:
            InvalidFilterError: the text isn't a filter.
            FilterNotFoundError: the user has no such filter.
            FilterExistsError: the user has another filter with this name.
        """
        if text is not UNSET:
            parse_filter(text, pointer="/filter")

        async def change(work: UserWork) -> SavedFilter:
            filters = FilterRepository(work.session, work.user_id)
            record = await _get(filters, filter_id)
            state = filter_state(record)
            if name is not UNSET:
                await _check_name_is_free(filters, name, owner=record)
                record.name, record.name_key = name, match_key(name)
            if text is not UNSET:
                record.filter = text
            if filter_state(record) == state:
                return to_filter(record)
            record.updated_at = work.now
            work.log_change("filter.updated.v1", record.id, state, filter_state(record))
            saved = to_filter(record)
            work.publish("filter.updated.v1", saved_filter=saved)
            return saved

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def delete(self, request: WriteRequest, filter_id: str) -> Written:
        """Delete a filter; an undo restores it.

        Raises:
            FilterNotFoundError: the user has no such filter.
        """

        async def change(work: UserWork) -> None:
            record = await _get(FilterRepository(work.session, work.user_id), filter_id)
            state = filter_state(record)
            record.deleted_at = record.updated_at = work.now
            work.log_change("filter.deleted.v1", record.id, state, filter_state(record))
            work.publish("filter.deleted.v1", saved_filter=to_filter(record))

        return await self._writer.write(request, HTTPStatus.NO_CONTENT, change)


async def _get(filters: FilterRepository, filter_id: str) -> FilterRecord:
    record = await filters.find_by_id(filter_id)
    if record is None:
        raise FilterNotFoundError
    return record


async def _check_name_is_free(
    filters: FilterRepository, name: str, *, owner: FilterRecord | None = None
) -> None:
    existing = await filters.find_by_name(name)
    if existing is not None and existing is not owner:
        raise FilterExistsError(existing.name, existing.id)
