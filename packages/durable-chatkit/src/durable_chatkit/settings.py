"""Settings of an agent service, shared by its API and its worker."""

from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from todochat.contracts.agents import AGENT_NAME, DEFAULT_AGENT
from todochat.identity.service_tokens import Arrow
from todochat.settings import ServiceSettings, SettingsError, env_name

OPENAI_URL: Final = "https://api.openai.com/v1"
MODEL_CONNECT_TIMEOUT_S: Final = 5.0


class ChatSettings(ServiceSettings, frozen=True, kw_only=True, rename=env_name("TODO_AGENT")):
    """Settings read by an agent service's API and worker.

    Attributes:
        service_name: the service's name in logs, metrics and database connections.
        tool_arrows: service-to-service calls made by the agent's tools.
        own_factory: `module:attribute` of the agent that the service ships with.
        offline_model: `module:class` of the model used without an API key and without a base URL.
        own_live_widgets: the `live_widgets` of the agent that the service ships with.
    """

    service_name: ClassVar[str] = "chat-agent"
    tool_arrows: ClassVar[tuple[Arrow, ...]] = ()
    own_factory: ClassVar[str] = ""
    offline_model: ClassVar[str | None] = None
    own_live_widgets: ClassVar[str] = ""

    agent_name: Annotated[
        str,
        Meta(
            pattern=AGENT_NAME,
            description=(
                "Name of the agent, to which its threads and runs belong. Several agents can share"
                " a database; see docs/adopting/several-agents.md."
            ),
        ),
    ] = msgspec.field(name="TODO_AGENT_NAME", default=DEFAULT_AGENT)

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
            description="The same database as the `chat_jobs` role: queue and journal.",
        ),
    ] = msgspec.field(name="CHAT_JOBS_DATABASE_URL")
    database_pool_size: Annotated[
        int, Meta(ge=1, le=100, description="Connections per process as `chat_app`.")
    ] = 10
    host: Annotated[str, Meta(description="Address that the API listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port that the API listens on.")] = 8003
    max_runs_per_user: Annotated[
        int,
        Meta(ge=1, description="Maximum queued and running runs per user; then 429."),
    ] = 5
    log_bytes_per_user: Annotated[
        int,
        Meta(
            ge=1,
            description=(
                "Maximum bytes in Redis for the run logs of one user. The oldest logs of ended"
                " runs are dropped first; while the logs of active runs alone exceed the limit,"
                " new runs get 429."
            ),
        ),
    ] = 16 * 1024 * 1024
    max_queued_runs: Annotated[
        int, Meta(ge=1, description="Maximum runs of all users waiting for a worker; then 503.")
    ] = 1000
    runs_retention_days: Annotated[
        int,
        Meta(ge=7, description="Days to keep an ended run and its Idempotency-Key."),
    ] = 7
    journal_retention_h: Annotated[
        float,
        Meta(gt=0, description="Hours to keep the journal of an ended run for retries."),
    ] = 24.0

    attachments_per_user: Annotated[
        int, Meta(ge=1, description="Maximum stored files per user; then 409.")
    ] = 500
    attachment_bytes_per_user: Annotated[
        int, Meta(ge=1, description="Maximum stored bytes of files per user; then 409.")
    ] = 200 * 1024 * 1024

    worker_host: Annotated[
        str, Meta(description="Address of the worker's health and metrics endpoints.")
    ] = "127.0.0.1"
    worker_port: Annotated[
        int, Meta(ge=0, le=65535, description="Port of the worker's health and metrics endpoints.")
    ] = 8013
    worker_concurrency: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description=(
                "Maximum concurrent runs per worker process; a bound for its memory. It claims"
                " fewer while its event loop is late."
            ),
        ),
    ] = 200
    openai_api_key: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="API key for OpenAI or for the server at OPENAI_BASE_URL. Without a key and "
            "a base URL the offline assistant answers.",
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
            description="API used to call the model. Default: `responses`; with OPENAI_BASE_URL "
            "`chat_completions`."
        ),
    ] = None
    model_client: Annotated[
        Literal["native", "openai"],
        Meta(
            description="Client of the model server. `native`: ours, for OpenAI and compatible "
            "servers; `openai`: the `openai` package, which uses more CPU time and reads only what "
            "OpenAI's API defines."
        ),
    ] = "native"
    images: Annotated[
        Literal["auto", "never"],
        Meta(
            description="Attached images in model calls. `auto`: send them and, if the model rejects "
            "them, retry without; `never`: don't send them, which saves a text-only model the "
            "rejected call."
        ),
    ] = "auto"
    show_reasoning: Annotated[
        Literal["summary", "none"],
        Meta(
            description="Reasoning of the model, shown folded above its answer. `summary`: the "
            "summaries that the model sends, or its reasoning if it sends that instead; `none`: "
            "hidden. OpenAI's models send summaries only if the agent's model settings request them."
        ),
    ] = "summary"
    stream_window_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="Milliseconds that a token of an answer waits for more tokens, which are then"
            " sent as one event; up to 20 more, so that the responses of a worker are sent together."
            " The first and the last don't wait. 0: each token is an event.",
        ),
    ] = msgspec.field(default=40, name="STREAM_WINDOW_MS")
    transcription_model: Annotated[
        str,
        Meta(
            description="Model that transcribes dictation, for example `whisper-1`, at OpenAI or "
            "OPENAI_BASE_URL. Empty: dictation is off."
        ),
    ] = ""
    model_timeout_s: Annotated[
        float,
        Meta(
            gt=0,
            description="Maximum seconds without data from the model, before the first token and between tokens.",
        ),
    ] = 120.0
    model_retries: Annotated[
        int,
        Meta(ge=0, le=10, description="Retries after 429 or 5xx, before the first token."),
    ] = 2
    factory: Annotated[
        str,
        Meta(
            pattern=r"^[\w.]+:\w+$",
            description="Entry point of the agent, `module:attribute`; see the README.",
        ),
    ]
    live_widgets: Annotated[
        str,
        Meta(
            pattern=r"^([\w.]+:\w+)?$",
            description="Refreshes the widgets of your own agent when a client loads them, "
            "`module:attribute`; see docs/agent-runtime.md.",
        ),
    ] = ""
    budget_user_tokens: Annotated[
        int, Meta(ge=0, description="Input and output tokens per user and UTC day; 0: no limit.")
    ] = 0
    budget_total_tokens: Annotated[
        int,
        Meta(ge=0, description="Input and output tokens of all users per UTC day; 0: no limit."),
    ] = 0
    budget_user_cost: Annotated[
        float, Meta(ge=0, description="Cost per user and UTC day; 0: no limit.")
    ] = 0.0
    budget_total_cost: Annotated[
        float, Meta(ge=0, description="Cost of all users per UTC day; 0: no limit.")
    ] = 0.0
    prices: Annotated[
        str,
        Meta(
            description="Prices per million tokens, `model=input/cached/output`, comma-separated: "
            "`gpt-5=1.25/0.125/10,gpt-5-mini=0.25/0.025/2`."
        ),
    ] = ""
    currency: Annotated[str, Meta(description="Currency shown in reports.")] = "USD"
    usage_retention_days: Annotated[
        int, Meta(ge=1, description="Days to keep the usage of runs.")
    ] = 400
    max_turns: Annotated[
        int, Meta(ge=1, le=100, description="Maximum model calls per run, including tool rounds.")
    ] = 20
    history_max_items: Annotated[
        int, Meta(ge=1, description="Maximum thread items sent to the model, in whole turns.")
    ] = 200
    history_max_chars: Annotated[
        int,
        Meta(ge=1, description="Maximum characters of a thread sent to the model, in whole turns."),
    ] = 60_000

    @property
    def has_model_server(self) -> bool:
        """True if an API key or a base URL is set."""
        return bool(self.openai_api_key or self.openai_base_url)

    @property
    def model_server_url(self) -> str:
        """The base URL of the model server, OpenAI's by default."""
        return self.openai_base_url or OPENAI_URL

    @property
    def model_server_key(self) -> str:
        """The API key; the client requires one even for servers without authentication."""
        return self.openai_api_key or "none"


def check_transcription(settings: ChatSettings) -> None:
    """Check that the transcription model has a server.

    Raises:
        SettingsError: a model is set without a key and without a base URL.
    """
    if settings.transcription_model and not settings.has_model_server:
        msg = "setting TODO_AGENT_TRANSCRIPTION_MODEL needs OPENAI_API_KEY or OPENAI_BASE_URL"
        raise SettingsError(msg)


class UsageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the command `usage`."""

    jobs_database_url: Annotated[str, Meta(extra={"secret": True})] = msgspec.field(
        name="CHAT_JOBS_DATABASE_URL"
    )
    currency: str = msgspec.field(name="TODO_AGENT_CURRENCY", default="USD")

    def __repr__(self) -> str:
        """Return only the type name: the URL contains a password."""
        return f"{type(self).__name__}(...)"


class ImportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the command `import-threads`."""

    database_url: Annotated[str, Meta(extra={"secret": True})] = msgspec.field(
        name="CHAT_DATABASE_URL"
    )
    agent_name: Annotated[str, Meta(pattern=AGENT_NAME)] = msgspec.field(
        name="TODO_AGENT_NAME", default=DEFAULT_AGENT
    )

    def __repr__(self) -> str:
        """Return only the type name: the URL contains a password."""
        return f"{type(self).__name__}(...)"


class MigrationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the command `migrate`."""

    migration_database_url: Annotated[
        str,
        Meta(
            extra={"secret": True},
            description="PostgreSQL as the `chat_owner` role; read only by `migrate`.",
        ),
    ] = msgspec.field(name="CHAT_MIGRATION_DATABASE_URL")

    def __repr__(self) -> str:
        """Return only the type name: the URL contains a password."""
        return f"{type(self).__name__}(...)"
