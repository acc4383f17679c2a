"""The commands of `todochat`; each imports its modules when it runs, so that the CLI starts fast."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from todochat_local.data_dir import DATA_DIR_VARIABLE, DEFAULT_DATA_DIR, DataDir

if TYPE_CHECKING:
    from terminal_chat.sign_in import ClientContext

# Each command has its own imports (PLC0415): those of `up` take 0.25 s, those of `chat` 0.5 s.

app: Final = typer.Typer(
    name="todochat",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DataDirOption = Annotated[
    Path, typer.Option("--data-dir", envvar=DATA_DIR_VARIABLE, help="Directory for all data.")
]
DEFAULT: Final = Path(DEFAULT_DATA_DIR)
PASS_ON: Final = {"allow_extra_args": True, "ignore_unknown_options": True}


def print_version(asked: bool) -> None:
    """Print the installed version and exit, if the option is given."""
    if asked:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(version("todochat-local"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Run a self-hosted ChatKit with a todo assistant on this machine."""


@app.command()
def up(
    context: typer.Context,
    data_dir: DataDirOption = DEFAULT,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port of the site; 0: any free port. Default: 8000 or the next free port.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Number of agent workers.")] = 1,
    gateways: Annotated[int, typer.Option(min=1, max=32, help="Number of chat gateways.")] = 1,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", "-d", help="Run in the background and return when ready; `down` stops it."
        ),
    ] = False,
    reload: Annotated[
        bool, typer.Option("--reload", help="Restart a service when its code changes.")
    ] = False,
) -> None:
    """Start the stack; Ctrl-C stops it."""
    from todochat_local.detach import start_detached  # noqa: PLC0415
    from todochat_local.plan import UpOptions  # noqa: PLC0415
    from todochat_local.python_process import python_command  # noqa: PLC0415

    options = UpOptions(
        data_dir=data_dir,
        port=port,
        workers=workers,
        gateways=gateways,
        reload=reload,
        environ=environ_of(context),
    )
    command = python_command("todochat_local.up", options.encode())
    if detach:
        raise typer.Exit(start_detached(command, options.environ))
    os.execve(command[0], command, options.environ)  # noqa: S606 - our own program


@app.command()
def down(data_dir: DataDirOption = DEFAULT) -> None:
    """Stop the stack."""
    from todochat_local.down import stop_launcher  # noqa: PLC0415

    raise typer.Exit(stop_launcher(DataDir(data_dir), typer.echo))


@app.command()
def status(
    data_dir: DataDirOption = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the state of every service; exit with 1 unless all are ready."""
    from todochat_local.status import show_status  # noqa: PLC0415

    raise typer.Exit(show_status(DataDir(data_dir), as_json=as_json))


@app.command()
def logs(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A process, such as tasks. Default: all.")
    ] = None,
    data_dir: DataDirOption = DEFAULT,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep following new log lines.")
    ] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="Number of lines from each log.")
    ] = 50,
) -> None:
    """Show the logs of the processes."""
    from todochat_local.logs import show_logs  # noqa: PLC0415

    color = sys.stdout.isatty() and "NO_COLOR" not in environ_of(context)
    raise typer.Exit(show_logs(DataDir(data_dir), name, follow=follow, lines=lines, color=color))


@app.command()
def doctor(
    context: typer.Context,
    data_dir: DataDirOption = DEFAULT,
    origin: Annotated[
        str | None,
        typer.Option("--origin", help="Check whether pages of an origin may use the chat."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Deployment for --origin. Default: the local stack."),
    ] = None,
) -> None:
    """Check whether this machine can run the stack, and which pages it rejects."""
    from todochat_local.doctor import run_doctor  # noqa: PLC0415

    environ = environ_of(context)
    raise typer.Exit(run_doctor(DataDir(data_dir), environ, typer.echo, origin=origin, url=url))


@app.command()
def reset(
    data_dir: DataDirOption = DEFAULT,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")] = False,
) -> None:
    """Delete all data: accounts, chats, tasks."""
    from todochat_local.reset import delete_data  # noqa: PLC0415

    data = DataDir(data_dir)
    if data.exists() and not yes:
        typer.confirm(f"Delete {data.path} with all accounts, chats and tasks?", abort=True)
    raise typer.Exit(delete_data(data, typer.echo))


@app.command(context_settings=PASS_ON, add_help_option=False)
def admin(context: typer.Context, data_dir: DataDirOption = DEFAULT) -> None:
    """Administer the running stack.

    See `admin user --help`, `admin usage --help` and `admin threads import --help`.
    """
    from todochat_local.admin import run_admin  # noqa: PLC0415

    raise typer.Exit(run_admin(DataDir(data_dir), environ_of(context), context.args))


@app.command()
def chat(
    context: typer.Context,
    message: Annotated[
        list[str] | None,
        typer.Argument(help="Send this message and exit. Default: start a conversation."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(envvar="TODOCHAT_URL", help="URL of a deployment. Default: the local stack."),
    ] = None,
    data_dir: DataDirOption = DEFAULT,
    raw: Annotated[bool, typer.Option("--raw", help="Print the raw frames of the stream.")] = False,
    link: Annotated[
        bool,
        typer.Option(
            "--link", help="Print a single-use link that signs you in to a browser, and exit."
        ),
    ] = False,
) -> None:
    """Chat with the assistant.

    The first use creates an account. To use an existing one, set TODOCHAT_EMAIL and
    TODOCHAT_PASSWORD; in a terminal the client prompts for the password.
    """
    from terminal_chat.command import ChatOptions, run_chat  # noqa: PLC0415

    options = ChatOptions(
        message=" ".join(message) if message else None,
        raw=raw,
        link=link,
        context=client_context(context, url, data_dir),
    )
    raise typer.Exit(run_chat(options))


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="File for the JSON document.")],
    url: Annotated[
        str | None,
        typer.Option(envvar="TODOCHAT_URL", help="URL of a deployment. Default: the local stack."),
    ] = None,
    data_dir: DataDirOption = DEFAULT,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Export all data stored about you to a file."""
    from terminal_chat.export import ExportOptions, run_export  # noqa: PLC0415

    options = ExportOptions(file=file, force=force, context=client_context(context, url, data_dir))
    raise typer.Exit(run_export(options))


def client_context(context: typer.Context, url: str | None, data_dir: Path) -> "ClientContext":
    """Return the deployment for a client command; exit with 1 if no stack is running."""
    from terminal_chat.errors import ChatError  # noqa: PLC0415
    from todochat_local.chat_target import chat_target  # noqa: PLC0415

    try:
        return chat_target(url, DataDir(data_dir), environ_of(context))
    except ChatError as error:
        typer.echo(f"todochat: {error}", err=True)
        raise typer.Exit(1) from error


def environ_of(context: typer.Context) -> Mapping[str, str]:
    """Return the environment that `__main__` read."""
    return cast("Mapping[str, str]", context.obj)
