"""`admin keys`: the keys that sign tokens."""

import argparse
from typing import Any

from auth_session.admin.terminal import say
from auth_session.lifespan import Services
from todochat.clock import to_wire


def add_to(subjects: "argparse._SubParsersAction[Any]") -> None:
    """Add the subject and its actions."""
    actions = subjects.add_parser("keys", help="signing keys").add_subparsers(required=True)
    listing = actions.add_parser(
        "list", help="id, state, creation and end of publication of every published key"
    )
    listing.set_defaults(run=list_keys)
    rotate = actions.add_parser(
        "rotate", help="sign with the next key from now on; running services follow by themselves"
    )
    rotate.add_argument(
        "--now",
        action="store_true",
        help="even if the next key was published too recently for every service to know it",
    )
    rotate.set_defaults(run=rotate_keys)


async def list_keys(services: Services, _arguments: argparse.Namespace) -> None:
    """Print a line for each published key."""
    for key in await services.key_rotation.states():
        until = "-" if key.published_until is None else to_wire(key.published_until)
        say(key.kid, key.state, to_wire(key.created_at), until)


async def rotate_keys(services: Services, arguments: argparse.Namespace) -> None:
    """Rotate and print the id of the key that signs from now on."""
    say(await services.key_rotation.rotate(at_once=arguments.now))
