"""Settings of auth-session, from environment variables."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from auth_session.issuer_settings import ExternalIssuer, parse_issuers
from todochat.identity.service_tokens import MIN_SECRET_BYTES, Arrow, ServiceTokens
from todochat.settings import ServiceSettings, SettingsError, env_name, split_list

DAY_S = 24 * 3600
SERVICE_ARROWS: Final = (
    Arrow.TASKS_TO_AUTH,
    Arrow.GATEWAY_TO_AUTH,
    Arrow.AUTH_TO_TASKS,
    Arrow.AUTH_TO_AGENT,
)


class AuthSessionSettings(
    ServiceSettings, frozen=True, kw_only=True, rename=env_name("AUTH_SESSION")
):
    """What `auth-session serve` and `auth-session admin` read."""

    host: Annotated[str, Meta(description="Address auth-session listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port auth-session listens on.")] = 8001
    auth_database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Database `auth` as role auth_app, `postgresql://user:password@host/auth`.",
        ),
    ] = msgspec.field(name="AUTH_DATABASE_URL")
    auth_sign_up: Annotated[
        Literal["", "open", "invite", "closed"],
        Meta(
            description=(
                "Who may make an account here: anybody, the invited, or nobody. If empty, the "
                "invited; nobody if people sign in elsewhere (the next three settings)."
            )
        ),
    ] = msgspec.field(name="AUTH_SIGN_UP", default="")
    external_issuers: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description=(
                "Issuers whose login tokens are taken: a JSON list, or the path of a file with "
                "one; docs/security.md has its fields."
            ),
        ),
    ] = msgspec.field(name="AUTH_EXTERNAL_ISSUERS", default="")
    better_auth_secret: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Better Auth's secret: login tokens signed with it (HS256) are taken.",
        ),
    ] = msgspec.field(name="BETTER_AUTH_SECRET", default="")
    better_auth_url: Annotated[
        str,
        Meta(description="Better Auth's address: `iss` and `aud` of those of its tokens with any."),
    ] = msgspec.field(name="BETTER_AUTH_URL", default="")
    better_auth_prefix: Annotated[
        str,
        Meta(
            description=(
                "Prefix of the ids of Better Auth's users. Required when AUTH_EXTERNAL_ISSUERS "
                "names other issuers, so that none of them can claim another's ids."
            )
        ),
    ] = msgspec.field(name="BETTER_AUTH_PREFIX", default="")
    requests_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            description="Requests of one user with a login or access token; 0 for no limit.",
        ),
    ] = msgspec.field(name="AUTH_REQUESTS_PER_MINUTE", default=300)
    sign_ups_per_address: Annotated[
        int,
        Meta(ge=0, description="Sign-ups from one client address within an hour; 0 for no limit."),
    ] = msgspec.field(name="AUTH_SIGN_UPS_PER_ADDRESS", default=20)
    wrong_passwords_per_address: Annotated[
        int,
        Meta(
            ge=0,
            description=(
                "Wrong passwords from one client address, or IPv6 network of 64 bits, within a "
                "minute; beyond it 429 for everybody there without a session. Correct ones don't "
                "count. 0 for no limit."
            ),
        ),
    ] = msgspec.field(name="AUTH_WRONG_PASSWORDS_PER_ADDRESS", default=30)
    tasks_url: Annotated[
        str, Meta(description="Where tasks is asked to erase the person of a deleted account.")
    ] = msgspec.field(name="TASKS_URL", default="http://127.0.0.1:8002")
    todo_agent_url: Annotated[
        str, Meta(description="Where todo-agent's internal api is asked to do the same.")
    ] = msgspec.field(name="TODO_AGENT_URL", default="http://127.0.0.1:8003")
    chatkit_mode: Annotated[
        Literal["self", "openai"],
        Meta(
            description=(
                "Where conversations are: here, or at OpenAI (ends with Agent Builder on "
                "2026-11-30), which is then asked for client secrets."
            )
        ),
    ] = msgspec.field(name="CHATKIT_MODE", default="self")
    chatkit_workflow_id: Annotated[
        str, Meta(description="The workflow at OpenAI, with CHATKIT_MODE=openai.")
    ] = msgspec.field(name="CHATKIT_WORKFLOW_ID", default="")
    chatkit_deployment_id: Annotated[
        str, Meta(description="An older name of CHATKIT_WORKFLOW_ID.")
    ] = msgspec.field(name="CHATKIT_DEPLOYMENT_ID", default="")
    openai_api_key: Annotated[
        str, Meta(extra={"secret": True}, description="OpenAI's key, with CHATKIT_MODE=openai.")
    ] = msgspec.field(name="OPENAI_API_KEY", default="")
    openai_base_url: Annotated[str, Meta(description="OpenAI's API, with CHATKIT_MODE=openai.")] = (
        msgspec.field(name="OPENAI_BASE_URL", default="https://api.openai.com/v1")
    )
    database_pool_size: Annotated[
        int, Meta(ge=1, le=200, description="Connections to PostgreSQL that one process may hold.")
    ] = 10
    key_secret: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description=(
                "Secret of at least 32 bytes that encrypts the signing keys in the database; "
                "TODOCHAT_SERVICE_SECRET if empty. Two values separated by a comma are both "
                "accepted, the first one encrypts."
            ),
        ),
    ] = ""
    session_lifetime_s: Annotated[
        int,
        Meta(ge=3600, le=400 * DAY_S, description="Seconds after which a person signs in anew."),
    ] = 90 * DAY_S
    refresh_lifetime_s: Annotated[
        int,
        Meta(
            ge=1800, le=400 * DAY_S, description="Seconds a session lives without being refreshed."
        ),
    ] = 30 * DAY_S
    client_secret_lifetime_s: Annotated[
        int, Meta(ge=60, le=DAY_S, description="Seconds a ChatKit client secret is good for.")
    ] = 3600
    access_token_lifetime_s: Annotated[
        int,
        Meta(
            ge=DAY_S,
            le=3660 * DAY_S,
            description="Longest lifetime of a new personal access token, in seconds.",
        ),
    ] = 366 * DAY_S
    password_threads: Annotated[
        int,
        Meta(ge=1, le=64, description="Passwords hashed at the same time; each takes 19 MiB."),
    ] = 2
    password_queue: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description=(
                "Passwords that may wait for a thread, and as many more of people with a session "
                "of the account; beyond it 503."
            ),
        ),
    ] = 128
    password_queue_per_address: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description=(
                "Those of one client address, IPv6 network of 64 bits, or person with a session "
                "that may wait; addresses take turns. Beyond it 503."
            ),
        ),
    ] = 16

    @property
    def key_secrets(self) -> list[str]:
        """The secrets that protect the signing keys, the one that encrypts first."""
        return split_list(self.key_secret or self.todochat_service_secret)

    @property
    def issuers(self) -> list[ExternalIssuer]:
        """The external issuers.

        Raises:
            SettingsError: an entry can't be used.
        """
        return parse_issuers(
            self.external_issuers,
            better_auth_secret=self.better_auth_secret,
            better_auth_url=self.better_auth_url,
            better_auth_prefix=self.better_auth_prefix,
            own_issuer=self.todochat_issuer,
        )

    @property
    def sign_up(self) -> Literal["open", "invite", "closed"]:
        """Who may make an account here."""
        if self.auth_sign_up:
            return self.auth_sign_up
        return "closed" if self.external_issuers or self.better_auth_secret else "invite"

    @property
    def workflow_id(self) -> str:
        """The workflow at OpenAI that a client secret is for."""
        return self.chatkit_workflow_id or self.chatkit_deployment_id

    def check(self) -> None:
        """Check what a single field's bounds can't say.

        Raises:
            SettingsError: an external issuer or OpenAI can't be used; no secret protects the signing keys or the calls between services, or one
                is too short.
        """
        secrets = self.key_secrets
        if not secrets:
            msg = "setting TODOCHAT_SERVICE_SECRET is required (or AUTH_SESSION_KEY_SECRET)"
            raise SettingsError(msg)
        if any(len(secret.encode()) < MIN_SECRET_BYTES for secret in secrets):
            name = "AUTH_SESSION_KEY_SECRET" if self.key_secret else "TODOCHAT_SERVICE_SECRET"
            msg = f"setting {name}: each value needs at least {MIN_SECRET_BYTES} bytes"
            raise SettingsError(msg)
        ServiceTokens.from_settings(self, *SERVICE_ARROWS)
        _ = self.issuers
        if self.chatkit_mode == "openai" and not (self.openai_api_key and self.workflow_id):
            msg = "setting CHATKIT_MODE: openai needs OPENAI_API_KEY and CHATKIT_WORKFLOW_ID"
            raise SettingsError(msg)


class AuthMigrationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What `auth-session migrate` reads."""

    auth_migration_database_url: Annotated[
        str,
        Meta(extra={"secret": True}, description="Database `auth` as role auth_owner, to migrate."),
    ] = msgspec.field(name="AUTH_MIGRATION_DATABASE_URL")
