"""Settings of todo-agent, for both the api and the worker."""

from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from durable_chatkit.settings import ChatSettings
from todochat.identity.service_tokens import Arrow

OWN_FACTORY: Final = "todo_agent.assistant:create_agent"


class TodoAgentSettings(ChatSettings, frozen=True, kw_only=True):
    """Settings of `python -m todo_agent api` and `worker`."""

    service_name: ClassVar[str] = "todo-agent"
    tool_arrows: ClassVar[tuple[Arrow, ...]] = (Arrow.AGENT_TO_TASKS,)
    own_factory: ClassVar[str] = OWN_FACTORY
    offline_model: ClassVar[str | None] = "offline_assistant.model:OfflineModel"
    own_live_widgets: ClassVar[str] = "todo_agent.live_widgets:open_live_widgets"

    factory: Annotated[
        str,
        Meta(
            pattern=r"^[\w.]+:\w+$",
            description="The agent, `module:attribute`; see docs/agent-runtime.md.",
        ),
    ] = OWN_FACTORY
    tasks_url: Annotated[
        str, Meta(description="URL of the tasks service, which the tools call.")
    ] = msgspec.field(default="http://127.0.0.1:8002", name="TASKS_URL")
    tasks_retry_budget_s: Annotated[
        float,
        Meta(
            gt=0,
            description="Seconds for which a tool retries calls to the tasks service before it fails.",
        ),
    ] = 30.0
