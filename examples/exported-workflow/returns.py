"""The return desk of a book shop, as Agent Builder exports a workflow."""

# ruff: noqa: ANN201, D101, D103 - exported code
# mypy: disable-error-code="no-untyped-def"

from agents import Agent, ModelSettings, RunConfig, Runner, TResponseInputItem, trace
from openai.types.shared.reasoning import Reasoning
from pydantic import BaseModel


class ClassifySchema(BaseModel):
    category: str


classify = Agent(
    name="Classify",
    instructions="Choose exactly one category: return, question, other.",
    model="gpt-4.1-mini",
    output_type=ClassifySchema,
    model_settings=ModelSettings(temperature=0, top_p=1, max_tokens=2048, store=True),
)


class ReturnSchema(BaseModel):
    book: str
    reason: str
    label_sent_by: str


return_agent = Agent(
    name="Return agent",
    instructions="Fill in the return form. A label is sent by e-mail unless the customer has no printer.",
    model="gpt-4.1",
    output_type=ReturnSchema,
    model_settings=ModelSettings(temperature=1, top_p=1, max_tokens=2048, store=True),
)


policy_agent = Agent(
    name="Policy agent",
    instructions="Draft an answer: returns are free for 30 days; read books can't be returned.",
    model="gpt-5-mini",
    model_settings=ModelSettings(store=True, reasoning=Reasoning(effort="low", summary="auto")),
)


friendly_agent = Agent(
    name="Friendly agent",
    instructions="Rewrite the draft in a friendly tone, in at most two sentences.",
    model="gpt-4.1",
    model_settings=ModelSettings(temperature=1, top_p=1, max_tokens=2048, store=True),
)


class WorkflowInput(BaseModel):
    input_as_text: str


# Main code entrypoint
async def run_workflow(workflow_input: WorkflowInput):
    with trace("Return desk"):
        state = {"category": None}
        workflow = workflow_input.model_dump()
        conversation_history: list[TResponseInputItem] = [
            {"role": "user", "content": [{"type": "input_text", "text": workflow["input_as_text"]}]}
        ]
        run_config = RunConfig(trace_metadata={"__trace_source__": "agent-builder"})
        classify_result_temp = await Runner.run(
            classify, input=[*conversation_history], run_config=run_config
        )
        classify_result = {"output_parsed": classify_result_temp.final_output.model_dump()}
        state["category"] = classify_result["output_parsed"]["category"]
        if state["category"] == "return":
            return_result_temp = await Runner.run(
                return_agent, input=[*conversation_history], run_config=run_config
            )
            return {"output_parsed": return_result_temp.final_output.model_dump()}
        if state["category"] == "question":
            policy_result_temp = await Runner.run(
                policy_agent, input=[*conversation_history], run_config=run_config
            )
            conversation_history.extend(
                [item.to_input_item() for item in policy_result_temp.new_items]
            )
            friendly_result_temp = await Runner.run(
                friendly_agent, input=[*conversation_history], run_config=run_config
            )
            return {"output_text": friendly_result_temp.final_output_as(str)}
        return {"output_text": "This is the return desk. I can answer questions about returns."}
