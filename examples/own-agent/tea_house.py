"""An agent of your own: takes each order for tea exactly once; a click cancels an order."""

from pathlib import Path
from typing import Any

from agents import Agent, RunContextWrapper, function_tool
from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.types import WidgetItem
from chatkit.widgets import DynamicWidgetRoot

from durable_chatkit import Assistant
from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext

ORDERS = Path(__file__).with_name("orders")  # one file per order, in place of your own service


@function_tool
async def order_tea(context: RunContextWrapper[RunContext], kind: str) -> str:
    """Order a pot of tea."""
    run = context.context
    # After a crash the call is repeated with the same key: one file, one pot.
    order = ORDERS / run.call.idempotency_key.replace(":", "-")
    order.write_text(f"{kind} for {run.user_id}")
    await run.stream_widget(card(f"A pot of {kind} is on its way.", order.name))
    return f"{kind} is ordered"


def card(text: str, order: str | None = None) -> DynamicWidgetRoot:
    """Return a card; with an order it has a button that cancels the order."""
    button = {"type": "order.cancel", "payload": {"order": order}}
    footer = {"cancel": {"label": "Cancel order", "action": button}} if order else {}
    children = [{"type": "Text", "value": text}]
    return DynamicWidgetRoot.model_validate({"type": "Card", "children": children, **footer})


async def handle_action(
    action: Action[str, Any], sender: WidgetItem | None, run: RunContext
) -> None:
    """Cancel an order, without a model call."""
    order = ORDERS / Path(str(action.payload["order"])).name  # the payload is untrusted
    if action.type != "order.cancel" or sender is None or not order.is_file():
        raise CustomStreamError("Order not found.", allow_retry=False)
    if not order.read_text().endswith(f" for {run.user_id}"):
        raise CustomStreamError("This is another user's order.", allow_retry=False)
    order.unlink()
    changed = {"widget": card("Order cancelled.")}
    await run.update_widget(sender.id, lambda item: item.model_copy(update=changed))
    await record_action(run, "order_tea", {}, {"cancelled": order.name})


def create(environment: AgentEnvironment) -> Assistant:
    """Build the assistant; TODO_AGENT_FACTORY=tea_house:create."""
    ORDERS.mkdir(exist_ok=True)
    complaints: Agent[RunContext] = Agent(
        name="Complaints",
        handoff_description="Handles complaints about tea.",
        instructions="Apologize in one sentence, then order the same tea again.",
        tools=[order_tea],
    )
    agent: Agent[RunContext] = Agent(
        name="Tea house",
        instructions="You take orders for tea. One order_tea call for each pot.",
        model=environment.model,  # from OPENAI_API_KEY and OPENAI_BASE_URL
        model_settings=environment.model_settings,
        tools=[order_tea],
        handoffs=[complaints],
    )
    return Assistant(agent=agent, handle_action=handle_action, title_of=lambda _: "Tea house")
