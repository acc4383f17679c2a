from typing import Any

import pytest

from model_client.errors import (
    ModelBusyError,
    ModelRejectedError,
    ModelReportedError,
    ModelServerError,
    ModelUnreachableError,
    error_for_status,
    find_error,
    reported_error,
)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, "", ModelBusyError),
        (400, '{"error": {"code": "insufficient_quota"}}', ModelBusyError),
        (503, "the engine is Overloaded", ModelBusyError),
        (529, '{"type": "overloaded_error"}', ModelBusyError),
        (500, "", ModelUnreachableError),
        (502, "<html>", ModelUnreachableError),
        (408, "", ModelUnreachableError),
        (401, "wrong key", ModelRejectedError),
        (404, "model 'qwen9' not found", ModelRejectedError),
    ],
)
def test_status(status: int, body: str, kind: type[ModelServerError]) -> None:
    error = error_for_status(status, body, model="qwen9", retry_after_s=2.5)

    assert type(error) is kind
    assert (error.status, error.model, error.body) == (status, "qwen9", body)
    assert error.retry_after_s == 2.5


@pytest.mark.parametrize(
    ("event", "data", "kind", "status"),
    [
        ("", {"error": {"message": "CUDA out of memory", "code": 500}}, ModelReportedError, 500),
        ("", {"error": "runner has stopped"}, ModelReportedError, 200),
        ("", {"error": {"message": "quota", "code": "insufficient_quota"}}, ModelBusyError, 200),
        ("", {"choices": [], "error": {"code": 502, "message": "x"}}, ModelUnreachableError, 502),
        ("", {"object": "error", "message": "index", "code": 400}, ModelReportedError, 400),
        ("", {"type": "error", "code": "server_error", "message": "x"}, ModelReportedError, 200),
        ("error", {"code": "internal", "message": "closed"}, ModelReportedError, 200),
        ("error", "closed", ModelReportedError, 200),
        ("error", None, ModelReportedError, 200),
    ],
)
def test_error_inside_of_a_200(
    event: str, data: Any, kind: type[ModelServerError], status: int
) -> None:
    error = reported_error(find_error(event, data), model="local")

    assert type(error) is kind
    assert error.status == status


@pytest.mark.parametrize(
    "data", [{"choices": []}, {"error": None}, {"error": {}}, [], "text", None]
)
def test_other_data_is_no_error(data: Any) -> None:
    assert find_error("", data) is None


def test_message_has_model_status_and_200_characters_of_the_body() -> None:
    error = error_for_status(404, "x" * 1000, model="qwen9")

    assert str(error) == f"the model server refused the request: qwen9: status 404: {'x' * 200}"


@pytest.mark.parametrize(
    ("error", "body"),
    [({"message": "no \ud83d"}, '{"message":"no \ufffd"}'), ("no \ud83d", "no \ufffd")],
    ids=["object", "text"],
)
def test_half_a_character_in_an_error(error: Any, body: str) -> None:
    assert reported_error(error, model="qwen9").body == body
