"""`/api/{user_id}/tags`."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, RequestBody
from msgspec import UNSET

from tasks_service.domain.limits import DEFAULT_PAGE_SIZE
from tasks_service.domain.tag import clean_tag_name
from tasks_service.http.inbound_request import to_response
from tasks_service.http.paging import PageCursor, PageLimit
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import CreateTag, MergeTag, UpdateTag
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.tasks import Tag, TagPage

TagId = Annotated[str, PathParameter(description="A tag's ID.")]


class TagController(Controller):
    """Tags of one user."""

    path = "/tags"
    tags = ["tags"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, TagPage, "A page of tags.", *READ_PROBLEMS))
    async def list_tags(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        include_archived: Annotated[
            bool, QueryParameter(description="Also count tasks of archived lists.")
        ] = False,
        limit: PageLimit = DEFAULT_PAGE_SIZE,
        cursor: PageCursor = None,
    ) -> TagPage:
        """Return a page of the tags of all tasks and of the stored ones, by name."""
        return await services.tags.page(
            caller.user_id, cursor=cursor, limit=limit, include_archived=include_archived
        )

    @post(responses=documented(HTTPStatus.CREATED, Tag, "The new tag.", *WRITE_PROBLEMS))
    async def create_tag(
        self,
        data: RequestBody[CreateTag],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Store a tag before any task has it."""
        name = clean_tag_name(data.name)
        return to_response(await services.tags.create(write, name, data.color))

    @patch(
        "/{tag_id:str}",
        responses=documented(HTTPStatus.OK, Tag, "The updated tag.", *WRITE_PROBLEMS, 404),
    )
    async def update_tag(
        self,
        tag_id: TagId,
        data: RequestBody[UpdateTag],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Rename a tag in all its tasks, which gives it another ID, or change its colour."""
        name = UNSET if data.name is UNSET else clean_tag_name(data.name)
        return to_response(await services.tags.update(write, tag_id, name=name, color=data.color))

    @post(
        "/{tag_id:str}/merge",
        status_code=HTTPStatus.OK,
        responses=documented(HTTPStatus.OK, Tag, "The other tag.", *WRITE_PROBLEMS, 404),
    )
    async def merge_tag(
        self,
        tag_id: TagId,
        data: RequestBody[MergeTag],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Replace a tag by another one in all its tasks."""
        return to_response(await services.tags.merge(write, tag_id, data.into))

    @delete(
        "/{tag_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "No task has the tag.", *WRITE_PROBLEMS, 404
        ),
    )
    async def delete_tag(
        self,
        tag_id: TagId,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[None]:
        """Remove a tag from all its tasks."""
        return to_response(await services.tags.delete(write, tag_id))
