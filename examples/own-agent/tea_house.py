"""An agent of your own: it takes orders for tea, each once, and a click takes an order back."""

from pathlib import Path
from typing import Any

from agents import Agent, RunContextWrapper, function_tool
from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.types import WidgetItem
from chatkit.widgets import DynamicWidgetRoot

from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext

ORDERS = Path("orders")  # a file an order: where your own service would be


@function_tool
async def order_tea(context: RunContextWrapper[RunContext], kind: str) -> str:
    """Order a pot of tea."""
    run = context.context
    # A second call for the same order, after a worker died, has the same key: one file, one pot.
    order = ORDERS / run.call.idempotency_key.replace(":", "-")
    order.write_text(f"{kind} for {run.user_id}")
    await run.stream_widget(card(f"A pot of {kind} is on its way.", order.name))
    return f"{kind} is ordered"


def card(text: str, order: str | None = None) -> DynamicWidgetRoot:
    """Return a card; with an order, a button on it takes that back."""
    button = {"type": "order.cancel", "payload": {"order": order}}
    footer = {"cancel": {"label": "Take it back", "action": button}} if order else {}
    children = [{"type": "Text", "value": text}]
    return DynamicWidgetRoot.model_validate({"type": "Card", "children": children, **footer})


async def handle_action(
    action: Action[str, Any], sender: WidgetItem | None, run: RunContext
) -> None:
    """Take an order back; no model is asked."""
    order = ORDERS / Path(str(action.payload["order"])).name  # a payload may say anything
    if action.type != "order.cancel" or sender is None or not order.is_file():
        raise CustomStreamError("There is no such order.", allow_retry=False)
    if not order.read_text().endswith(f" for {run.user_id}"):
        raise CustomStreamError("This is somebody else's tea.", allow_retry=False)
    order.unlink()
    changed = {"widget": card("Taken back.")}
    await run.update_widget(sender.id, lambda item: item.model_copy(update=changed))
    await record_action(run, "order_tea", {}, {"taken_back": order.name})


def create(environment: AgentEnvironment) -> Assistant:
    """Build the assistant; TODO_AGENT_FACTORY=tea_house:create."""
    ORDERS.mkdir(exist_ok=True)
    agent: Agent[RunContext] = Agent(
        name="Tea house",
        instructions="You take orders for tea. One order_tea call for each pot.",
        model=environment.model,  # as OPENAI_API_KEY and OPENAI_BASE_URL say
        model_settings=environment.model_settings,
        tools=[order_tea],
    )
    return Assistant(agent=agent, handle_action=handle_action, title_of=lambda _: "Tea house")
