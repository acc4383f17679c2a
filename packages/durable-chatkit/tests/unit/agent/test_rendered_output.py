"""Structured values become readable text; the JSON of an agent's output never reaches a viewer."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from agents import Agent
from pydantic import BaseModel

from durable_chatkit.agent.rendered_output import output_schema_of, readable_text


class Urgency(Enum):
    HIGH = "high"


class Step(BaseModel):
    title: str
    minutes: int


class Plan(BaseModel):
    summary: str
    is_final: bool
    urgency: Urgency
    steps: list[Step]
    labels: list[str] = []
    note: str | None = None


class Reply(BaseModel):
    text: str


@dataclass
class Point:
    x_axis: float
    y_axis: float


def test_fields_become_a_list_with_names() -> None:
    plan = Plan(
        summary="Make tea",
        is_final=False,
        urgency=Urgency.HIGH,
        steps=[Step(title="Boil", minutes=3), Step(title="Steep", minutes=5)],
        labels=["kitchen"],
    )

    assert readable_text(plan) == (
        "- **Summary:** Make tea\n"
        "- **Is final:** no\n"
        "- **Urgency:** high\n"
        "- **Steps:**\n"
        "  - **Title:** Boil\n"
        "    - **Minutes:** 3\n"
        "  - **Title:** Steep\n"
        "    - **Minutes:** 5\n"
        "- **Labels:**\n"
        "  - kitchen"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Reply(text="Hello"), "Hello"),
        ({"response": {"text": "Nested"}}, "Nested"),
        (["one", "two"], "- one\n- two"),
        (Point(1.5, 2), "- **X axis:** 1.5\n- **Y axis:** 2"),
        (7, "7"),
        (None, ""),
        ({}, ""),
    ],
)
def test_simple_values_are_shown_without_names(value: Any, text: str) -> None:
    assert readable_text(value) == text


def test_only_agents_with_an_output_type_have_a_schema() -> None:
    assert output_schema_of(Agent(name="Plain")) is None
    assert output_schema_of(Agent(name="Text", output_type=str)) is None
    assert output_schema_of(Agent(name="Structured", output_type=Reply)) is not None
