"""`DELETE /internal/users/{user_id}`: auth-session erases an account."""

from typing import Annotated

from litestar import Controller, delete
from litestar.di import NamedDependency
from litestar.params import PathParameter

from durable_chatkit.erasure import AccountEraser
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.http.service_guard import require_service
from todochat.identity.service_tokens import Arrow


class ErasureController(Controller):
    """Erases accounts."""

    path = "/internal/users"
    tags = ["accounts"]
    security = [{"bearer": []}]
    guards = [require_service(Arrow.AUTH_TO_AGENT)]
    exception_handlers = OUTAGE_HANDLERS

    @delete("/{user_id:str}")
    async def erase(
        self,
        user_id: Annotated[str, PathParameter(description="Whose account is gone.")],
        eraser: NamedDependency[AccountEraser],
    ) -> None:
        """Delete everything of a user; 409 `erasure-in-progress` while workers let go of runs."""
        await eraser.erase(user_id)
