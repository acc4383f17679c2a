"""Where a command's deployment is, and being signed in there."""

import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx
import typer

from todochat_local.chat.credential import CredentialStore
from todochat_local.chat.error import ChatError
from todochat_local.chat.local_time import local_timezone
from todochat_local.chat.session import Session
from todochat_local.layout import DataDir
from todochat_local.lock import holder
from todochat_local.spelling import typed
from todochat_local.state import read_state, why_no_state


class Place(Protocol):
    """What says where a command is to work, and as whom."""

    @property
    def url(self) -> str | None:
        """A deployment; None for the local one."""

    @property
    def data_dir(self) -> Path:
        """Where the local one's data lies."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that the command was called in."""


def find_deployment(place: Place) -> tuple[str, str]:
    """Return the address, and the name under which an account there is kept.

    Raises:
        ChatError: nothing runs here.
    """
    if place.url:
        return place.url.rstrip("/"), place.url.rstrip("/")
    data = DataDir(place.data_dir)
    state = read_state(data) if data.exists() and holder(data) is not None else None
    if state is None:
        why, up = why_no_state(data), typed("up", data)
        msg = f"{why} on {data.path}; `{up}` starts it, --url names another place"
        raise ChatError(msg)
    return state["edge"], str(data.path)  # the port may be another one next time


def open_session(client: httpx.Client, place: Place, key: str, *, must_exist: bool) -> Session:
    """Sign in.

    Args:
        must_exist: don't make an account if there is none.

    Raises:
        ChatError: that doesn't work.
    """
    store = CredentialStore(config_dir(place.environ) / "credentials.json")
    if must_exist and store.load(key) is None and not place.environ.get("TODOCHAT_EMAIL"):
        msg = "nobody has signed in from here; set TODOCHAT_EMAIL and TODOCHAT_PASSWORD"
        raise ChatError(msg)
    session = Session(
        client,
        store,
        key,
        timezone=local_timezone(place.environ),
        say=say,
        ask_password=_ask_password if sys.stdin.isatty() else None,
    )
    session.open(place.environ)
    if session.has_made_account:
        _offer_browser(session)
    return session


def config_dir(environ: Mapping[str, str]) -> Path:
    """Return where the client keeps its files."""
    configured = environ.get("XDG_CONFIG_HOME")
    return Path(configured) / "todochat" if configured else Path(typer.get_app_dir("todochat"))


def say(text: str) -> None:
    """Tell the person something; answers go to standard output, this doesn't."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _offer_browser(session: Session) -> None:
    """Say how to use an account in a browser whose password nobody knows."""
    try:
        link = session.sign_in_link()
    except ChatError as error:
        say(f"it can't be used in a browser: {error}")
    else:
        say(f"to use it in a browser, too, open this once, within 10 minutes:\n  {link}")


def _ask_password(email: str) -> str:
    return getpass.getpass(f"password of {email}: ")
