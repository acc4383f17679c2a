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
    """Settings of `auth-session serve` and `auth-session admin`."""

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
                "Sign-up for anyone (open), invited users (invite) or no one (closed). If empty: "
                "closed with external issuers (the next three settings), otherwise invite."
            )
        ),
    ] = msgspec.field(name="AUTH_SIGN_UP", default="")
    external_issuers: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description=(
                "Issuers whose login tokens and backend tokens are accepted: a JSON list, or the "
                "path of a file with one; docs/security.md describes its fields."
            ),
        ),
    ] = msgspec.field(name="AUTH_EXTERNAL_ISSUERS", default="")
    better_auth_secret: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Better Auth's secret: login tokens signed with it (HS256) are accepted.",
        ),
    ] = msgspec.field(name="BETTER_AUTH_SECRET", default="")
    better_auth_url: Annotated[
        str,
        Meta(description="Better Auth's URL: `iss` and `aud` of its tokens, if they have them."),
    ] = msgspec.field(name="BETTER_AUTH_URL", default="")
    better_auth_prefix: Annotated[
        str,
        Meta(
            description=(
                "Prefix of the IDs of Better Auth's users. Required when AUTH_EXTERNAL_ISSUERS "
                "names other issuers, so that no issuer can claim the IDs of another."
            )
        ),
    ] = msgspec.field(name="BETTER_AUTH_PREFIX", default="")
    requests_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            description="Requests per user with a login or access token; 0 for no limit.",
        ),
    ] = msgspec.field(name="AUTH_REQUESTS_PER_MINUTE", default=300)
    sign_ups_per_address: Annotated[
        int,
        Meta(ge=0, description="Sign-ups per client address and hour; 0 for no limit."),
    ] = msgspec.field(name="AUTH_SIGN_UPS_PER_ADDRESS", default=20)
    wrong_passwords_per_address: Annotated[
        int,
        Meta(
            ge=0,
            description=(
                "Wrong passwords per minute and client address (IPv6: /64 network); beyond it, "
                "requests from there without a session get 429. Correct passwords don't count. 0 "
                "for no limit."
            ),
        ),
    ] = msgspec.field(name="AUTH_WRONG_PASSWORDS_PER_ADDRESS", default=30)
    tasks_url: Annotated[
        str, Meta(description="URL of tasks, for erasing the data of deleted accounts.")
    ] = msgspec.field(name="TASKS_URL", default="http://127.0.0.1:8002")
    todo_agent_url: Annotated[
        str, Meta(description="URL of todo-agent's internal API, for the same purpose.")
    ] = msgspec.field(name="TODO_AGENT_URL", default="http://127.0.0.1:8003")
    chatkit_mode: Annotated[
        Literal["self", "openai"],
        Meta(
            description=(
                "Host of conversations: here (self), or at OpenAI, which then issues the client "
                "secrets (ends with Agent Builder on 2026-11-30)."
            )
        ),
    ] = msgspec.field(name="CHATKIT_MODE", default="self")
    chatkit_workflow_id: Annotated[
        str, Meta(description="ID of the workflow at OpenAI, with CHATKIT_MODE=openai.")
    ] = msgspec.field(name="CHATKIT_WORKFLOW_ID", default="")
    chatkit_deployment_id: Annotated[str, Meta(description="Old name of CHATKIT_WORKFLOW_ID.")] = (
        msgspec.field(name="CHATKIT_DEPLOYMENT_ID", default="")
    )
    openai_api_key: Annotated[
        str, Meta(extra={"secret": True}, description="OpenAI API key, with CHATKIT_MODE=openai.")
    ] = msgspec.field(name="OPENAI_API_KEY", default="")
    openai_base_url: Annotated[
        str, Meta(description="URL of OpenAI's API, with CHATKIT_MODE=openai.")
    ] = msgspec.field(name="OPENAI_BASE_URL", default="https://api.openai.com/v1")
    database_pool_size: Annotated[
        int, Meta(ge=1, le=200, description="Maximum PostgreSQL connections of one process.")
    ] = 10
    key_secret: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description=(
                "Secret of at least 32 bytes that encrypts the signing keys in the database; "
                "TODOCHAT_SERVICE_SECRET if empty. With two values separated by a comma, the first "
                "encrypts and both decrypt."
            ),
        ),
    ] = ""
    session_lifetime_s: Annotated[
        int,
        Meta(
            ge=3600, le=400 * DAY_S, description="Seconds after which a user has to sign in again."
        ),
    ] = 90 * DAY_S
    refresh_lifetime_s: Annotated[
        int,
        Meta(ge=1800, le=400 * DAY_S, description="Seconds after which an unused session expires."),
    ] = 30 * DAY_S
    client_secret_lifetime_s: Annotated[
        int, Meta(ge=60, le=DAY_S, description="Lifetime of a ChatKit client secret, in seconds.")
    ] = 3600
    access_token_lifetime_s: Annotated[
        int,
        Meta(
            ge=DAY_S,
            le=3660 * DAY_S,
            description="Maximum lifetime of new personal access tokens, in seconds.",
        ),
    ] = 366 * DAY_S
    password_threads: Annotated[
        int,
        Meta(ge=1, le=64, description="Passwords hashed at the same time; each needs 19 MiB."),
    ] = 2
    password_queue: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description=(
                "Maximum passwords waiting for a thread, and as many more of users with a session "
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
                "Maximum waiting passwords per client address (IPv6: /64 network) or user with a "
                "session; addresses take turns. Beyond it 503."
            ),
        ),
    ] = 16

    @property
    def key_secrets(self) -> list[str]:
        """The secrets that protect the signing keys; the first one encrypts."""
        return split_list(self.key_secret or self.todochat_service_secret)

    @property
    def issuers(self) -> list[ExternalIssuer]:
        """The external issuers.

        Raises:
            SettingsError: an entry is not valid.
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
        """The sign-up mode: AUTH_SIGN_UP or its default."""
        if self.auth_sign_up:
            return self.auth_sign_up
        return "closed" if self.external_issuers or self.better_auth_secret else "invite"

    @property
    def workflow_id(self) -> str:
        """ID of the workflow at OpenAI that client secrets are for."""
        return self.chatkit_workflow_id or self.chatkit_deployment_id

    def check(self) -> None:
        """Check the rules that the bounds of single fields can't express.

        Raises:
            SettingsError: the settings of an external issuer or of OpenAI are not valid; or a
                secret for the signing keys or the calls between services is missing or too short.
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
    """Settings of `auth-session migrate`."""

    auth_migration_database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Database `auth` as role auth_owner, for migrations.",
        ),
    ] = msgspec.field(name="AUTH_MIGRATION_DATABASE_URL")
