"""`/api/{user_id}/reminders/devices`."""

from http import HTTPStatus
from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RequestBody

from tasks_service.http.problem_responses import READ_PROBLEMS, documented
from tasks_service.http.schemas import AddDevice
from tasks_service.http.task_controller import BEARER
from tasks_service.service.authenticator import AuthenticatedCaller
from tasks_service.service.device_service import PushDevice, PushDevicePage
from tasks_service.services import Services
from todochat.errors import ForbiddenError

CHANGE_PROBLEMS = (*READ_PROBLEMS, 413)


class DeviceController(Controller):
    """The devices on which one user gets reminders by Web Push."""

    path = "/reminders/devices"
    tags = ["reminders"]
    security = BEARER

    @get(responses=documented(HTTPStatus.OK, PushDevicePage, "The devices.", *READ_PROBLEMS))
    async def list_devices(
        self,
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> PushDevicePage:
        """Return the devices, and the public key with which a browser subscribes."""
        return await services.devices.list_all(caller.user_id)

    @post(
        status_code=HTTPStatus.OK,
        responses=documented(HTTPStatus.OK, PushDevice, "The device.", *CHANGE_PROBLEMS),
    )
    async def add_device(
        self,
        data: RequestBody[AddDevice],
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> PushDevice:
        """Add a device; a known endpoint is updated, or taken over from another user."""
        require_user(caller)
        return await services.devices.subscribe(
            caller.user_id, data.endpoint, data.keys.p256dh, data.keys.auth, data.name
        )

    @delete(
        "/{device_id:str}",
        responses=documented(
            HTTPStatus.NO_CONTENT, None, "It gets no more reminders.", *READ_PROBLEMS, 404
        ),
    )
    async def remove_device(
        self,
        device_id: Annotated[str, PathParameter(description="A device's ID.")],
        caller: NamedDependency[AuthenticatedCaller],
        services: NamedDependency[Services],
    ) -> None:
        """Remove a device."""
        require_user(caller)
        await services.devices.unsubscribe(caller.user_id, device_id)


def require_user(caller: AuthenticatedCaller) -> None:
    """Reject the agent.

    Raises:
        ForbiddenError: the caller isn't the user.
    """
    if caller.actor == "agent":
        raise ForbiddenError("Only the user can see and change where reminders go.")
