"""Settings of the tasks service."""

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from todochat.settings import ServiceSettings, env_name


class TasksSettings(ServiceSettings, frozen=True, kw_only=True, rename=env_name("TASKS")):
    """Settings of `python -m tasks_service serve`."""

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
        str,
        Meta(
            description="URL of auth-session, which verifies personal access tokens and lists revocations."
        ),
    ] = msgspec.field(default="http://127.0.0.1:8001", name="AUTH_SESSION_URL")
    requests_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            description="Requests of one user a minute, without the agent's; an export counts as 60. 0: no limit.",
        ),
    ] = 600
    database_pool_size: Annotated[
        int, Meta(ge=1, le=100, description="Database connections of one process as `tasks_app`.")
    ] = 10
    events_poll_s: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="Maximum delay of a feed event after a lost wake-up, in seconds.",
        ),
    ] = 5.0
    events_ping_s: Annotated[
        float, Meta(gt=0, description="Idle time of a feed before a `: ping`, in seconds.")
    ] = 15.0
    events_send_timeout_s: Annotated[
        float,
        Meta(
            gt=0,
            description="Seconds without progress after which a feed's reader is disconnected.",
        ),
    ] = 30.0
    events_streams_per_user: Annotated[
        int, Meta(ge=1, description="Maximum open feeds of one user in one process.")
    ] = 20
    events_retention_days: Annotated[
        int, Meta(ge=1, le=3650, description="Days for which a feed can be resumed.")
    ] = 7
    trash_retention_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            description="Days for which deleted tasks and lists stay in the trash.",
        ),
    ] = 30
    changes_retention_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            description="Days for which changes are in the history and can be undone.",
        ),
    ] = 90
    reminders_poll_s: Annotated[
        float,
        Meta(gt=0, le=3600, description="Maximum delay of a reminder, in seconds."),
    ] = 1.0
    push_private_key: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description=(
                "Private key that signs Web Push messages (VAPID), 32 bytes in base64url. Created"
                " and kept in the database if empty. Another key needs new subscriptions."
            ),
        ),
    ] = ""
    push_contact: Annotated[
        str,
        Meta(
            pattern=r"^((mailto:|https://).+)?$",
            description=(
                "`mailto:` or `https:` address at which push services reach you; PUBLIC_URL if empty."
            ),
        ),
    ] = ""
    push_allow_private: Annotated[
        bool,
        Meta(
            description=(
                "Accept devices whose push service is in a private network or has no TLS. Users then"
                " can make this service call any address that it reaches."
            )
        ),
    ] = False
    smtp_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description=(
                "Mail server for reminders by e-mail: `smtp://user:password@host:587` (STARTTLS),"
                " `smtps://...:465` (TLS), or `smtp+plain://host:25` without encryption. Empty: no"
                " e-mail."
            ),
        ),
    ] = msgspec.field(default="", name="SMTP_URL")
    smtp_from: Annotated[
        str,
        Meta(
            description="Sender of e-mails, `Todochat <reminders@example.com>`; needed with SMTP_URL."
        ),
    ] = msgspec.field(default="", name="SMTP_FROM")
    purge_interval_s: Annotated[
        float, Meta(gt=0, description="Seconds between purges, varied by up to 50 %.")
    ] = 3600.0

    @property
    def push_subject(self) -> str:
        """The contact that push services see; Apple's rejects messages without one."""
        if self.push_contact or self.public_url.startswith("https://"):
            return self.push_contact or self.public_url
        return f"mailto:todochat@{urlsplit(self.public_url).hostname}"


class TasksMigrationSettings(msgspec.Struct, frozen=True, kw_only=True, rename=env_name("TASKS")):
    """Settings of `python -m tasks_service migrate`."""

    migration_database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="PostgreSQL as the `tasks_owner` role; used only by `migrate`.",
        ),
    ]

    def __repr__(self) -> str:
        """Omit the fields, which include a password."""
        return f"{type(self).__name__}(...)"
