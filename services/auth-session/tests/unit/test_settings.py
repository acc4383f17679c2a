"""Required settings, their checks, and hidden secrets."""

from datetime import timedelta

import pytest

from auth_session.domain.limits import LONGEST_TOKEN_LIFETIME
from auth_session.settings import AuthMigrationSettings, AuthSessionSettings
from todochat.settings import SettingsError, load_settings

ENVIRONMENT = {
    "AUTH_DATABASE_URL": "postgresql://auth_app:word@127.0.0.1/auth",
    "REDIS_URL": "redis://127.0.0.1/0",
    "TODOCHAT_SERVICE_SECRET": "a service secret of more than 32 bytes",
}


def load(**changes: str) -> AuthSessionSettings:
    settings = load_settings(AuthSessionSettings, {**ENVIRONMENT, **changes})
    settings.check()
    return settings


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"AUTH_DATABASE_URL": ""}, "setting AUTH_DATABASE_URL is required"),
        ({"REDIS_URL": ""}, "setting REDIS_URL is required"),
        ({"TODOCHAT_SERVICE_SECRET": ""}, "setting TODOCHAT_SERVICE_SECRET is required"),
        ({"TODOCHAT_SERVICE_SECRET": "x" * 31}, "setting TODOCHAT_SERVICE_SECRET: each value"),
        ({"AUTH_SESSION_KEY_SECRET": "x" * 31}, "setting AUTH_SESSION_KEY_SECRET: each value"),
        ({"AUTH_SIGN_UP": "maybe"}, "setting AUTH_SIGN_UP: "),
        ({"CHATKIT_MODE": "openai"}, "setting CHATKIT_MODE: openai needs OPENAI_API_KEY"),
        (
            {"BETTER_AUTH_SECRET": "short"},
            "setting BETTER_AUTH_SECRET: a secret must have at least",
        ),
        ({"AUTH_EXTERNAL_ISSUERS": "["}, "setting AUTH_EXTERNAL_ISSUERS: "),
        ({"AUTH_SESSION_PORT": "65536"}, "setting AUTH_SESSION_PORT: "),
        ({"AUTH_SESSION_PASSWORD_THREADS": "0"}, "setting AUTH_SESSION_PASSWORD_THREADS: "),
        ({"AUTH_SESSION_CLIENT_SECRET_LIFETIME_S": "59"}, "setting AUTH_SESSION_CLIENT_SECRET"),
        ({"AUTH_SESSION_CLIENT_SECRET_LIFETIME_S": "86401"}, "setting AUTH_SESSION_CLIENT_SECRET"),
    ],
)
def test_an_invalid_setting_is_named_in_one_line(changes: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**changes)

    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_sign_up_is_by_invitation_by_default() -> None:
    assert load().sign_up == "invite"


def test_the_service_secret_protects_the_keys_by_default() -> None:
    shared = load(TODOCHAT_SERVICE_SECRET="x" * 32 + "," + "y" * 32)
    own = load(AUTH_SESSION_KEY_SECRET="z" * 32)

    assert shared.key_secrets == ["x" * 32, "y" * 32]
    assert own.key_secrets == ["z" * 32]


def test_repr_hides_secrets() -> None:
    assert "secret of more" not in repr(load())
    assert "word" not in repr(load())


def test_the_longest_client_secret_fits_the_publication_of_keys() -> None:
    longest = load(AUTH_SESSION_CLIENT_SECRET_LIFETIME_S="86400")

    assert timedelta(seconds=longest.client_secret_lifetime_s) == LONGEST_TOKEN_LIFETIME


def test_migrating_only_requires_the_owners_url() -> None:
    url = "postgresql://auth_owner:word@127.0.0.1/auth"

    settings = load_settings(AuthMigrationSettings, {"AUTH_MIGRATION_DATABASE_URL": url})

    assert settings.auth_migration_database_url == url
