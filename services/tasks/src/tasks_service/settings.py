"""Settings of the tasks service; every field says what it means."""

from typing import Annotated

import msgspec
from msgspec import Meta

from todochat.settings import ServiceSettings, env_name


class TasksSettings(ServiceSettings, frozen=True, kw_only=True, rename=env_name("TASKS")):
    """What `python -m tasks_service serve` reads."""

    database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="PostgreSQL as the `tasks_app` role, `postgresql://user:password@host/db`.",
        ),
    ]
    jobs_database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="The same database as the `tasks_jobs` role, for the purge.",
        ),
    ]
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on.")] = 8002
    auth_session_url: Annotated[
        str, Meta(description="Where personal access tokens are verified.")
    ] = msgspec.field(default="http://127.0.0.1:8001", name="AUTH_SESSION_URL")
    requests_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            description="Requests of one user, without the agent's; an export counts as 60. 0: no limit.",
        ),
    ] = 600
    database_pool_size: Annotated[
        int, Meta(ge=1, le=100, description="Connections of one process as `tasks_app`.")
    ] = 10
    events_poll_s: Annotated[
        float,
        Meta(gt=0, le=60, description="Seconds a lost wake-up can delay an event of the feed."),
    ] = 5.0
    events_ping_s: Annotated[
        float, Meta(gt=0, description="Longest silence of a feed before a `: ping`, in seconds.")
    ] = 15.0
    events_send_timeout_s: Annotated[
        float, Meta(gt=0, description="A feed whose reader takes nothing for so long is closed.")
    ] = 30.0
    events_streams_per_user: Annotated[
        int, Meta(ge=1, description="Feeds that one person may have open in one process.")
    ] = 20
    events_retention_days: Annotated[
        int, Meta(ge=1, le=3650, description="Days that a feed can be resumed after.")
    ] = 7
    trash_retention_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            description="Days that a deleted task can be restored, and any change undone.",
        ),
    ] = 30
    purge_interval_s: Annotated[
        float, Meta(gt=0, description="Seconds between two purges, more or less.")
    ] = 3600.0


class MigrationSettings(msgspec.Struct, frozen=True, kw_only=True, rename=env_name("TASKS")):
    """What `python -m tasks_service migrate` reads."""

    migration_database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="PostgreSQL as the `tasks_owner` role; read by `migrate` alone.",
        ),
    ]

    def __repr__(self) -> str:
        """Name the type only: it holds a password."""
        return f"{type(self).__name__}(...)"
