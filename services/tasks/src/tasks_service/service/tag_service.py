"""Use cases of tags."""

from http import HTTPStatus

from msgspec import UNSET, UnsetType

from tasks_service.domain.tag import parse_tag_id, tag_id
from tasks_service.domain.text import invalid, match_key
from tasks_service.errors import TagExistsError, TagNotFoundError
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.tag_changes import (
    drop_stored_tag,
    find_stored_tag,
    replace_tag,
    store_tag,
)
from tasks_service.service.user_work import UserWork
from tasks_service.storage.tag_repository import TagRepository
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.tasks import Color, Tag, TagPage
from todochat.database import Database


class TagService:
    """Reads and changes a user's tags; each change is one request, which one undo reverts."""

    def __init__(self, database: Database, writer: IdempotentWriter) -> None:
        self._database = database
        self._writer = writer

    async def page(
        self, user_id: str, *, cursor: str | None, limit: int, include_archived: bool
    ) -> TagPage:
        """Return the page of tags after the cursor, by name.

        Raises:
            InvalidInputError: the cursor is malformed.
        """
        try:
            after = parse_tag_id(cursor) if cursor is not None else ""
        except TagNotFoundError:
            raise invalid("cursor", "is not a cursor of this service") from None
        async with open_transaction(self._database, user_id) as session:
            found = await TagRepository(session, user_id).find_page(
                after=after, limit=limit + 1, include_archived=include_archived
            )
        page = found[:limit]
        return TagPage(page, next_cursor=page[-1].id if len(found) > limit else None)

    async def create(self, request: WriteRequest, name: str, color: Color | None) -> Written:
        """Store a tag that no task has yet.

        Raises:
            TagExistsError: the user has this tag.
            TooManyTagsError: the user has 500 stored tags.
        """

        async def change(work: UserWork) -> Tag:
            await _check_is_new(work, name)
            await store_tag(work, name, color)
            tag = await find_tag(work, match_key(name))
            work.publish("tag.created.v1", tag=tag)
            return tag

        return await self._writer.write(request, HTTPStatus.CREATED, change)

    async def update(
        self,
        request: WriteRequest,
        ref: str,
        *,
        name: str | UnsetType = UNSET,
        color: Color | UnsetType | None = UNSET,
    ) -> Written:
        """Rename a tag in all its tasks, or change its colour; a no-op for equal values.

        Raises:
            TagNotFoundError: the user has no such tag.
            TagExistsError: the user has another tag with this name.
            TooManyTagsError: the user has 500 stored tags.
            ConfirmationRequiredError: see `UserWork.check_change_limit`.
        """
        key = parse_tag_id(ref)

        async def change(work: UserWork) -> Tag:
            tag = await find_tag(work, key)
            new_name = tag.name if name is UNSET else name
            new_color = tag.color if color is UNSET else color
            if (new_name, new_color) == (tag.name, tag.color):
                return tag
            new_key = match_key(new_name)
            is_stored = await find_stored_tag(work, key) is not None
            if new_key != key:
                await _check_is_new(work, new_name)
                await drop_stored_tag(work, key)
            if new_name != tag.name:
                await replace_tag(work, key, new_name)
            if is_stored or new_color is not None:
                await store_tag(work, new_name, new_color)
            updated = await find_tag(work, new_key)
            replaced = tag.id if new_name != tag.name else None
            work.publish("tag.updated.v1", tag=updated, replaced_tag=replaced)
            return updated

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def merge(self, request: WriteRequest, ref: str, into: str) -> Written:
        """Replace a tag by another one in all its tasks; that one gets its colour if it has none.

        Raises:
            TagNotFoundError: the user has no such tag.
            InvalidInputError: they are the same tag.
            TooManyTagsError: the user has 500 stored tags.
            ConfirmationRequiredError: see `UserWork.check_change_limit`.
        """
        key, target_key = parse_tag_id(ref), parse_tag_id(into)
        if key == target_key:
            raise invalid("/into", "must be another tag")

        async def change(work: UserWork) -> Tag:
            tag, target = await find_tag(work, key), await find_tag(work, target_key)
            await drop_stored_tag(work, key)
            await replace_tag(work, key, target.name)
            if tag.color is not None and target.color is None:
                await store_tag(work, target.name, tag.color)
            merged = await find_tag(work, target_key)
            work.publish("tag.updated.v1", tag=merged, replaced_tag=tag.id)
            return merged

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def delete(self, request: WriteRequest, ref: str) -> Written:
        """Remove a tag from all its tasks.

        Raises:
            TagNotFoundError: the user has no such tag.
            ConfirmationRequiredError: see `UserWork.check_change_limit`.
        """
        key = parse_tag_id(ref)

        async def change(work: UserWork) -> None:
            tag = await find_tag(work, key)
            await drop_stored_tag(work, key)
            await replace_tag(work, key, None)
            work.publish("tag.deleted.v1", tag=tag)

        return await self._writer.write(request, HTTPStatus.NO_CONTENT, change)


async def find_tag(work: UserWork, key: str) -> Tag:
    """Return the tag whose folded name is `key`.

    Raises:
        TagNotFoundError: no task has it, and it isn't stored.
    """
    tag = await work.tags.find(key)
    if tag is None:
        raise TagNotFoundError
    return tag


async def _check_is_new(work: UserWork, name: str) -> None:
    existing = await work.tags.find(match_key(name))
    if existing is not None:
        raise TagExistsError(existing.name, tag_id(match_key(name)))
