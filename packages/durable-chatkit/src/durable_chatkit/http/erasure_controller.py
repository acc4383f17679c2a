"""`DELETE /internal/users/{user_id}`: called by auth-session when it erases an account."""

from typing import Annotated

from litestar import Controller, delete
from litestar.di import NamedDependency
from litestar.params import PathParameter

from durable_chatkit.services import Services
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.http.service_guard import require_service
from todochat.identity.service_tokens import Arrow


class ChatErasureController(Controller):
    """Erases all chat data of accounts."""

    path = "/internal/users"
    tags = ["accounts"]
    security = [{"bearer": []}]
    guards = [require_service(Arrow.AUTH_TO_AGENT)]
    exception_handlers = OUTAGE_HANDLERS

    @delete("/{user_id:str}")
    async def erase(
        self,
        user_id: Annotated[str, PathParameter(description="The account to erase.")],
        services: NamedDependency[Services],
    ) -> None:
        """Delete all data of a user; 409 `erasure-in-progress` while workers still hold runs."""
        await services.eraser.erase(user_id)
