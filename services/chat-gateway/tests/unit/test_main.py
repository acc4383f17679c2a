"""The command line: an invalid setting ends the process with one line."""

import os

import pytest

from chat_gateway.__main__ import main


def test_header_that_must_not_be_forwarded_prevents_startup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {
        "REDIS_URL": "redis://127.0.0.1:1",
        "TODOCHAT_SERVICE_SECRET": "a-service-secret-of-at-least-32-bytes",
        "CHAT_GATEWAY_FORWARD_HEADERS": "X-Tenant,Cookie",
    }
    monkeypatch.setattr(os, "environ", environ)

    with pytest.raises(SystemExit) as ended:
        main(["serve"])

    assert ended.value.code == 2
    line = "setting CHAT_GATEWAY_FORWARD_HEADERS: cookie carries credentials,"
    assert capsys.readouterr().err == f"{line} which are not forwarded\n"
