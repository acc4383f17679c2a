"""Measures the offline assistant on utterances written by people.

    python tests/evals/offline_eval.py UTTERANCES.jsonl [--show EXPECTED:DONE ...] [--at ISO]

Each line of the file is an object with `text` and `expect`: create, read, delete or none. The tools
behave as if everything existed: one task has all the words of the utterance in its title, and every
name in the utterance is a list, so each command gets as far as it can. The outcome is one of:

    create, delete, update   a call that changes something (update: complete, reopen, change)
    asks create/delete       a question whose reply leads to such a call ("What should I add?")
    read                     only find_tasks or find_lists
    nothing                  no call

A create, delete or update is a violation if the expectation is read or none, since a question never
changes anything. The exit code is 1 if there are more than --allow violations.

Data of this form: NLU-Evaluation-Data (Liu, Eshghi, Swietojanski, Rieser, "Benchmarking Natural
Language Understanding Services for building Conversational Agents", IWSDS 2019; CC BY 4.0).
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from offline_assistant.conversation import CALL_ID_PREFIX
from offline_assistant.instructed_clock import read_clock
from offline_assistant.model import decide
from offline_assistant.prompts import Prompt, find_prompt
from offline_assistant.tool_calls import FunctionCall
from task_phrases.clock import Clock

KINDS = {
    "add_task": "create",
    "save_list": "create",
    "delete_tasks": "delete",
    "change_tasks": "update",
    "undo": "update",
    "answer_pending": "update",
    "delete_list": "read",  # it shows a card
    "find_tasks": "read",
    "find_lists": "read",
}
ASKS = {
    Prompt.TITLE: "asks create",
    Prompt.LIST_NAME: "asks create",
    Prompt.OFFER: "asks create",
    Prompt.CONFIRM: "asks delete",
    Prompt.WHICH: "asks delete",
    Prompt.WHICH_LIST: "asks delete",
    Prompt.NEW_TITLE: "asks update",
    Prompt.NEW_DATE: "asks update",
}
COLUMNS = [
    "create",
    "asks create",
    "delete",
    "asks delete",
    "update",
    "asks update",
    "read",
    "nothing",
]
ROWS = ["create", "read", "delete", "none"]
CHANGES = ("create", "delete", "update")
MAX_STEPS = 20


def result_of(call: FunctionCall, text: str) -> dict[str, Any]:
    """Return a result as if exactly the tasks and lists of the utterance existed."""
    if call.name == "delete_list" or call.arguments.get("ask"):
        return {"ok": False, "code": "waiting-for-confirmation"}
    if call.name in {"find_lists", "save_list"}:
        lists = [{"name": name, "open_tasks": 1} for name in names_in(text)]
        return {"ok": True, "lists": lists}
    is_done = call.arguments.get("filter") == "status = completed"
    task = {"number": 1, "title": text, "completed": is_done}
    return {"ok": True, "task": task, "tasks": [task], "total": 1}


def names_in(text: str) -> list[str]:
    """Return all runs of up to five words of a text."""
    words = text.split()
    starts = range(len(words))
    return [" ".join(words[start : start + size]) for start in starts for size in range(1, 6)]


def run_dialogue(text: str, clock: Clock) -> tuple[list[str], Prompt | None]:
    """Send a text to the assistant; return the tools it called, and the prompt at the end."""
    items: list[dict[str, Any]] = [{"role": "user", "content": text}]
    called: list[str] = []
    for _ in range(MAX_STEPS):
        step = decide(items, clock)
        if not step.calls:
            return called, find_prompt(step.text)
        for call in step.calls:
            call_id = f"{CALL_ID_PREFIX}{len(items)}"
            # A call that asks first shows a card, and changes nothing.
            called.append("delete_list" if call.arguments.get("ask") else call.name)
            items.append({"type": "function_call", "call_id": call_id, "name": call.name})
            output = json.dumps(result_of(call, text))
            items.append({"type": "function_call_output", "call_id": call_id, "output": output})
    raise RuntimeError(text)


def outcome(text: str, clock: Clock) -> str:
    called, prompt = run_dialogue(text, clock)
    kinds = {KINDS[name] for name in called}
    change = next((kind for kind in CHANGES if kind in kinds), None)
    if change is None and prompt is not None:
        return ASKS[prompt]
    return change or ("read" if kinds else "nothing")


def read_utterances(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            utterance = json.loads(line)
            yield utterance["text"], utterance["expect"]


def table(counts: Counter[tuple[str, str]]) -> str:
    lines = [f"{'expected':10}" + "".join(f"{column:>13}" for column in COLUMNS)]
    for row in ROWS:
        cells = "".join(f"{counts[row, column]:>13}" for column in COLUMNS)
        lines.append(f"{row:10}{cells}")
    return "\n".join(lines)


def share(counts: Counter[tuple[str, str]], row: str, *columns: str) -> str:
    total = sum(counts[row, column] for column in COLUMNS) or 1
    return f"{sum(counts[row, column] for column in columns) / total:.1%}"


def report(counts: Counter[tuple[str, str]], violations: list[str]) -> str:
    asked = {kind: share(counts, kind, kind, f"asks {kind}") for kind in ("create", "delete")}
    lines = [
        table(counts),
        "",
        f"create: {share(counts, 'create', 'create')} done, {asked['create']} done or asked about",
        f"delete: {share(counts, 'delete', 'delete')} done, {asked['delete']} done or asked about",
        f"read:   {share(counts, 'read', 'read')} answered from the tasks",
        f"changes where none was wanted: {len(violations)}",
        *violations,
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure the offline assistant.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--show", nargs="*", default=[], metavar="EXPECTED:DONE")
    parser.add_argument(
        "--at", default="2026-11-23T09:30:00+00:00", help="current time of the assistant"
    )
    parser.add_argument("--allow", type=int, default=0, help="number of tolerated violations")
    options = parser.parse_args(arguments)
    clock = read_clock(f"Now: {options.at}\n", datetime.now(UTC))
    counts: Counter[tuple[str, str]] = Counter()
    violations = []
    for text, expected in read_utterances(options.path):
        done = outcome(text, clock)
        counts[expected, done] += 1
        if expected in {"read", "none"} and done in CHANGES:
            violations.append(f"  {expected} but {done}: {text}")
        if f"{expected}:{done}" in options.show:
            sys.stdout.write(f"{expected}:{done}  {text}\n")
    sys.stdout.write(report(counts, violations))
    return 1 if len(violations) > options.allow else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
