"""One account, several commands: an open conversation and one-shot messages beside it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
from fake_deployment import FakeDeployment

from todochat_local.chat import credential
from todochat_local.chat.credential import Account, CredentialStore
from todochat_local.chat.deployment import open_client
from todochat_local.chat.error import ChatError
from todochat_local.chat.session import Session

OpenSession = Callable[..., Session]
REFRESH = "POST /api/auth/refresh"


@pytest.fixture
def deployment() -> Iterator[FakeDeployment]:
    deployment = FakeDeployment()
    yield deployment
    deployment.close()


@pytest.fixture
def store(tmp_path: Path) -> CredentialStore:
    return CredentialStore(tmp_path / "credentials.json")


@pytest.fixture
def open_session(deployment: FakeDeployment, store: CredentialStore) -> Iterator[OpenSession]:
    with ExitStack() as clients:

        def open_session(**environ: str) -> Session:
            client = clients.enter_context(open_client(deployment.url))
            session = Session(
                client, store, "here", timezone="UTC", say=lambda _: None, ask_password=None
            )
            session.open(environ)
            return session

        yield open_session


def test_commands_that_take_turns_never_use_a_refresh_token_twice(
    deployment: FakeDeployment, open_session: OpenSession
) -> None:
    deployment.login_lasts_s = 0  # every use of a login needs a new one
    conversation, one_shot = open_session(), open_session()

    for _ in range(2):
        one_shot.client_secret(fresh=True)
        conversation.client_secret(fresh=True)

    assert signed_in_again(deployment) == 0
    assert deployment.count("POST /api/auth/sign-up") == 1


def test_commands_that_need_a_new_login_at_once_share_one_refresh(
    deployment: FakeDeployment, open_session: OpenSession, store: CredentialStore
) -> None:
    sessions = [open_session() for _ in range(3)]
    expire(store, sessions)
    together = Barrier(len(sessions))

    def renew(session: Session) -> str:
        together.wait(10)
        return session.login_token()

    with ThreadPoolExecutor(len(sessions)) as threads:
        tokens = set(threads.map(renew, sessions))

    assert len(tokens) == 1
    assert deployment.count(REFRESH) == 1
    assert signed_in_again(deployment) == 0


def test_a_new_client_secret_does_not_bring_back_an_old_refresh_token(
    deployment: FakeDeployment, open_session: OpenSession, store: CredentialStore
) -> None:
    conversation, one_shot = open_session(), open_session()
    expire(store, [one_shot])
    one_shot.login_token()

    conversation.client_secret(fresh=True)  # its own login is still good

    expire(store, [])
    open_session()
    assert deployment.count(REFRESH) == 2
    assert signed_in_again(deployment) == 0


def test_a_refused_login_is_renewed_although_another_command_has_stored_it(
    deployment: FakeDeployment, open_session: OpenSession
) -> None:
    session = open_session()
    refused = session.login_token()
    deployment.refused_logins = {refused}

    session.client_secret(fresh=True)

    assert session.login_token() != refused
    assert deployment.count(REFRESH) == 1


def test_a_conversation_does_not_become_somebody_who_signs_in_beside_it(
    deployment: FakeDeployment, open_session: OpenSession, store: CredentialStore
) -> None:
    deployment.accounts["grace@example.com"] = "correct horse"
    conversation = open_session()
    mine = conversation.login_token()
    open_session(TODOCHAT_EMAIL="grace@example.com", TODOCHAT_PASSWORD="correct horse")

    conversation.client_secret(fresh=True)

    assert conversation.login_token() == mine
    stored = store.load("here")
    assert stored
    assert stored.email == "grace@example.com"


def test_a_command_that_never_lets_go_of_the_credentials_is_named(
    store: CredentialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential, "LOCK_TIMEOUT_S", 0.01)

    refusal = pytest.raises(ChatError, match=r"has been using .*credentials\.json")
    with store.locked(), refusal, store.locked():
        pass


@pytest.mark.parametrize("content", ["", "[]", "\0\0"])
def test_damaged_credentials_are_named_and_never_overwritten(
    store: CredentialStore, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(content)

    with pytest.raises(ChatError, match=r"credentials\.json is damaged"):
        store.save("here", Account(email="grace@example.com"))

    assert path.read_text() == content


def expire(store: CredentialStore, sessions: list[Session]) -> None:
    """Let the logins of these commands, and the stored one, be over."""
    account = store.load("here")
    assert account
    account.login_expires_at = 0.0
    store.save("here", account)
    for session in sessions:
        session._account.login_expires_at = 0.0


def test_a_sign_in_link_comes_with_the_refresh_token_of_the_moment(
    deployment: FakeDeployment, open_session: OpenSession, store: CredentialStore
) -> None:
    conversation, one_shot = open_session(), open_session()
    expire(store, [one_shot])
    one_shot.login_token()

    link = conversation.sign_in_link()

    assert link == f"{deployment.url}/sign-in-link#link-r2"
    assert deployment.count(REFRESH) == 1


def test_a_site_without_the_page_gets_no_link(
    deployment: FakeDeployment, open_session: OpenSession
) -> None:
    deployment.has_link_page = False

    with pytest.raises(ChatError, match="has no page for sign-in links"):
        open_session().sign_in_link()
    assert deployment.count("POST /api/auth/sign-in-links") == 0


def signed_in_again(deployment: FakeDeployment) -> int:
    return deployment.count("POST /api/auth/sign-in")
