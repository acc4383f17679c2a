"""docs/architecture.md lists the modules that one message passes through, all of them, in order.

A module is on the list if it hands the message on: while a message adds a task, code of it calls
code of another of our modules. Calls of `SUPPORT` don't count, and calls that happen without a
message (polls, renewals) don't either. `SHELL` is what every request of every service uses.
"""

import ast
import asyncio
import os
import re
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from functools import cache, partial
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import httpx
import msgspec
import psutil
import pytest

from stack_kit import Stack, run_stack
from todochat.testing import wait_until
from todochat.testing.person import Person, message

ROOT = Path(__file__).parents[1]
RECORDER = ROOT / "tests/journey"
PAGE = ROOT / "docs/architecture.md"
SECTION = "## The modules it passes through"
MAX_MODULES = 55
IDLE_S = 3.0  # longer than each poll

SUPPORT = re.compile(
    r"todochat\.(background|clock|errors|faults|ids|settings|surrogates|telemetry|visible_text)\b"
    r"|.*\.(keys|domain|zones)\b"
    # Redis and PostgreSQL, as if through redis-py and SQLAlchemy.
    r"|todochat\.bus\.(connection|reply_reader|run_log)\b|todochat\.database\b"
)
SHELL = re.compile(r"todochat\.(contracts|http|identity)\b")
# The heading of each process's list, and the command that starts it.
PROCESSES = {
    "chat-gateway": ("chat_gateway", "serve"),
    "todo-agent api": ("todo_agent", "api"),
    "todo-agent worker": ("todo_agent", "worker"),
    "tasks": ("tasks_service", "serve"),
}

OURS = (
    "chat_gateway",
    "durable_chatkit",
    "task_tools",
    "tasks_service",
    "todo_agent",
    "todochat",
)
# Modules that put a process together; they run before any message.
WIRING = {
    "chat-gateway": ["chat_gateway.app", "chat_gateway.lifespan", "chat_gateway.services"],
    "todo-agent api": [
        "durable_chatkit.app",
        "durable_chatkit.lifespan",
        "durable_chatkit.services",
    ],
    "todo-agent worker": ["durable_chatkit.worker.main", "durable_chatkit.worker.databases"],
    "tasks": ["tasks_service.app", "tasks_service.lifespan", "tasks_service.services"],
}
ENTRIES = {"todo_agent.assistant"}  # found by the name of its factory
# Timers, of a run in progress or of the process, which a slow turn includes.
TIMERS = {
    "chat_gateway.streams.sign_out_watcher",
    "durable_chatkit.worker.leases",
    "durable_chatkit.worker.run_handle",
}

# What follows a complete answer: the card with Undo; the section ends with it.
AFTER_ANSWER = {
    "durable_chatkit.agent.actions",
    "durable_chatkit.worker.action_stream",
    "tasks_service.http.history_controller",
    "tasks_service.service.entity_kinds",
    "tasks_service.service.history_service",
    "todo_agent.confirmations",
    "todo_agent.undo_cards",
}

Journey = dict[str, list[str]]


class Recording(msgspec.Struct):
    """Calls between modules in one process."""

    command: tuple[str, str]
    calls: list[tuple[str, str]]


def documented_journey() -> Journey:
    """Return the modules that the page lists for each process, in its order."""
    _, _, section = PAGE.read_text().partition(f"{SECTION}\n")
    section, _, _ = section.partition("\n## ")
    journey: Journey = {}
    modules: list[str] = []
    for line in section.splitlines():
        if heading := re.fullmatch(r"### (.+)", line):
            modules = journey.setdefault(heading[1], [])
        elif entry := re.match(r"\d+\. `([\w.]+)`: \S", line):
            modules.append(entry[1])
    return journey


def imports_of(module: str) -> set[str]:
    """Return a module's imports, including those through one module outside the journey."""
    names = imported_names(module)
    return names.union(*(imported_names(name) for name in names if is_module(name)))


def is_module(name: str) -> bool:
    """Return whether a name is one of our modules."""
    return spec_of(name) is not None


def is_package(name: str) -> bool:
    """Return whether a name is one of our packages."""
    spec = spec_of(name)
    return spec is not None and spec.submodule_search_locations is not None


@cache
def spec_of(name: str) -> ModuleSpec | None:
    """Return the spec of one of our modules; None for any other."""
    if not name.startswith(OURS):
        return None
    try:
        return find_spec(name)
    except ModuleNotFoundError:
        return None


@cache
def imported_names(module: str) -> set[str]:
    """Return the names in a module's import statements: of modules, and of their members."""
    spec = find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    names = set()
    for node in ast.walk(ast.parse(Path(spec.origin).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    # A package represents the modules whose names it re-exports.
    packages = {name for name in names if is_package(name) and name != module}
    return names.union(*(imported_names(name) for name in packages))


@pytest.fixture(scope="module")
def recordings() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="journey-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def stack(recordings: Path) -> Iterator[Stack]:
    variables = {"PYTHONPATH": str(RECORDER), "JOURNEY_DIR": str(recordings)}
    yield from run_stack("journey", variables)


async def record(recordings: Path, work: Callable[[], Awaitable[None]]) -> list[Recording]:
    """Return what the processes of the stack recorded during `work`."""
    pids = [pid for pid in psutil.pids() if is_recorder(pid, recordings)]
    assert len(pids) == len(PROCESSES)
    files = [recordings / f"{pid}.json" for pid in pids]
    for file in files:
        file.unlink(missing_ok=True)
    for pid in pids:
        os.kill(pid, signal.SIGUSR1)
    await work()
    for pid in pids:
        os.kill(pid, signal.SIGUSR2)
    await wait_until(lambda: all(file.exists() for file in files))
    return [msgspec.json.decode(file.read_bytes(), type=Recording) for file in files]


def is_recorder(pid: int, recordings: Path) -> bool:
    """Return whether a process belongs to the stack and handles the message."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        variables = process.environ() if "-m" in command else {}
    except psutil.Error:
        return False
    if variables.get("JOURNEY_DIR") != str(recordings):
        return False
    module = command.index("-m") + 1
    return tuple(command[module : module + 2]) in PROCESSES.values()


@pytest.mark.slow
async def test_architecture_lists_each_module_that_hands_a_message_on(
    stack: Stack, recordings: Path
) -> None:
    async with httpx.AsyncClient(base_url=stack.edge, timeout=30) as client:
        person = await Person.sign_up(client)

        async def add_task() -> None:
            async with person.stream(message("add buy milk tomorrow at 5pm")) as stream:
                await stream.rest()

        await add_task()  # fills caches: keys, connections, compiled statements
        idle = await record(recordings, partial(asyncio.sleep, IDLE_S))
        turns = [calls_beyond(idle, await record(recordings, add_task)) for _ in range(3)]

    # A timer may run another module during one turn, but not during each.
    for process, modules in documented_journey().items():
        in_each = set.intersection(*(set(turn[process]) for turn in turns))
        in_some = set.union(*(set(turn[process]) for turn in turns))
        missing = in_each - set(modules) - TIMERS - AFTER_ANSWER
        assert missing == set(), f"{PAGE.name} misses modules of {process}"
        assert set(modules) - in_some == set(), f"not on the way through {process}"


def calls_beyond(idle: list[Recording], turn: list[Recording]) -> Journey:
    """Return the modules of each process that called another one for the message."""
    background = {call for recording in idle for call in recording.calls}
    return {
        name: list(
            dict.fromkeys(
                caller
                for recording in turn
                if recording.command == command
                for caller, called in recording.calls
                if caller and (caller, called) not in background
                if not SUPPORT.match(called) and not SUPPORT.match(caller)
                if not SHELL.match(caller)
            )
        )
        for name, command in PROCESSES.items()
    }


def test_journey_reads_in_the_order_of_its_imports() -> None:
    for process, modules in documented_journey().items():
        for position, module in enumerate(modules[1:], start=1):
            above = {*modules[:position], *WIRING[process]}
            is_imported = any(module in imports_of(other) for other in above)
            assert is_imported or module in ENTRIES, f"{process}: nothing above imports {module}"


def test_page_names_what_follows_the_answer() -> None:
    page = PAGE.read_text()

    assert {module for module in AFTER_ANSWER if f"`{module}`" not in page} == set()


def test_journey_stays_short() -> None:
    modules = {module for modules in documented_journey().values() for module in modules}

    assert 40 < len(modules) <= MAX_MODULES
