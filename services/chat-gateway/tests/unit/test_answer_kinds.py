"""What a request is counted as before its answer is known."""

from chat_gateway.streams.admission import AnswerKinds


def test_what_was_never_answered_is_expected_to_stream() -> None:
    assert AnswerKinds().expected("threads.list") == "turn"
    assert AnswerKinds().expected(None) == "turn"


def test_json_answers_make_a_type_a_plain_request() -> None:
    kinds = AnswerKinds()
    kinds.learn("threads.list", "request")

    assert kinds.expected("threads.list") == "request"
    assert kinds.expected("threads.create") == "turn"


def test_one_stream_makes_a_type_a_turn_for_good() -> None:
    kinds = AnswerKinds()
    for answered in ("request", "turn", "request"):
        kinds.learn("threads.custom_action", answered)

    assert kinds.expected("threads.custom_action") == "turn"
