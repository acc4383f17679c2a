"""The deployment that `todochat chat` and `todochat export` use: a URL, or the local stack."""

from collections.abc import Mapping
from pathlib import Path

import typer

from terminal_chat.errors import ChatError
from terminal_chat.sign_in import ClientContext
from todochat_local.data_dir import DataDir
from todochat_local.lock import launcher_pid
from todochat_local.shell_command import shell_command
from todochat_local.state import STARTING, missing_state_reason, read_state


def chat_target(url: str | None, data: DataDir, environ: Mapping[str, str]) -> ClientContext:
    """Return the deployment at `url`, or the local stack on `data`.

    Raises:
        ChatError: no local stack is running.
    """
    configured = environ.get("XDG_CONFIG_HOME")
    config_dir = (
        Path(configured) / "todochat" if configured else Path(typer.get_app_dir("todochat"))
    )
    if url:
        address = account_key = url.rstrip("/")
    else:
        state = read_state(data) if data.exists() and launcher_pid(data) is not None else None
        if state is None:
            reason = missing_state_reason(data)
            cure = f"`{shell_command('up', data)}` starts it"
            if reason == STARTING:
                cure = f"`{shell_command('status', data)}` shows when it is ready"
            msg = f"{reason} on {data.path}; {cure}, or pass --url for another deployment"
            raise ChatError(msg)
        # The account belongs to the data directory: the port can differ after a restart.
        address, account_key = state["edge"], str(data.path)
    return ClientContext(
        url=address, account_key=account_key, config_dir=config_dir, environ=environ
    )
