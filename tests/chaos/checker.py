"""Decides from a seed's history whether every promise was kept: a pure function."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from chaos.effects import check_changes, check_tasks
from chaos.history import (
    History,
    PlannedTurn,
    SeenFrame,
    SeenTurn,
    StoredRun,
    TurnId,
)
from chaos.violation import Violation

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
LOST: Final = frozenset({"not ended", "failed", "lost task", "lost answer", "cut off"})
DOUBLED: Final = frozenset({"doubled run", "doubled task", "doubled answer", "repeated frame"})
_DELTA: Final = "assistant_message.content_part.text_delta"
# After these, a log may be gone permanently: 410 reports it, and the client has the thread's items.
_TAKES_LOGS: Final = frozenset({"valkey flush", "valkey kill, last second lost"})


def check(history: History) -> list[Violation]:
    """Return every violation; empty if all promises were kept."""
    found: list[Violation] = []
    plans = {plan.turn_id: plan for plan in history.plans}
    runs: dict[str, list[StoredRun]] = {}
    for run in history.runs:
        runs.setdefault(run.key, []).append(run)
    for turn in history.turns:
        found += _check_frames(turn)
        found += _check_words(turn)
        found += _check_outcome(turn, plans[turn.turn_id], runs.get(turn.key, []), history)
        found += _check_stored_answers(turn, plans[turn.turn_id], runs.get(turn.key, []), history)
    for turn in _last_turns(history.turns):
        found += _check_view(turn, history)
    found += check_tasks(history)
    found += check_changes(history, runs)
    found += _check_model(history, runs)
    found += _check_notes(history, runs)
    found += _check_leaks(history)
    found += [Violation("harness", f"seed {history.seed}", text) for text in history.problems]
    return found


def _check_frames(turn: SeenTurn) -> Iterator[Violation]:
    """Check that `seq` rises by one, gaps only before a snapshot, and nothing follows the end."""
    where, last = str(turn.turn_id), 0
    has_ended = False
    for frame in turn.frames:
        if has_ended:
            yield Violation("repeated frame", where, f"{_name(frame)} after the end marker")
        elif frame.seq <= last:
            yield Violation("repeated frame", where, f"{_name(frame)} after {last}")
        elif frame.seq != last + 1 and frame.kind != "snapshot":
            yield Violation("gap", where, f"{_name(frame)} after {last}, without `: snapshot`")
        last = max(last, frame.seq)
        has_ended = has_ended or frame.kind == "end"
    if turn.ended in ENDED and not has_ended:
        yield Violation("cut off", where, "it ended without an end marker")


def _check_words(turn: SeenTurn) -> Iterator[Violation]:
    """Check that streamed text is a prefix of the final text and is streamed once.

    An item whose `done` alone was repeated after a takeover may lack words, but repeats none.
    """
    where = str(turn.turn_id)
    words: dict[str, str] = {}
    for frame in turn.frames:
        if frame.kind == "snapshot":
            words.clear()
        event = frame.event
        match event.get("type"):
            case "thread.item.added":
                if words.get(event["item"]["id"]):
                    yield Violation("doubled answer", where, f"{_name(frame)} repeats an item")
                words.setdefault(event["item"]["id"], "")
            case "thread.item.updated" if event["update"]["type"] == _DELTA:
                if event["item_id"] in words:
                    words[event["item_id"]] += event["update"]["delta"]
            case "thread.item.removed":
                words.pop(event["item_id"], None)
            case "thread.item.done":
                text = words.pop(event["item"]["id"], "")
                if text and not _text(event["item"]).startswith(text):
                    yield Violation("differs", where, f"{text!r} became {_text(event['item'])!r}")


def _check_outcome(
    turn: SeenTurn, plan: PlannedTurn, runs: list[StoredRun], history: History
) -> Iterator[Violation]:
    """Check that an accepted turn has one closed run, completed or stopped, known to the client."""
    where = str(turn.turn_id)
    if not runs:
        if turn.run_id:
            yield Violation("not ended", where, f"run {turn.run_id} is not stored")
        else:
            yield Violation("refused", where, f"{turn.ended or 'never accepted'}, {_state(turn)}")
        return
    run = runs[0]
    if len(runs) > 1:
        yield Violation("doubled run", where, f"{len(runs)} runs for one key")
    if turn.run_id not in {"", run.run_id}:
        yield Violation("doubled run", where, f"the client received {turn.run_id}")
    if run.status not in ENDED or not run.is_closed or run.has_lease:
        state = f"{run.status}, closed {run.is_closed}, leased {run.has_lease}"
        yield Violation("not ended", where, f"the run is {state}, after attempt {run.attempt}")
    elif run.status not in {"completed", "cancelled" if plan.stopped_after else "completed"}:
        yield Violation("failed", where, f"{run.status} {run.error} after {run.crashes} crashes")
    yield from _check_end_delivered(turn, run, history)


def _check_end_delivered(turn: SeenTurn, run: StoredRun, history: History) -> Iterator[Violation]:
    """Check that the client received the run's outcome."""
    where = str(turn.turn_id)
    if not turn.ended:
        yield Violation("cut off", where, f"the client never saw the end, {_state(turn)}")
    elif turn.ended == "expired":
        if not any(fault.kind in _TAKES_LOGS for fault in history.faults):
            yield Violation("cut off", where, "410 though no log was taken away")
    elif turn.ended != run.status:
        yield Violation("differs", where, f"client: {turn.ended}, stored: {run.status}")
    errors = [frame.event for frame in turn.frames if frame.event.get("type") == "error"]
    if errors and run.status == "completed":
        yield Violation("failed", where, f"it completed, but the client received {errors}")


def _state(turn: SeenTurn) -> str:
    return f"{len(turn.frames)} frames, {turn.broken} broken, refused {turn.refusals[-3:]}"


def _check_stored_answers(
    turn: SeenTurn, plan: PlannedTurn, runs: list[StoredRun], history: History
) -> Iterator[Violation]:
    """Check that model output is stored once, in order; of a stopped turn, the streamed part."""
    if not runs:
        return
    where, is_whole = str(turn.turn_id), runs[0].status == "completed"
    stored = [
        text
        for item in history.items.get(runs[0].thread_id, [])
        if item["type"] == "assistant_message" and _is_of(text := _text(item), turn.turn_id)
    ]
    owners = [_owner(text, plan.texts, is_whole=is_whole) for text in stored]
    for text in plan.texts:
        if owners.count(text) > 1:
            yield Violation("doubled answer", where, f"{text!r} is stored more than once: {stored}")
        elif text not in owners and is_whole:
            yield Violation("lost answer", where, f"{text!r} is not stored, but {stored}")
    if "" in owners:
        yield Violation("differs", where, f"some of this was never streamed completely: {stored}")
    elif owners != sorted(owners, key=plan.texts.index):
        yield Violation("differs", where, f"stored in another order: {stored}")


def _owner(stored: str, texts: list[str], *, is_whole: bool) -> str:
    """Return the message whose text or prefix is stored; "" if there is none."""
    for text in texts:
        if text == stored or (not is_whole and text.startswith(stored)):
            return text
    return ""


def _is_of(text: str, turn_id: TurnId) -> bool:
    return text.startswith((f"{turn_id} begins", f"{turn_id} ends"))


def _check_view(turn: SeenTurn, history: History) -> Iterator[Violation]:
    """Check that the client shows the stored items after its last turn."""
    if not turn.ended:
        return  # reported elsewhere
    stored = history.items.get(turn.thread_id, [])
    ids = [item["id"] for item in stored]
    where = str(turn.turn_id)
    if list(turn.view) != ids:
        yield Violation("differs", where, f"items seen {list(turn.view)}, stored {ids}")
    for item in stored:
        seen = turn.view.get(item["id"])
        if seen is not None and _content(seen) != _content(item):
            yield Violation("differs", where, f"seen {_content(seen)}, stored {_content(item)}")


def _content(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item's visible content, its creation time, and whether it is done."""
    names = ("type", "created_at", "content", "widget", "workflow", "task", "open")
    return {name: item[name] for name in names if item.get(name) is not None}


def _text(item: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in item["content"])


def _last_turns(turns: list[SeenTurn]) -> list[SeenTurn]:
    """Return the last turn of each conversation in each participating tab."""
    last = {turn.turn_id.conversation: turn.turn_id for turn in turns}
    return [turn for turn in turns if turn.turn_id in last.values()]


def _check_model(history: History, runs: dict[str, list[StoredRun]]) -> Iterator[Violation]:
    """Check that steps repeat only for attempts and lost logs, and with the same history."""
    keys = {turn.turn_id: turn.key for turn in history.turns}
    redis_faults = sum(fault.kind.startswith(("valkey", "everything")) for fault in history.faults)
    calls = Counter((call.turn_id, call.step) for call in history.model_calls)
    for (turn_id, step), count in calls.items():
        attempts = max((run.attempt for run in runs.get(keys.get(turn_id, ""), [])), default=0)
        if count > attempts + redis_faults:
            detail = f"step {step} was called {count} times in {attempts} attempts"
            yield Violation("asked again", str(turn_id), detail)
    sizes: dict[tuple[TurnId, int], set[int]] = {}
    for call in history.model_calls:
        sizes.setdefault((call.turn_id, call.step), set()).add(call.items)
    for (turn_id, step), found in sizes.items():
        if len(found) > 1:
            yield Violation("differs", str(turn_id), f"step {step} had inputs of {sorted(found)}")


def _check_notes(history: History, runs: dict[str, list[StoredRun]]) -> Iterator[Violation]:
    """Check that the step of nested agents had one key in all attempts, and repeats only for them."""
    if history.entry == "todo":
        return
    for turn_id, key in {turn.turn_id: turn.key for turn in history.turns}.items():
        run = next(iter(runs.get(key, [])), None)
        sent = [each for noted, each in history.notes if noted == turn_id]
        if len(set(sent)) > 1:
            yield Violation(
                "doubled task", str(turn_id), f"notes with the keys {sorted(set(sent))}"
            )
        elif run is not None and run.status == "completed" and not sent:
            yield Violation("lost task", str(turn_id), "its note was never sent")
        elif run is not None and len(sent) > run.attempt:
            detail = f"{len(sent)} notes in {run.attempt} attempts"
            yield Violation("doubled task", str(turn_id), detail)


def _check_leaks(history: History) -> Iterator[Violation]:
    for name, count in history.leaks.counts.items():
        limit = history.leaks.limits[name]
        if count > limit:
            yield Violation("leak", name, f"{count}, allowed {limit}")


def _name(frame: SeenFrame) -> str:
    return f"{frame.kind} {frame.seq}"
