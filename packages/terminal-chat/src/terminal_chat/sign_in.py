"""Signs the user in at a deployment."""

import getpass
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from terminal_chat.account_session import AccountSession
from terminal_chat.credential_store import CredentialStore
from terminal_chat.errors import ChatError
from terminal_chat.local_time import local_timezone

EXIT_ERROR: Final = 1
EXIT_INTERRUPTED: Final = 130


@dataclass(frozen=True, kw_only=True)
class ClientContext:
    """The deployment that a command uses, and the user's configuration.

    Args:
        account_key: the key of this deployment's account in the credentials file. A local
            deployment isn't stored by its URL, since its port can change.
        config_dir: the client's configuration folder.
        environ: the caller's environment: TODOCHAT_EMAIL, TODOCHAT_PASSWORD, TZ, NO_COLOR.
    """

    url: str
    account_key: str
    config_dir: Path
    environ: Mapping[str, str]


def open_session(
    client: httpx.Client, context: ClientContext, *, must_exist: bool
) -> AccountSession:
    """Sign in.

    Args:
        must_exist: don't create an account if there is none.

    Raises:
        ChatError: sign-in failed, or there is no account.
    """
    store = CredentialStore(context.config_dir / "credentials.json")
    stored = store.load_account(context.account_key)
    if must_exist and stored is None and not context.environ.get("TODOCHAT_EMAIL"):
        msg = "not signed in; set TODOCHAT_EMAIL and TODOCHAT_PASSWORD"
        raise ChatError(msg)
    session = AccountSession(
        client,
        store,
        context.account_key,
        timezone=local_timezone(context.environ),
        notify=print_notice,
        prompt_password=prompt_password if sys.stdin.isatty() else None,
    )
    session.open(context.environ)
    if session.has_created_account:  # with a generated password, so a browser needs a link
        try:
            link = session.create_sign_in_link()
        except ChatError as error:
            print_notice(f"you can't use this account in a browser: {error}")
        else:
            print_notice(
                f"to use it in a browser, open this link; it works once, for 10 minutes:\n  {link}"
            )
    return session


def print_notice(text: str) -> None:
    """Print a line to standard error; standard output is for responses."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def prompt_password(email: str) -> str:
    """Ask for a password at the terminal, without echo."""
    return getpass.getpass(f"Password for {email}: ")
