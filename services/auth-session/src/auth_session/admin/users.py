"""`admin user`: accounts."""

import argparse
from typing import Any

from auth_session.admin.terminal import read_password, say
from auth_session.lifespan import Services
from auth_session.service.account_service import NewAccount
from todochat.clock import to_wire


def add_to(subjects: "argparse._SubParsersAction[Any]") -> None:
    """Add the subject and its actions."""
    actions = subjects.add_parser("user", help="accounts").add_subparsers(required=True)
    create = actions.add_parser(
        "create", help="make an account; the password is asked for, or read from standard input"
    )
    create.add_argument("--email", required=True)
    create.add_argument("--name")
    create.set_defaults(run=create_user)
    invite = actions.add_parser("invite", help="print a code that lets one person sign up")
    invite.add_argument("--email", help="the only address the code holds for")
    invite.set_defaults(run=invite_user)
    listing = actions.add_parser(
        "list", help="id, e-mail address, creation and name of every account"
    )
    listing.set_defaults(run=list_users)


async def create_user(services: Services, arguments: argparse.Namespace) -> None:
    """Make an account and print its id."""
    account = NewAccount(email=arguments.email, password=read_password(), name=arguments.name)
    user = await services.accounts.create(account)
    say(user.id)


async def invite_user(services: Services, arguments: argparse.Namespace) -> None:
    """Print an invitation's code."""
    say(await services.accounts.invite(arguments.email))


async def list_users(services: Services, _arguments: argparse.Namespace) -> None:
    """Print a line for each account."""
    async for user in services.accounts.all():
        say(user.id, user.email or "-", to_wire(user.created_at), user.name or "-")
