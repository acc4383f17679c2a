"""`/internal`: routes for other services; the edge doesn't expose them."""

from datetime import UTC, datetime
from typing import Annotated, Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import Parameter, RequestBody

from auth_session.http.auth_controller import BEARER, NO_STORE
from auth_session.services import Services
from todochat.contracts.contact import Contact
from todochat.errors import NotFoundError
from todochat.http.openapi import problems
from todochat.http.service_guard import require_service
from todochat.identity.access_tokens import VerifiedAccessToken, VerifyAccessToken
from todochat.identity.revocation_feed import PATH, RevocationPage
from todochat.identity.service_tokens import Arrow

MAX_UNIX_TIME: Final = 2**33  # year 2242
SID: Final = r"\A[A-Za-z0-9_-]{0,128}\Z"


class RevocationController(Controller):
    """The revoked sessions, for the services that verify tokens."""

    path = PATH
    include_in_schema = False
    security = BEARER
    guards = [require_service(Arrow.TASKS_TO_AUTH, Arrow.GATEWAY_TO_AUTH)]

    @get("/", responses=problems(401, 422, 503))
    async def read_revocations(
        self,
        services: NamedDependency[Services],
        since: Annotated[int, Parameter(ge=0, le=MAX_UNIX_TIME)] = 0,
        after: Annotated[str, Parameter(pattern=SID)] = "",
    ) -> Response[RevocationPage]:
        """Return a page of the sessions revoked since a unix time, starting after a sid."""
        page = await services.revocations.read_page(datetime.fromtimestamp(since, UTC), after)
        return Response(page, headers=NO_STORE)


class ContactController(Controller):
    """A user's contact, for the tasks service, which sends reminders."""

    path = "/internal/users"
    include_in_schema = False
    security = BEARER
    guards = [require_service(Arrow.TASKS_TO_AUTH)]

    @get("/{user_id:str}/contact", responses=problems(401, 403, 404, 503))
    async def read_contact(
        self,
        user_id: Annotated[str, Parameter(description="The user whom the token names.")],
        services: NamedDependency[Services],
    ) -> Response[Contact]:
        """Return how a user can be reached; 404 for an unknown or disabled user."""
        user = await services.accounts.get_account(user_id)
        if user.disabled_at is not None:
            raise NotFoundError("This account is disabled.")
        return Response(Contact(email=user.email, timezone=user.timezone), headers=NO_STORE)


class AccessTokenVerificationController(Controller):
    """Verification of access tokens for the tasks service."""

    path = "/internal/access-tokens"
    include_in_schema = (
        False  # the OpenAPI document is public; the edge returns 404 for these routes
    )
    security = BEARER
    guards = [require_service(Arrow.TASKS_TO_AUTH)]

    @post("/verify", status_code=200, responses=problems(400, 401, 404, 413, 422, 503))
    async def verify_access_token(
        self,
        data: RequestBody[VerifyAccessToken],
        services: NamedDependency[Services],
    ) -> Response[VerifiedAccessToken]:
        """Return the user and scopes of an access token; 404 if it isn't valid."""
        token = await services.access_tokens.verify_token(data.token)
        verified = VerifiedAccessToken(
            user_id=token.user_id,
            scopes=[*token.scopes],
            token_id=token.id,
            sid=token.id,
            expires_at=token.expires_at,
        )
        return Response(verified, headers=NO_STORE)
