from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from todochat.settings import ServiceSettings, SettingsError, env_name, split_list


class CounterSettings(ServiceSettings, frozen=True, kw_only=True, rename=env_name("COUNTER")):
    limit: Annotated[int, Meta(ge=1)] = 10


def test_settings_read_shared_names_and_own_prefix() -> None:
    environ = {"REDIS_URL": "redis://r", "COUNTER_LIMIT": "7", "PATH": "/bin", "LOG_LEVEL": ""}

    settings = CounterSettings.load(environ)

    assert (settings.redis_url, settings.limit, settings.log_level) == ("redis://r", 7, "info")


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({}, "setting REDIS_URL is required"),
        ({"REDIS_URL": "r", "COUNTER_LIMIT": "0"}, "setting COUNTER_LIMIT: expected `int` >= 1"),
        (
            {"REDIS_URL": "r", "COUNTER_LIMIT": "x"},
            "setting COUNTER_LIMIT: expected `int`, got `str`",
        ),
        ({"REDIS_URL": "r", "LOG_LEVEL": "loud"}, "setting LOG_LEVEL: invalid enum value 'loud'"),
    ],
)
def test_invalid_setting_is_reported_in_one_line(environ: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        CounterSettings.load(environ)

    assert str(caught.value) == line


def test_setting_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "redis_url"
    file.write_text("redis://:p@r\n")
    empty = tmp_path / "secret"
    empty.touch()

    settings = CounterSettings.load(
        {"REDIS_URL_FILE": str(file), "TODOCHAT_SERVICE_SECRET_FILE": str(empty)}
    )

    assert (settings.redis_url, settings.todochat_service_secret) == ("redis://:p@r", "")


def test_unreadable_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "absent"

    with pytest.raises(SettingsError) as caught:
        CounterSettings.load({"REDIS_URL_FILE": str(path)})

    line = f"setting REDIS_URL_FILE: can't read {path}: No such file or directory"
    assert str(caught.value) == line


def test_setting_and_its_file_are_rejected(tmp_path: Path) -> None:
    environ = {"REDIS_URL": "redis://r", "REDIS_URL_FILE": str(tmp_path / "redis_url")}

    with pytest.raises(SettingsError) as caught:
        CounterSettings.load(environ)

    assert str(caught.value) == "setting REDIS_URL: REDIS_URL_FILE is set as well"


def test_settings_repr_hides_secrets() -> None:
    secret = "s" * 40
    settings = CounterSettings.load({"REDIS_URL": "r", "TODOCHAT_SERVICE_SECRET": secret})

    assert secret not in repr(settings)


def test_split_list_drops_blanks() -> None:
    assert split_list(" a, ,b,") == ["a", "b"]
