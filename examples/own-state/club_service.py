"""The HTTP service of the club: `python club_service.py setup|migrate|serve`.

`GET /api/{user_id}/stamps` returns the number of stamps to the signed-in user of the path.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import msgspec
from litestar import Litestar, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers.base import BaseRouteHandler
from stamps import StampCards

from todochat.background import running_jobs
from todochat.bus.redis_client import create_redis
from todochat.database import create_engine
from todochat.database.bootstrap import bootstrap
from todochat.database.checked import open_checked_database
from todochat.database.migrations import run_migrations
from todochat.errors import ForbiddenError
from todochat.http.app import create_app
from todochat.http.server import load_settings_or_exit, run
from todochat.identity.jwks import JwksCache
from todochat.identity.revocation import RevocationSet
from todochat.identity.tokens import TokenVerifier, bearer_token
from todochat.settings import ServiceSettings, env_name

ROLES = ("club_owner", "club_app")
# A restored backup of `chat` belongs to chat_owner.
OWN_EVERYTHING = """
    DO $$
    DECLARE owned record;
    BEGIN
        ALTER SCHEMA club OWNER TO club_owner;
        FOR owned IN SELECT tablename FROM pg_tables WHERE schemaname = 'club' LOOP
            EXECUTE format('ALTER TABLE club.%I OWNER TO club_owner', owned.tablename);
        END LOOP;
    END $$
"""


class ClubSettings(ServiceSettings, frozen=True, kw_only=True, rename=env_name("CLUB")):
    """Settings of `serve`, in addition to those of every service."""

    postgres_url: str  # CLUB_POSTGRES_URL, as club_app
    port: int = 8010


class StampCardView(msgspec.Struct, frozen=True):
    """A user's card."""

    stamps: int


async def admit_owner(
    connection: "ASGIConnection[Any, Any, Any, Any]", _handler: BaseRouteHandler
) -> None:
    """Admit a request whose login token belongs to the user in its path."""
    state = connection.app.state
    identity = await state.verifier.login(bearer_token(connection.headers))
    state.revocations.check(identity.sid)
    if connection.path_params["user_id"] != identity.user_id:
        raise ForbiddenError("This token belongs to another user.")


@get("/api/{user_id:str}/stamps", guards=[admit_owner])
async def get_card(user_id: str, state: State) -> StampCardView:
    """Return the user's card."""
    return StampCardView(await state.cards.count_stamps(user_id))


@asynccontextmanager
async def open_club(app: Litestar) -> AsyncIterator[None]:
    """Open the database, Redis and the public keys of login tokens."""
    state, settings = app.state, app.state.settings
    async with AsyncExitStack() as stack:
        engine = create_engine(settings.postgres_url, application_name="club")
        state.database = await open_checked_database(stack, state, engine)
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        keys = JwksCache(settings.auth_jwks_url, session, redis)
        state.verifier = TokenVerifier(settings.todochat_issuer, keys)
        revocations = RevocationSet(redis)
        await stack.enter_async_context(running_jobs(revocations.refresh_job()))
        state.revocations = revocations
        state.cards = StampCards(state.database)
        yield


async def set_up(admin_url: str, database: str, passwords: dict[str, str]) -> None:
    """Create the roles and the schema in the chat's database, as an administrator; idempotent."""
    await bootstrap(admin_url, passwords, databases={database: "chat"})
    connection = await asyncpg.connect(admin_url, database=database)
    try:
        await connection.execute("CREATE SCHEMA IF NOT EXISTS club")
        await connection.execute(OWN_EVERYTHING)
        await connection.execute("GRANT USAGE ON SCHEMA club TO club_app")
        for role in ROLES:
            await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {role}')
            await connection.execute(f"ALTER ROLE {role} SET search_path = club")
    finally:
        await connection.close()


def main() -> None:
    """Run the command."""
    environ = os.environ
    match sys.argv[1:]:
        case ["setup"]:
            passwords = {role: environ[f"{role.upper()}_PASSWORD"] for role in ROLES}
            database = environ.get("CLUB_DATABASE", "chat")
            asyncio.run(set_up(environ["DATABASE_ADMIN_URL"], database, passwords))
        case ["migrate"]:
            run_migrations(environ["CLUB_OWNER_URL"], Path(__file__).parent / "migrations")
        case ["serve"]:
            settings = load_settings_or_exit(ClubSettings, environ)
            app = create_app(
                name="club",
                settings=settings,
                route_handlers=[get_card],
                lifespan=[open_club],
                ready_checks={"postgres": lambda state: state.database.ping()},
            )
            run(app, settings, host="0.0.0.0", port=settings.port)  # noqa: S104 - in a container
        case _:
            sys.exit("usage: python club_service.py setup|migrate|serve")


if __name__ == "__main__":
    main()
