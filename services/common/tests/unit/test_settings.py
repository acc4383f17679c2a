from typing import Annotated

import pytest
from msgspec import Meta

from todochat.settings import ServiceSettings, SettingsError, env_name, split_list


class CounterSettings(ServiceSettings, frozen=True, kw_only=True, rename=env_name("COUNTER")):
    limit: Annotated[int, Meta(ge=1)] = 10


def test_a_service_reads_shared_names_and_its_own_prefix() -> None:
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
def test_a_bad_setting_is_named_in_one_line(environ: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        CounterSettings.load(environ)

    assert str(caught.value) == line


def test_settings_never_show_their_secrets() -> None:
    secret = "s" * 40
    settings = CounterSettings.load({"REDIS_URL": "r", "TODOCHAT_SERVICE_SECRET": secret})

    assert secret not in repr(settings)


def test_a_list_drops_blanks() -> None:
    assert split_list(" a, ,b,") == ["a", "b"]
