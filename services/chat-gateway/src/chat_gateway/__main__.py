"""Command line: `python -m chat_gateway serve`."""

import gc

if __name__ == "__main__":
    gc.disable()  # importing frees nothing; todochat.http.server.run turns it on again

import argparse
import os
from collections.abc import Sequence

import todochat.lean_imports  # noqa: F401 - before all others
from chat_gateway.app import create_app
from chat_gateway.lifespan import ARROWS
from chat_gateway.settings import ChatGatewaySettings
from todochat.faults import arm_fault_points
from todochat.http.server import exit_with, load_settings_or_exit, run
from todochat.identity.service_tokens import ServiceTokens
from todochat.settings import SettingsError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="chat-gateway", description=__doc__)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("serve", help="serve requests until SIGTERM")
    parser.parse_args(arguments)
    arm_fault_points(os.environ.get("TODOCHAT_FAULT_POINTS", ""))  # noqa: TID251
    settings = load_settings_or_exit(ChatGatewaySettings, os.environ)  # noqa: TID251 - only here
    try:
        ServiceTokens.from_settings(settings, *ARROWS)
        app = create_app(settings)
    except SettingsError as error:
        exit_with(str(error))
    run(app, settings, host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
