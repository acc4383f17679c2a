"""Plays one case: the user's messages and clicks, and what each turn showed."""

from collections.abc import Iterator
from typing import Any

import msgspec

from todo_evals.account import Account, Snapshot
from todo_evals.cases import Case, Mention, Turn
from todo_evals.stack import EvalStack


class TurnOutcome(msgspec.Struct):
    """The reply to a message or a click, and its effects.

    Args:
        text: the reply, and the texts of its cards.
        shown: titles of the tasks in the reply's list.
        is_asked: whether a change awaits the user's confirmation.
        after: the account after the turn.
    """

    text: str
    shown: list[str]
    is_asked: bool
    after: Snapshot


class Transcript(msgspec.Struct):
    """All turns of a case."""

    before: Snapshot
    turns: list[TurnOutcome]

    @property
    def after(self) -> Snapshot:
        """The account at the end."""
        return self.turns[-1].after if self.turns else self.before


class NoSuchButtonError(Exception):
    """The newest cards have no button or checkbox with the label."""


async def play(stack: EvalStack, case: Case) -> Transcript:
    """Play a case as a new user.

    Raises:
        NoSuchButtonError: a turn clicks on what isn't there.
    """
    stack.clock.set(case.moment)
    person = stack.service.person()
    account = Account(person, case.timezone)
    try:
        await account.prepare(case)
        transcript = Transcript(await account.snapshot(), [])
        conversation = _Conversation(stack, case, account, person.user_id)
        for turn in case.turns:
            transcript.turns.append(await conversation.take(turn))
        return transcript
    finally:
        await person.http.aclose()
        stack.service.people.remove(person)


class _Conversation:
    def __init__(self, stack: EvalStack, case: Case, account: Account, user_id: str) -> None:
        self._stack = stack
        self._case = case
        self._account = account
        self._user_id = user_id
        self._thread_id: str | None = None
        self._items: list[Any] = []

    async def take(self, turn: Turn) -> TurnOutcome:
        body = await self._message(turn) if turn.click is None else self._click(turn.click)
        known = {item.id: item for item in self._items}
        run = await self._stack.run(
            body, self._user_id, timezone=self._case.timezone, locale=self._case.locale
        )
        self._thread_id = run.thread_id
        self._items = await self._stack.items(run.thread_id, self._user_id)
        new = [item for item in self._items if known.get(item.id) != item]
        widgets = [item for item in new if item.type == "widget"]
        messages = [
            part.text for item in new if item.type == "assistant_message" for part in item.content
        ]
        turn_id = next((item.id for item in new if item.type == "user_message"), run.run_id)
        roots = [item.widget.model_dump(mode="json") for item in widgets]
        return TurnOutcome(
            text="\n".join([*messages, *(text for root in roots for text in texts(root))]),
            shown=[box["label"] for root in roots for box in components(root, "Checkbox")],
            is_asked=await self._account.has_open_question(turn_id),
            after=await self._account.snapshot(),
        )

    async def _message(self, turn: Turn) -> dict[str, Any]:
        parts = [turn.say] if isinstance(turn.say, str) else turn.say or []
        content: list[dict[str, Any]] = []
        for part in parts:
            if isinstance(part, Mention):
                entity = await self._account.find_entity(part.mention)
                content.append({**entity, "type": "input_tag", "text": entity.pop("title")})
            else:
                content.append({"type": "input_text", "text": part})
        message = {
            "content": content,
            "attachments": [],
            "quoted_text": "",
            "inference_options": {},
        }
        if self._thread_id is None:
            return {"type": "threads.create", "params": {"input": message}}
        params = {"input": message, "thread_id": self._thread_id}
        return {"type": "threads.add_user_message", "params": params}

    def _click(self, label: str) -> dict[str, Any]:
        for item in reversed(self._items):
            if item.type != "widget":
                continue
            action = find_action(item.widget.model_dump(mode="json"), label)
            if action is not None:
                given = {"type": action["type"], "payload": action.get("payload")}
                params = {"thread_id": self._thread_id, "item_id": item.id, "action": given}
                return {"type": "threads.custom_action", "params": params}
        raise NoSuchButtonError(label)


def walk(root: Any) -> Iterator[dict[str, Any]]:
    """Return all components of a widget, in display order."""
    if isinstance(root, list):
        for child in root:
            yield from walk(child)
    elif isinstance(root, dict):
        yield root
        yield from walk(root.get("children") or [])


def components(root: Any, kind: str) -> list[dict[str, Any]]:
    """Return the components of a type."""
    return [each for each in walk(root) if each.get("type") == kind]


def texts(root: Any) -> list[str]:
    """Return the texts that a widget shows."""
    return [str(each["value"]) for each in walk(root) if isinstance(each.get("value"), str)]


def find_action(root: dict[str, Any], label: str) -> dict[str, Any] | None:
    """Return the action that confirms or cancels, or that of a button or checkbox."""
    kind = {"confirm": "changes.confirm", "cancel": "changes.discard"}.get(label)
    if kind is not None and root.get(label):
        action: dict[str, Any] = root[label]["action"]
        return action
    for each in walk(root):
        found: dict[str, Any] | None = each.get("onClickAction") or each.get("onChangeAction")
        if found is not None and (found["type"] == kind or each.get("label") == label):
            return found
    return None
