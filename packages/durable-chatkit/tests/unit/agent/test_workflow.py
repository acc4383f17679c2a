"""The input of an exported workflow is filled, and the answer is found in its result."""

from types import SimpleNamespace
from typing import Any

import pytest
from chatkit.types import InferenceOptions, ThreadMetadata, UserMessageItem, UserMessageTextContent
from pydantic import BaseModel

from durable_chatkit.agent.workflow import (
    GuardrailReportError,
    Workflow,
    WorkflowInput,
    answer_of,
    take_state,
)
from durable_chatkit.chatkit.context import IdScope, RequestContext
from todochat.clock import utc_now

EARLIER: Any = [
    {"role": "user", "content": "I am Ada", "type": "message"},
    {"role": "assistant", "content": "Hello Ada", "type": "message"},
]
MESSAGE: Any = {"role": "user", "content": "Who am I?", "type": "message"}
PARTS: Any = {"role": "user", "content": [{"type": "input_text", "text": "Who am I?"}]}


class RichInput(BaseModel):
    input_as_text: str
    state: dict[str, Any]
    conversation_history: list[Any]
    timezone: str
    tenant: str = "none"


@pytest.fixture
def run() -> Any:
    """The parts of a run that a workflow reads."""
    now = utc_now()
    message = UserMessageItem(
        id="msg_1",
        thread_id="thr_1",
        created_at=now,
        content=[UserMessageTextContent(text="Who am I?")],
        attachments=[],
        inference_options=InferenceOptions(),
    )
    return SimpleNamespace(
        message=message,
        thread=ThreadMetadata(id="thr_1", created_at=now, metadata={"state": {"visits": 1}}),
        user_id="usr_ada",
        request_context=RequestContext(
            user_id="usr_ada", ids=IdScope("run"), timezone="Europe/Berlin"
        ),
    )


async def test_input_is_filled_by_the_names_of_its_fields(run: Any) -> None:
    async def run_workflow(workflow_input: RichInput) -> RichInput:
        return workflow_input

    given = await Workflow(run_workflow).call(run, [*EARLIER, MESSAGE])

    assert given == RichInput(
        input_as_text="Who am I?",
        state={"visits": 1},
        conversation_history=EARLIER,
        timezone="Europe/Berlin",
    )


async def test_adopter_fills_further_fields(run: Any) -> None:
    async def run_workflow(workflow_input: RichInput) -> RichInput:
        return workflow_input

    workflow = Workflow(run_workflow, fields=lambda run: {"tenant": run.user_id})

    assert (await workflow.call(run, [MESSAGE])).tenant == "usr_ada"


async def test_function_may_take_text_a_dictionary_or_the_history(run: Any) -> None:
    async def of_text(text: str, conversation_history: list[Any]) -> Any:
        return text, conversation_history

    async def of_dictionary(workflow_input: dict[str, Any]) -> Any:
        return workflow_input

    async def untyped(workflow_input: Any) -> Any:
        return workflow_input

    assert await Workflow(of_text).call(run, [*EARLIER, MESSAGE]) == ("Who am I?", EARLIER)
    assert await Workflow(of_dictionary).call(run, []) == {"input_as_text": "Who am I?"}
    assert await Workflow(untyped).call(run, []) == WorkflowInput(input_as_text="Who am I?")


@pytest.mark.parametrize("given", [[PARTS], "Who am I?"])
async def test_run_that_starts_with_the_message_gets_the_history(run: Any, given: Any) -> None:
    async def run_workflow(workflow_input: WorkflowInput) -> None:
        """Do nothing."""

    thread = [*EARLIER, MESSAGE]

    assert Workflow(run_workflow).with_history(run, given, thread) == thread
    assert Workflow(run_workflow, history=False).with_history(run, given, thread) == given


async def test_rest_of_the_input_follows_the_history(run: Any) -> None:
    async def run_workflow(workflow_input: WorkflowInput) -> None:
        """Do nothing."""

    note: Any = {"role": "assistant", "content": "draft"}
    masked: Any = [{"role": "user", "content": "Who am <NAME>?"}]
    workflow = Workflow(run_workflow)

    assert workflow.with_history(run, [PARTS, note], [*EARLIER, MESSAGE]) == [
        *EARLIER,
        MESSAGE,
        note,
    ]
    assert workflow.with_history(run, masked, [*EARLIER, MESSAGE]) == masked


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ("Hello", "Hello"),
        ({"output_text": "Hello"}, "Hello"),
        ({"output_text": '{"city":"Oslo"}', "output_parsed": {"city": "Oslo"}}, {"city": "Oslo"}),
        ({"output_text": '{"city":"Oslo"}'}, {"city": "Oslo"}),
        ({"message": "Done"}, "Done"),
        ({"category": "billing"}, {"category": "billing"}),
        ({"output_text": "[1] is a footnote"}, "[1] is a footnote"),
        ({"output_text": ""}, None),
        (WorkflowInput(input_as_text="x"), WorkflowInput(input_as_text="x")),
        (None, None),
        ({}, None),
    ],
)
def test_answer_is_found_in_the_result(result: Any, answer: Any) -> None:
    assert answer_of(result) == answer


@pytest.mark.parametrize(
    "report",
    [
        {"pii": {"failed": False}, "jailbreak": {"failed": True}},
        {"failed": True, "failures": [{"guardrail_name": "Jailbreak"}]},
    ],
)
def test_guardrail_report_is_no_answer(report: dict[str, Any]) -> None:
    with pytest.raises(GuardrailReportError):
        answer_of(report)


def test_state_is_taken_out_of_the_result() -> None:
    assert take_state({"output_text": "Hi", "state": {"a": 1}}) == ({"output_text": "Hi"}, {"a": 1})
    assert take_state({"state": {"a": 1}}) == (None, {"a": 1})
    assert take_state("Hi") == ("Hi", None)
