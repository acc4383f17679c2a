"""Settings of an agent service, api and worker alike; every field says what it means."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from todochat.identity.service_tokens import Arrow
from todochat.settings import ServiceSettings, SettingsError, env_name


class ChatSettings(ServiceSettings, frozen=True, kw_only=True, rename=env_name("TODO_AGENT")):
    """What an agent service's api and worker read.

    Attributes:
        service_name: of the service, as in logs, metrics and database connections.
        tool_arrows: calls that the agent's tools make to other services.
        own_factory: `module:function` of the agent that the service comes with.
        offline_model: `module:class` of the model that answers with neither key nor base URL.
    """

    service_name: ClassVar[str] = "chat-agent"
    tool_arrows: ClassVar[tuple[Arrow, ...]] = ()
    own_factory: ClassVar[str] = ""
    offline_model: ClassVar[str | None] = None

    database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="PostgreSQL as the `chat_app` role, `postgresql://user:password@host/db`.",
        ),
    ] = msgspec.field(name="CHAT_DATABASE_URL")
    jobs_database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="The same database as the `chat_jobs` role: the queue and the journal.",
        ),
    ] = msgspec.field(name="CHAT_JOBS_DATABASE_URL")
    database_pool_size: Annotated[
        int, Meta(ge=1, le=100, description="Connections of one process as `chat_app`.")
    ] = 10
    host: Annotated[str, Meta(description="Address the api listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port the api listens on.")] = 8003
    max_runs_per_user: Annotated[
        int,
        Meta(ge=1, description="Runs that one person may have waiting or running; then 429."),
    ] = 5
    log_bytes_per_user: Annotated[
        int,
        Meta(
            ge=1,
            description=(
                "Bytes of Redis that the logs of one person's runs may take. The oldest logs of"
                " ended runs are dropped first; while active runs alone take more, new ones are"
                " answered 429."
            ),
        ),
    ] = 16 * 1024 * 1024
    max_queued_runs: Annotated[
        int, Meta(ge=1, description="Runs that may wait for a worker altogether; then 503.")
    ] = 1000
    runs_retention_days: Annotated[
        int,
        Meta(ge=7, description="Days that an ended run, and with it its Idempotency-Key, is kept."),
    ] = 7
    journal_retention_h: Annotated[
        float,
        Meta(gt=0, description="Hours that an ended run's steps are kept, for a retry to know."),
    ] = 24.0

    attachments_per_user: Annotated[
        int, Meta(ge=1, description="Files of one person that are kept; then 409.")
    ] = 500
    attachment_bytes_per_user: Annotated[
        int, Meta(ge=1, description="Bytes of one person's files that are kept; then 409.")
    ] = 200 * 1024 * 1024

    worker_host: Annotated[str, Meta(description="Address of the worker's health and metrics.")] = (
        "127.0.0.1"
    )
    worker_port: Annotated[
        int, Meta(ge=0, le=65535, description="Port of the worker's health and metrics.")
    ] = 8013
    worker_concurrency: Annotated[
        int, Meta(ge=1, le=1000, description="Runs that one worker process drives at once.")
    ] = 50
    openai_api_key: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="Key of OpenAI, or of the server at OPENAI_BASE_URL. With neither of the "
            "two the offline assistant answers.",
        ),
    ] = msgspec.field(default="", name="OPENAI_API_KEY")
    openai_base_url: Annotated[
        str,
        Meta(description="An OpenAI-compatible server, for example http://localhost:11434/v1."),
    ] = msgspec.field(default="", name="OPENAI_BASE_URL")
    model: Annotated[
        str,
        Meta(description="The model's name; required with OPENAI_BASE_URL."),
    ] = ""
    api: Annotated[
        Literal["responses", "chat_completions"] | None,
        Meta(
            description="Which API the model is asked through. By default `responses`, with "
            "OPENAI_BASE_URL `chat_completions`."
        ),
    ] = None
    images: Annotated[
        Literal["auto", "never"],
        Meta(
            description="Whether the model gets attached images. `auto`: yes, and it is asked again "
            "without them if it refuses; `never` saves a text-only model that refused call."
        ),
    ] = "auto"
    transcription_model: Annotated[
        str,
        Meta(
            description="The model that turns dictation into text, for example `whisper-1`, at OpenAI "
            "or OPENAI_BASE_URL. Empty turns dictation off."
        ),
    ] = ""
    model_timeout_s: Annotated[
        float,
        Meta(gt=0, description="Longest silence of the model, before its first token or later."),
    ] = 120.0
    model_retries: Annotated[
        int,
        Meta(ge=0, le=10, description="Tries again after 429 or 5xx, before the first token."),
    ] = 2
    factory: Annotated[
        str,
        Meta(pattern=r"^[\w.]+:\w+$", description="The agent, `module:function`; see the README."),
    ]
    budget_user_tokens: Annotated[
        int, Meta(ge=0, description="Tokens, in and out, of one person in a UTC day; 0: no limit.")
    ] = 0
    budget_total_tokens: Annotated[
        int, Meta(ge=0, description="The same of all people together.")
    ] = 0
    budget_user_cost: Annotated[
        float, Meta(ge=0, description="Money of one person in a UTC day; 0: no limit.")
    ] = 0.0
    budget_total_cost: Annotated[
        float, Meta(ge=0, description="The same of all people together.")
    ] = 0.0
    prices: Annotated[
        str,
        Meta(
            description="Money for a million tokens, `model=input/cached/output`, separated by "
            "commas: `gpt-5=1.25/0.125/10,gpt-5-mini=0.25/0.025/2`."
        ),
    ] = ""
    currency: Annotated[str, Meta(description="What the money is called in reports.")] = "USD"
    usage_retention_days: Annotated[
        int, Meta(ge=1, description="Days that it is known what a run has used.")
    ] = 400
    max_turns: Annotated[
        int, Meta(ge=1, le=100, description="Model calls in one run, the tools' rounds included.")
    ] = 20
    history_max_items: Annotated[
        int, Meta(ge=1, description="Items of a thread that the model gets, in whole turns.")
    ] = 200
    history_max_chars: Annotated[
        int, Meta(ge=1, description="Characters of a thread that the model gets, in whole turns.")
    ] = 60_000


def check_transcription(settings: ChatSettings) -> None:
    """Refuse dictation without anybody to listen.

    Raises:
        SettingsError: a model is named, but neither a key nor a server.
    """
    if settings.transcription_model and not (settings.openai_api_key or settings.openai_base_url):
        msg = "setting TODO_AGENT_TRANSCRIPTION_MODEL needs OPENAI_API_KEY or OPENAI_BASE_URL"
        raise SettingsError(msg)


class UsageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the command `usage` reads."""

    jobs_database_url: Annotated[str, Meta(extra={"secret": True})] = msgspec.field(
        name="CHAT_JOBS_DATABASE_URL"
    )
    currency: str = msgspec.field(name="TODO_AGENT_CURRENCY", default="USD")

    def __repr__(self) -> str:
        """Name the type only: it holds a password."""
        return f"{type(self).__name__}(...)"


class MigrationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the command `migrate` reads."""

    migration_database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="PostgreSQL as the `chat_owner` role; read by `migrate` alone.",
        ),
    ] = msgspec.field(name="CHAT_MIGRATION_DATABASE_URL")

    def __repr__(self) -> str:
        """Name the type only: it holds a password."""
        return f"{type(self).__name__}(...)"
