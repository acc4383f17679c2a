"""Costs of chat requests."""

import pytest

from chat_gateway.streams.admission import PLAIN_COST, TURN_COST, cost_of_request_type
from todochat.contracts.dictation import DICTATION_TYPE
from todochat.contracts.requests import STREAMING_REQUEST_TYPES


@pytest.mark.parametrize("request_type", sorted(STREAMING_REQUEST_TYPES))
def test_streaming_request_costs_a_turn(request_type: str) -> None:
    assert cost_of_request_type(request_type) == TURN_COST


def test_simple_form_costs_a_turn() -> None:
    assert cost_of_request_type(None) == TURN_COST


@pytest.mark.parametrize(
    "request_type", ["threads.list", "threads.sync_custom_action", DICTATION_TYPE, "unknown.type"]
)
def test_other_request_costs_no_turn(request_type: str) -> None:
    assert cost_of_request_type(request_type) == PLAIN_COST
