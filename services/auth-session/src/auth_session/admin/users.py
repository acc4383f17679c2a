"""`admin user`: accounts."""

import argparse
from typing import Any

from auth_session.admin.terminal import confirm, print_fields, read_password
from auth_session.service.account_service import NewAccount
from auth_session.services import Services
from todochat.clock import to_wire


def add_to(subjects: "argparse._SubParsersAction[Any]") -> None:
    """Add the subject `user` and its actions."""
    actions = subjects.add_parser("user", help="accounts").add_subparsers(required=True)
    create = actions.add_parser(
        "create",
        help="create an account; prompts for the password, or reads it from standard input",
    )
    create.add_argument("--email", required=True)
    create.add_argument("--name")
    create.set_defaults(run=create_user)
    invite = actions.add_parser("invite", help="print the code of an invitation to sign up once")
    invite.add_argument("--email", help="the only address the invitation is valid for")
    invite.set_defaults(run=invite_user)
    listing = actions.add_parser(
        "list", help="print the ID, e-mail address, creation, name and state of every account"
    )
    listing.set_defaults(run=list_users)
    for name, run, text in (
        ("disable", disable_user, "disable an account, and revoke its sessions and access tokens"),
        ("enable", enable_user, "enable a disabled account"),
        (
            "reset-password",
            reset_password,
            "print a new password, and revoke the account's sessions and access tokens",
        ),
        ("delete", delete_user, "erase an account with all its tasks and chats"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("who", metavar="ID_OR_EMAIL")
        action.set_defaults(run=run)
    actions.choices["delete"].add_argument(
        "--yes", action="store_true", help="skip the confirmation"
    )


async def create_user(services: Services, arguments: argparse.Namespace) -> None:
    """Create an account and print its ID."""
    account = NewAccount(email=arguments.email, password=read_password(), name=arguments.name)
    user = await services.accounts.create_account(account)
    print_fields(user.id)


async def invite_user(services: Services, arguments: argparse.Namespace) -> None:
    """Create an invitation and print its code."""
    print_fields(await services.accounts.create_invitation(arguments.email))


async def list_users(services: Services, _arguments: argparse.Namespace) -> None:
    """Print a line for each account."""
    async for user in services.accounts.iterate_accounts():
        state = "enabled" if user.disabled_at is None else "disabled"
        print_fields(user.id, user.email or "-", to_wire(user.created_at), user.name or "-", state)


async def disable_user(services: Services, arguments: argparse.Namespace) -> None:
    """Disable an account and print its ID."""
    user = await services.account_admin.find_account(arguments.who)
    await services.account_admin.disable_account(user.id)
    print_fields(user.id)


async def enable_user(services: Services, arguments: argparse.Namespace) -> None:
    """Enable an account and print its ID."""
    user = await services.account_admin.find_account(arguments.who)
    await services.account_admin.enable_account(user.id)
    print_fields(user.id)


async def reset_password(services: Services, arguments: argparse.Namespace) -> None:
    """Reset an account's password and print the new one."""
    user = await services.account_admin.find_account(arguments.who)
    print_fields(await services.account_admin.reset_password(user.id))


async def delete_user(services: Services, arguments: argparse.Namespace) -> None:
    """Erase an account and print its ID."""
    user = await services.account_admin.find_account(arguments.who)
    if not arguments.yes:
        confirm(f"Erase {user.email or user.id} with all tasks and chats?")
    await services.account_admin.erase_account(user.id)
    print_fields(user.id)
