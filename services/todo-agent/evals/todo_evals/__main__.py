"""Plays the conversations and prints the results by category.

    python -m todo_evals [--model NAME --base-url URL] [--only TEXT] [--show]

Without a model it plays the offline assistant. The exit code is 1 if an unmarked case fails; with a
model, cases marked `needs: model` count, too. 2: a file of cases is invalid.
"""

import argparse
import asyncio
import os
import sys
import time
from collections import defaultdict
from typing import Final

import msgspec
from tasks_kit import migrated_database

from durable_chatkit.commands import MIGRATIONS
from todo_evals.cases import Case, CaseError, load_cases
from todo_evals.checks import differences, exact, lenient
from todo_evals.conversation import NoSuchButtonError, play
from todo_evals.stack import EvalStack, ModelChoice, open_stack
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.telemetry import logging as logs
from todochat.testing.servers import PostgresProcess, PostgresServer, ValkeyProcess

OK: Final = 0
FAILED: Final = 1
INVALID: Final = 2


class Result(msgspec.Struct):
    """The outcome of one case.

    Args:
        differs: what differs from its expectations; empty if it passes.
        replies: the text of each turn.
    """

    case: Case
    differs: list[str]
    replies: list[str]
    seconds: float


def counts(case: Case, choice: ModelChoice) -> bool:
    """Return whether a failure of the case is a failure of the evaluation."""
    return case.needs is None or bool(choice.model)


async def evaluate(stack: EvalStack, case: Case, choice: ModelChoice) -> Result:
    """Play a case and compare."""
    started = time.monotonic()
    replies: list[str] = []
    try:
        transcript = await play(stack, case)
        replies = [outcome.text for outcome in transcript.turns]
        differs = differences(case, transcript, lenient if choice.model else exact)
    except NoSuchButtonError as error:
        differs = [f"no card has the button {error}"]
    return Result(case, differs, replies, time.monotonic() - started)


async def evaluate_all(
    chat_urls: DatabaseUrls,
    tasks_urls: DatabaseUrls,
    redis_url: str,
    cases: list[Case],
    choice: ModelChoice,
) -> list[Result]:
    """Play all cases, one after another, since they share the clock."""
    async with open_stack(chat_urls, tasks_urls, redis_url, choice) as stack:
        return [await evaluate(stack, case, choice) for case in cases]


def report(results: list[Result], choice: ModelChoice, *, shows_replies: bool) -> None:
    """Print the failed cases, and a table of all by category."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.case.category].append(result)
        is_marked = not counts(result.case, choice)
        if not result.differs and not shows_replies and not is_marked:
            continue
        verdict = "FAILED" if result.differs else "passed"
        if is_marked and not result.differs:
            verdict = "passed without a model, though it's marked"
        if is_marked and result.differs:
            verdict = "failed, needs a model"
        print(f"{verdict}  {result.case.id}")
        for line in result.differs:
            print(f"    {line}")
        if shows_replies:
            said = zip(result.case.turns, result.replies, strict=False)
            for turn, reply in said:
                print(f"    > {turn.say or turn.click}\n    {reply}")
    width = max(len(name) for name in groups)
    print(f"\n{'category':{width}}  cases  passed  failed  needs a model  seconds")
    for name, group in [*groups.items(), ("all", results)]:
        failed = [each for each in group if each.differs]
        marked = sum(not counts(each.case, choice) for each in failed)
        seconds = sum(each.seconds for each in group)
        print(
            f"{name:{width}}  {len(group):5}  {len(group) - len(failed):6}"
            f"  {len(failed) - marked:6}  {marked:13}  {seconds:7.1f}"
        )


def main(arguments: list[str]) -> int:
    """Run the evaluation; return the exit code."""
    parser = argparse.ArgumentParser(prog="todo_evals", description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="", help="Name of a model; default: offline assistant.")
    parser.add_argument("--base-url", default="", help="URL of an OpenAI-compatible server.")
    parser.add_argument("--api", default="responses", choices=["responses", "chat_completions"])
    parser.add_argument("--only", default="", help="Only cases whose category or name has this.")
    parser.add_argument("--show", action="store_true", help="Print the replies of all cases.")
    given = parser.parse_args(arguments)
    try:
        cases = [case for case in load_cases() if given.only.casefold() in case.id.casefold()]
    except CaseError as error:
        print(error, file=sys.stderr)
        return INVALID
    if not cases:
        print(f"No case has {given.only!r} in its category or name.", file=sys.stderr)
        return INVALID
    key = os.environ.get("OPENAI_API_KEY", "")
    choice = ModelChoice(given.model, given.base_url, key if given.model else "", given.api)
    logs.CACHES_LOGGERS = False
    postgres, valkey = PostgresProcess(), ValkeyProcess()
    try:
        postgres.start()
        valkey.start()
        server = PostgresServer(postgres.admin_url)
        chat_urls = asyncio.run(server.create_database("chat"))
        run_migrations(chat_urls.owner, MIGRATIONS)
        tasks_urls = migrated_database(server)
        results = asyncio.run(evaluate_all(chat_urls, tasks_urls, valkey.url, cases, choice))
    finally:
        valkey.stop()
        postgres.stop()
    report(results, choice, shows_replies=given.show)
    failed = [each for each in results if each.differs and counts(each.case, choice)]
    return FAILED if failed else OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
