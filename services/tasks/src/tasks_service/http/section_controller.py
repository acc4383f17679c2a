"""`/api/{user_id}/sections`."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, RequestBody
from msgspec import UNSET

from tasks_service.domain.section import clean_section_name
from tasks_service.domain.task import clean_move
from tasks_service.http.inbound_request import to_response
from tasks_service.http.problem_responses import READ_PROBLEMS, WRITE_PROBLEMS, documented
from tasks_service.http.schemas import CreateSection, UpdateSection
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.services import Services
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import Section, SectionPage

SectionId = Annotated[str, PathParameter(description="A section's id.")]


class SectionController(Controller):
    """Sections of one user's lists."""

    path = "/sections"
    tags = ["sections"]
    security = BEARER

    @get(
        responses=documented(
            HTTPStatus.OK, SectionPage, "The sections.", *READ_PROBLEMS, HTTPStatus.NOT_FOUND
        )
    )
    async def list_sections(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
        list_id: Annotated[str | None, QueryParameter(description="Only this list's.")] = None,
        include_archived: Annotated[
            bool,
            QueryParameter(
                description=(
                    "Also return sections of archived lists. Those of the list in `list_id` are"
                    " returned anyway."
                )
            ),
        ] = False,
    ) -> SectionPage:
        """Return sections by list and position."""
        return await services.sections.list_all(
            caller.user_id, list_id, include_archived=include_archived
        )

    @post(
        responses=documented(
            HTTPStatus.CREATED, Section, "The new section.", *WRITE_PROBLEMS, HTTPStatus.NOT_FOUND
        )
    )
    async def create_section(
        self,
        data: RequestBody[CreateSection],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Create a section at the end of a list."""
        name = clean_section_name(data.name)
        return to_response(await services.sections.create(write, data.list_id, name))

    @patch(
        "/{section_id:str}",
        responses=documented(
            HTTPStatus.OK, Section, "The updated section.", *WRITE_PROBLEMS, HTTPStatus.NOT_FOUND
        ),
    )
    async def update_section(
        self,
        section_id: SectionId,
        data: RequestBody[UpdateSection],
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
    ) -> Response[Any]:
        """Rename a section, or move it within its list."""
        name = UNSET if data.name is UNSET else clean_section_name(data.name)
        move = UNSET if data.move is UNSET else clean_move(data.move)
        return to_response(await services.sections.update(write, section_id, name=name, move=move))

    @delete(
        "/{section_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT,
            None,
            "The section is deleted.",
            *WRITE_PROBLEMS,
            HTTPStatus.NOT_FOUND,
        ),
    )
    async def delete_section(
        self,
        section_id: SectionId,
        write: NamedDependency[WriteRequest],
        services: NamedDependency[Services],
        tasks: Annotated[
            ListedTasks,
            QueryParameter(description="Move its tasks out of the section, or delete them."),
        ] = "move",
    ) -> Response[None]:
        """Delete a section."""
        return to_response(await services.sections.delete(write, section_id, tasks))
