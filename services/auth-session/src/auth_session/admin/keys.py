"""`admin keys`: the signing keys."""

import argparse
from typing import Any

from auth_session.admin.terminal import print_fields
from auth_session.services import Services
from todochat.clock import to_wire


def add_to(subjects: "argparse._SubParsersAction[Any]") -> None:
    """Add the subject `keys` and its actions."""
    actions = subjects.add_parser("keys", help="signing keys").add_subparsers(required=True)
    listing = actions.add_parser(
        "list", help="print the ID, state, creation and end of publication of every published key"
    )
    listing.set_defaults(run=list_keys)
    rotate = actions.add_parser(
        "rotate", help="sign with the next key from now on; running services follow automatically"
    )
    rotate.add_argument(
        "--now",
        action="store_true",
        help="rotate even if some services may not have loaded the next key yet",
    )
    rotate.set_defaults(run=rotate_keys)


async def list_keys(services: Services, _arguments: argparse.Namespace) -> None:
    """Print a line for each published key."""
    for key in await services.key_rotation.list_published_keys():
        until = "-" if key.published_until is None else to_wire(key.published_until)
        print_fields(key.kid, key.state, to_wire(key.created_at), until)


async def rotate_keys(services: Services, arguments: argparse.Namespace) -> None:
    """Rotate the keys and print the ID of the key that signs from now on."""
    print_fields(await services.key_rotation.rotate_keys(at_once=arguments.now))
