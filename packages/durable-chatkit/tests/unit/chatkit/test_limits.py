"""Limits on the values of requests."""

import pytest
from chatkit.types import (
    StructuredInputAnswerSubmission,
    StructuredInputSubmission,
    ThreadAddStructuredInputParams,
    ThreadsAddStructuredInputReq,
)

from durable_chatkit.chatkit.limits import MAX_ANSWERS, MAX_MESSAGE_CHARS, check_streaming_limits
from todochat.errors import InvalidInputError


def answered(answers: dict[str, list[str]]) -> ThreadsAddStructuredInputReq:
    submission = StructuredInputSubmission(
        answers={
            name: StructuredInputAnswerSubmission(values=values) for name, values in answers.items()
        }
    )
    params = ThreadAddStructuredInputParams(thread_id="thr_1", item_id="si_1", input=submission)
    return ThreadsAddStructuredInputReq(params=params)


@pytest.mark.parametrize(
    "answers",
    [
        {"q": ["x" * MAX_MESSAGE_CHARS]},
        {"q": ["x"] * MAX_ANSWERS},
        {str(number): [] for number in range(MAX_ANSWERS)},
    ],
    ids=["long", "values", "answers"],
)
def test_structured_input_limits_are_inclusive(answers: dict[str, list[str]]) -> None:
    check_streaming_limits(answered(answers))

    with pytest.raises(InvalidInputError) as caught:
        check_streaming_limits(answered({**answers, "more": ["x"] * (MAX_ANSWERS + 1)}))

    assert caught.value.extensions["errors"][0].pointer == "/params/input/answers"
