"""One account used by several commands: a conversation and one-shot messages at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
from fake_deployment import FakeDeployment

from terminal_chat import credential_store
from terminal_chat.account_session import AccountSession
from terminal_chat.credential_store import CredentialStore, StoredAccount
from terminal_chat.errors import ChatError
from terminal_chat.http_calls import open_client

OpenSession = Callable[..., AccountSession]
REFRESH = "POST /api/auth/refresh"


@pytest.fixture
def store(tmp_path: Path) -> CredentialStore:
    return CredentialStore(tmp_path / "credentials.json")


@pytest.fixture
def open_session(deployment: FakeDeployment, store: CredentialStore) -> Iterator[OpenSession]:
    with ExitStack() as clients:

        def open_session(**environ: str) -> AccountSession:
            client = clients.enter_context(open_client(deployment.url))
            session = AccountSession(
                client, store, "here", timezone="UTC", notify=lambda _: None, prompt_password=None
            )
            session.open(environ)
            return session

        yield open_session


def test_alternating_commands_use_no_refresh_token_twice(
    deployment: FakeDeployment, open_session: OpenSession
) -> None:
    deployment.login_lasts_s = 0  # every use of a login token renews it
    conversation, one_shot = open_session(), open_session()

    for _ in range(2):
        one_shot.client_secret(fresh=True)
        conversation.client_secret(fresh=True)

    assert sign_ins(deployment) == 0
    assert deployment.count("POST /api/auth/sign-up") == 1


def test_concurrent_renewals_share_one_refresh(
    deployment: FakeDeployment, open_session: OpenSession, store: CredentialStore
) -> None:
    sessions = [open_session() for _ in range(3)]
    expire(store, sessions)
    together = Barrier(len(sessions))

    def renew(session: AccountSession) -> str:
        together.wait(10)
        return session.login_token()

    with ThreadPoolExecutor(len(sessions)) as threads:
        tokens = set(threads.map(renew, sessions))

    assert len(tokens) == 1
    assert deployment.count(REFRESH) == 1
    assert sign_ins(deployment) == 0


def test_new_client_secret_keeps_the_newest_refresh_token(
    deployment: FakeDeployment, open_session: OpenSession, store: CredentialStore
) -> None:
    conversation, one_shot = open_session(), open_session()
    expire(store, [one_shot])
    one_shot.login_token()

    conversation.client_secret(fresh=True)  # its own login token is still valid

    expire(store, [])
    open_session()
    assert deployment.count(REFRESH) == 2
    assert sign_ins(deployment) == 0


def test_rejected_stored_login_is_renewed(
    deployment: FakeDeployment, open_session: OpenSession
) -> None:
    session = open_session()
    rejected = session.login_token()
    deployment.rejected_logins = {rejected}

    session.client_secret(fresh=True)

    assert session.login_token() != rejected
    assert deployment.count(REFRESH) == 1


def test_conversation_keeps_its_account_when_another_one_signs_in(
    deployment: FakeDeployment, open_session: OpenSession, store: CredentialStore
) -> None:
    deployment.accounts["grace@example.com"] = "correct horse"
    conversation = open_session()
    token = conversation.login_token()
    open_session(TODOCHAT_EMAIL="grace@example.com", TODOCHAT_PASSWORD="correct horse")

    conversation.client_secret(fresh=True)

    assert conversation.login_token() == token
    stored = store.load_account("here")
    assert stored
    assert stored.email == "grace@example.com"


def test_held_credentials_lock_times_out(
    store: CredentialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential_store, "LOCK_TIMEOUT_S", 0.01)

    timeout = pytest.raises(ChatError, match=r"has been using .*credentials\.json")
    with store.locked(), timeout, store.locked():
        pass


@pytest.mark.parametrize("content", ["", "[]", "\0\0"])
def test_damaged_credentials_are_reported_and_kept(
    store: CredentialStore, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(content)

    with pytest.raises(ChatError, match=r"credentials\.json is damaged"):
        store.save_account("here", StoredAccount(email="grace@example.com"))

    assert path.read_text() == content


def expire(store: CredentialStore, sessions: list[AccountSession]) -> None:
    """Expire the login tokens of these sessions and the stored one."""
    account = store.load_account("here")
    assert account
    account.login_expires_at = 0.0
    store.save_account("here", account)
    for session in sessions:
        session._account.login_expires_at = 0.0


def test_sign_in_link_uses_the_current_refresh_token(
    deployment: FakeDeployment, open_session: OpenSession, store: CredentialStore
) -> None:
    conversation, one_shot = open_session(), open_session()
    expire(store, [one_shot])
    one_shot.login_token()

    link = conversation.create_sign_in_link()

    assert link == f"{deployment.url}/sign-in-link#link-r2"
    assert deployment.count(REFRESH) == 1


def test_sign_in_link_requires_the_site_page(
    deployment: FakeDeployment, open_session: OpenSession
) -> None:
    deployment.has_link_page = False

    with pytest.raises(ChatError, match="has no page for sign-in links"):
        open_session().create_sign_in_link()
    assert deployment.count("POST /api/auth/sign-in-links") == 0


def sign_ins(deployment: FakeDeployment) -> int:
    return deployment.count("POST /api/auth/sign-in")
