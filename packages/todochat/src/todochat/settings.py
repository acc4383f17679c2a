"""Settings: environment variables, read once at start into one frozen struct per service.

A field's name in upper case is its variable; a service's own settings have its prefix
(`rename=env_name("TASKS")`), fixed names are given with `field(name=...)`. A
variable `<NAME>_FILE` names a file whose content is the value of `<NAME>`: where containers run,
secrets are files.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

import msgspec
from msgspec import Meta

from todochat.telemetry.log_safety import derive_user_key

FILE_SUFFIX: Final = "_FILE"
_ORIGIN: Final = re.compile(r"\*|null|[a-z*][a-z0-9+.*-]*://(?:(?![/?#@])[!-~])+")
_DEFAULT_PORT: Final = re.compile(r"^(http://.*):80$|^(https://.*):443$")


class SettingsError(ValueError):
    """A setting is missing or malformed; the message is one line that names the variable."""


def env_name(prefix: str) -> Callable[[str], str]:
    """Return a `rename` function that turns `port` into `<prefix>_PORT`."""
    return lambda field: f"{prefix}_{field.upper()}"


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True, rename="upper"):
    """Settings of every service."""

    redis_url: Annotated[
        str,
        Meta(
            description=(
                "Redis or Valkey, `redis://[:password@]host:port/0`, or a cluster,"
                " `redis+cluster://[:password@]host:port,host:port`; `rediss` and"
                " `rediss+cluster` for TLS."
            )
        ),
    ]
    todochat_issuer: Annotated[
        str, Meta(min_length=1, description="`iss` of the tokens this installation issues.")
    ] = "todochat"
    todochat_service_secret: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description=(
                "Secret of at least 32 bytes shared by all services, from which the key of each "
                "arrow without its own secret (below) is derived. With two values separated by a "
                "comma, the first signs and both are accepted. For a single machine; elsewhere, "
                "give each service only the secrets of its arrows."
            ),
        ),
    ] = ""
    todochat_service_secret_gateway_to_agent: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Secret of chat-gateway's calls to todo-agent, shared only by these two.",
        ),
    ] = ""
    todochat_service_secret_agent_to_tasks: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Secret of todo-agent's calls to tasks, shared only by these two.",
        ),
    ] = ""
    todochat_service_secret_auth_to_agent: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Secret of auth-session's calls to todo-agent, shared only by these two.",
        ),
    ] = ""
    todochat_service_secret_auth_to_tasks: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Secret of auth-session's calls to tasks, shared only by these two.",
        ),
    ] = ""
    todochat_service_secret_tasks_to_auth: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Secret of tasks' calls to auth-session, shared only by these two.",
        ),
    ] = ""
    todochat_service_secret_gateway_to_auth: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Secret of chat-gateway's calls to auth-session, shared only by these two.",
        ),
    ] = ""
    auth_jwks_url: Annotated[
        str, Meta(description="URL of the public keys of login tokens and client secrets.")
    ] = "http://127.0.0.1:8001/.well-known/jwks.json"
    public_url: Annotated[
        str, Meta(description="URL of the site for users; with https, cookies are Secure.")
    ] = "http://localhost:8000"
    cors_allowed_origins: Annotated[
        str,
        Meta(
            description=(
                "Origins other than PUBLIC_URL whose pages may use the APIs, separated by commas:"
                " `https://app.example`, `https://*.app.example`, `null` for sandboxed frames, or"
                " `*`. Other pages get 403 `origin-not-allowed`, and the log names their origin."
            )
        ),
    ] = ""
    forwarded_allow_ips: Annotated[
        str, Meta(description="Addresses whose X-Forwarded-For is trusted, separated by commas.")
    ] = "127.0.0.1"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Minimum level of log lines."),
    ] = "info"
    log_format: Annotated[
        Literal["json", "console"], Meta(description="JSON lines, or colored text for a terminal.")
    ] = "json"
    log_user_key: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description=(
                "Key for the hashes of user IDs in log lines, the same in every service; derived"
                " from TODOCHAT_SERVICE_SECRET if empty. `base64:...` encodes raw bytes."
            ),
        ),
    ] = ""
    log_content: Annotated[
        bool,
        Meta(
            description=(
                "Log the content of messages and model responses, and errors unredacted. Log lines"
                " then contain personal data, so use it only for debugging with test data."
            )
        ),
    ] = False
    body_timeout_s: Annotated[
        float,
        Meta(
            gt=0,
            description=(
                "Maximum pause in seconds while a client sends a request's body; then 408. The"
                " edge has a separate limit, EDGE_BODY_TIMEOUT."
            ),
        ),
    ] = 30.0
    drain_delay_s: Annotated[
        float,
        Meta(ge=0, description="Seconds after SIGTERM in which new work is still accepted."),
    ] = 2.0
    drain_timeout_s: Annotated[
        float,
        Meta(gt=0, description="Seconds after DRAIN_DELAY_S in which streams and runs can finish."),
    ] = 25.0
    loop_stall_exit_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description=(
                "Seconds after which a process with a blocked event loop exits, by SIGPROF, so that"
                " it is restarted even if no probe checks its liveness. 0, for debuggers, disables"
                " this and the launcher's liveness check."
            ),
        ),
    ] = 20.0
    otel_exporter_otlp_endpoint: Annotated[
        str, Meta(description="OpenTelemetry collector (OTLP over HTTP); empty disables tracing.")
    ] = ""

    def __repr__(self) -> str:
        """Name the type only: a settings struct holds secrets."""
        return f"{type(self).__name__}(...)"

    @property
    def log_user_key_bytes(self) -> bytes:
        """The key of users' hashes in log lines; empty if there is no secret to derive it from."""
        return derive_user_key(self.log_user_key, self.todochat_service_secret)

    @property
    def cors_origins(self) -> list[str]:
        """`cors_allowed_origins` as a list, in the form in which browsers send them.

        Raises:
            SettingsError: one is not an origin.
        """
        origins = [
            _DEFAULT_PORT.sub(r"\1\2", each.rstrip("/").lower())
            for each in split_list(self.cors_allowed_origins)
        ]
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                msg = f"setting CORS_ALLOWED_ORIGINS: {origin!r} must be like https://app.example"
                raise SettingsError(msg)
        return origins

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from `environ`.

        Raises:
            SettingsError: a variable is missing or malformed.
        """
        return load_settings(cls, environ)


SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


def load_settings(cls: type[SettingsT], environ: Mapping[str, str]) -> SettingsT:
    """Build `cls` from environment variables and the files they name; empty ones count as not set.

    Raises:
        SettingsError: a variable is missing or malformed, or its file can't be read.
    """
    present = {name: value for name, value in environ.items() if value != ""}
    from_files = {
        name: _read(name, present)
        for name in cls.__struct_encode_fields__
        if f"{name}{FILE_SUFFIX}" in present
    }
    values = {**present, **{name: value for name, value in from_files.items() if value != ""}}
    try:
        settings = msgspec.convert(values, cls, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_one_line(str(error))) from None
    if isinstance(settings, ServiceSettings):
        _ = settings.cors_origins
    return settings


def split_list(value: str) -> list[str]:
    """Split a comma-separated setting, dropping blanks."""
    return [part for part in (piece.strip() for piece in value.split(",")) if part]


def _read(name: str, present: Mapping[str, str]) -> str:
    """Return the content of a setting's file, without the newline that editors put at its end."""
    variable = f"{name}{FILE_SUFFIX}"
    if name in present:
        msg = f"setting {name}: {variable} is set as well"
        raise SettingsError(msg)
    try:
        return Path(present[variable]).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        msg = f"setting {variable}: can't read {present[variable]}: {reason}"
        raise SettingsError(msg) from None


def _one_line(message: str) -> str:
    if "missing required field" in message:
        return f"setting {message.split('`')[1]} is required"
    reason, _, path = message.partition(" - at ")
    name = path.strip("`").removeprefix("$.")
    return f"setting {name}: {reason[:1].lower()}{reason[1:]}"
