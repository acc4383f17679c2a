"""A workflow as Agent Builder exports it; TODO_AGENT_FACTORY=exported_workflow:run_workflow."""

# ruff: noqa: ANN201, F841, RET503 - exported code, unchanged but for its format
# mypy: disable-error-code="no-untyped-def"

from agents import Agent, ModelSettings, RunConfig, Runner, TResponseInputItem, trace
from openai.types.shared.reasoning import Reasoning
from pydantic import BaseModel


class ClassifySchema(BaseModel):
    category: str


classify = Agent(
    name="Classify",
    instructions="Choose exactly one category: order, question, other.",
    model="gpt-4.1-mini",
    output_type=ClassifySchema,
    model_settings=ModelSettings(temperature=0),
)


draft_agent = Agent(
    name="Draft agent",
    instructions="Write a draft.",
    model="gpt-5",
    model_settings=ModelSettings(store=True, reasoning=Reasoning(effort="low", summary="auto")),
)


answer_agent = Agent(
    name="Answer agent",
    instructions="Improve the draft.",
    model="gpt-4.1",
    model_settings=ModelSettings(temperature=1, top_p=1, max_tokens=2048, store=True),
)


class WorkflowInput(BaseModel):
    input_as_text: str


# Main code entrypoint
async def run_workflow(workflow_input: WorkflowInput):
    with trace("New workflow"):
        state = {"category": None}
        workflow = workflow_input.model_dump()
        conversation_history: list[TResponseInputItem] = [
            {"role": "user", "content": [{"type": "input_text", "text": workflow["input_as_text"]}]}
        ]
        classify_result_temp = await Runner.run(
            classify,
            input=[*conversation_history],
            run_config=RunConfig(
                trace_metadata={"__trace_source__": "agent-builder", "workflow_id": "wf_1"}
            ),
        )
        classify_result = {
            "output_text": classify_result_temp.final_output.json(),
            "output_parsed": classify_result_temp.final_output.model_dump(),
        }
        state["category"] = classify_result["output_parsed"]["category"]
        if state["category"] == "question":
            draft_agent_result_temp = await Runner.run(
                draft_agent,
                input=[*conversation_history],
                run_config=RunConfig(
                    trace_metadata={"__trace_source__": "agent-builder", "workflow_id": "wf_1"}
                ),
            )

            conversation_history.extend(
                [item.to_input_item() for item in draft_agent_result_temp.new_items]
            )

            answer_agent_result_temp = await Runner.run(
                answer_agent,
                input=[*conversation_history],
                run_config=RunConfig(
                    trace_metadata={"__trace_source__": "agent-builder", "workflow_id": "wf_1"}
                ),
            )

            answer_agent_result = {"output_text": answer_agent_result_temp.final_output_as(str)}
        elif state["category"] == "order":
            return classify_result
        elif state["category"] == "attack":
            return {"pii": {"failed": False, "detected_counts": []}, "jailbreak": {"failed": True}}
        else:
            return {"output_text": "I only answer questions."}
