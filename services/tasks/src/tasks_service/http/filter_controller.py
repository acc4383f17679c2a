"""`/api/{user_id}/filters`: saved filters."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RequestBody
from msgspec import UNSET

from tasks_service.domain.task_list import clean_list_name
from tasks_service.http.inbound_request import to_response
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import CreateFilter, UpdateFilter
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.task_views import FilterPage, SavedFilter

FilterId = Annotated[str, PathParameter(description="A saved filter's ID.")]


class FilterController(Controller):
    """Saved filters of one user."""

    path = "/filters"
    tags = ["filters"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, FilterPage, "All saved filters.", *READ_PROBLEMS))
    async def list_filters(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> FilterPage:
        """Return all saved filters, by name."""
        return await services.filters.list_all(caller.user_id)

    @post(responses=documented(HTTPStatus.CREATED, SavedFilter, "The new filter.", *WRITE_PROBLEMS))
    async def create_filter(
        self,
        data: RequestBody[CreateFilter],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Save a filter."""
        name = clean_list_name(data.name)
        return to_response(await services.filters.create(write, name, data.filter))

    @get(
        "/{filter_id:str}",
        responses=documented(HTTPStatus.OK, SavedFilter, "The filter.", *READ_PROBLEMS, 404),
    )
    async def get_filter(
        self,
        filter_id: FilterId,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> SavedFilter:
        """Return one saved filter."""
        return await services.filters.get(caller.user_id, filter_id)

    @patch(
        "/{filter_id:str}",
        responses=documented(
            HTTPStatus.OK, SavedFilter, "The updated filter.", *WRITE_PROBLEMS, 404
        ),
    )
    async def update_filter(
        self,
        filter_id: FilterId,
        data: RequestBody[UpdateFilter],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Change the name or the text of a saved filter."""
        name = UNSET if data.name is UNSET else clean_list_name(data.name)
        return to_response(
            await services.filters.update(write, filter_id, name=name, text=data.filter)
        )

    @delete(
        "/{filter_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "The filter is deleted.", *WRITE_PROBLEMS, 404
        ),
    )
    async def delete_filter(
        self,
        filter_id: FilterId,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[None]:
        """Delete a saved filter."""
        return to_response(await services.filters.delete(write, filter_id))
