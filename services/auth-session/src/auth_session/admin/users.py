"""`admin user`: accounts."""

import argparse
from typing import Any

from auth_session.admin.terminal import confirm, read_password, say
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
        "list", help="id, e-mail address, creation, name and state of every account"
    )
    listing.set_defaults(run=list_users)
    _add_changes(actions)


def _add_changes(actions: "argparse._SubParsersAction[Any]") -> None:
    """Add what is done to one account, which is named by its id or e-mail address."""
    for name, run, text in (
        ("disable", disable_user, "refuse an account, and end its sessions and access tokens"),
        ("enable", enable_user, "let a disabled account sign in again"),
        (
            "reset-password",
            reset_password,
            "end an account's sessions and access tokens, and print a new password",
        ),
        ("delete", delete_user, "erase an account with all its tasks and chats"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("who", metavar="ID_OR_EMAIL")
        action.set_defaults(run=run)
    actions.choices["delete"].add_argument(
        "--yes", action="store_true", help="don't ask, there is nobody to answer"
    )


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
        state = "enabled" if user.disabled_at is None else "disabled"
        say(user.id, user.email or "-", to_wire(user.created_at), user.name or "-", state)


async def disable_user(services: Services, arguments: argparse.Namespace) -> None:
    """Disable an account and print its id."""
    user = await services.account_admin.find(arguments.who)
    await services.account_admin.disable(user.id)
    say(user.id)


async def enable_user(services: Services, arguments: argparse.Namespace) -> None:
    """Enable an account and print its id."""
    user = await services.account_admin.find(arguments.who)
    await services.account_admin.enable(user.id)
    say(user.id)


async def reset_password(services: Services, arguments: argparse.Namespace) -> None:
    """Print an account's new password."""
    user = await services.account_admin.find(arguments.who)
    say(await services.account_admin.reset_password(user.id))


async def delete_user(services: Services, arguments: argparse.Namespace) -> None:
    """Erase an account and print its id."""
    user = await services.account_admin.find(arguments.who)
    if not arguments.yes:
        confirm(f"Erase {user.email or user.id} with all tasks and chats?")
    await services.account_admin.erase(user.id)
    say(user.id)
