"""Changes that tools make in the context object of their agent: recorded, applied on replay.

A replayed tool doesn't run, so its changes of the context would be lost. Recording the whole context
would restore an old state when tools run in parallel; so each call records its differences, by field.
Every difference is recorded once: by the call in which it happened, or, with several in progress, by
the first one to finish.

Dataclasses, Pydantic models and dicts are supported. A field whose value can't be restored from JSON
is skipped, as are the fields of openai-chatkit's `AgentContext`, which are restored from events.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, get_type_hints

import msgspec
import structlog
from chatkit.agents import AgentContext
from pydantic import BaseModel, TypeAdapter

from durable_chatkit.agent.call_scope import ToolCallScope
from durable_chatkit.agent.run_context import RunContext

_ANY: Final[TypeAdapter[Any]] = TypeAdapter(Any)
_OURS: Final = frozenset({*AgentContext.model_fields, *RunContext.model_fields})
_MISSING: Final = object()
_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")

# The change of a value: {"add": number}, {"append": [...]}, {"keys": {name: change}},
# {"set": value} or {"delete": True}.
Change = dict[str, Any]

log = structlog.get_logger(__name__)


class ContextWatch:
    """Finds the changes of one context object.

    Args:
        context: the object; without supported fields nothing is ever found.
    """

    def __init__(self, context: Any) -> None:
        self.context = context  # also keeps the id of the object in use
        self.in_progress = 0
        self._skipped: set[str] = set()
        self._seen = self._read()

    def take_changes(self) -> Change | None:
        """Return what has changed since the last call, None if nothing has."""
        now = self._read()
        seen = {name: value for name, value in self._seen.items() if name not in self._skipped}
        change = find_change(seen, now)
        self._seen = now
        return change

    def apply(self, change: Change) -> None:
        """Make a recorded change."""
        adapters = dict(_fields_of(self.context))
        for name, field_change in change.get("keys", {}).items():
            if "delete" in field_change:
                self.context.pop(name, None)
                continue
            adapter = adapters.get(name, _ANY)
            value = _get(self.context, name)
            before = None if value is _MISSING else adapter.dump_python(value, mode="json")
            after = adapter.validate_python(make_change(before, field_change))
            if isinstance(value, list) and isinstance(after, list):
                value[:] = after  # the object may be known elsewhere
            elif isinstance(value, dict) and isinstance(after, dict):
                value.clear()
                value.update(after)
            elif isinstance(self.context, dict):
                self.context[name] = after
            else:
                setattr(self.context, name, after)
        self._seen = self._read()

    def _read(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, adapter in _fields_of(self.context):
            value = _get(self.context, name)
            if value is _MISSING or name in self._skipped:
                continue
            try:
                dumped = adapter.dump_python(value, mode="json", warnings=False)
                restored = msgspec.json.decode(msgspec.json.encode(dumped))
                is_restorable = adapter.validate_python(restored) == value
            except (ValueError, TypeError, AttributeError):
                is_restorable, restored = False, None
            if is_restorable:
                fields[name] = restored
            else:
                self._skipped.add(name)
                log.warning(
                    "context.field_skipped", context=type(self.context).__name__, field=name
                )
        return fields


def watch_of(call: ToolCallScope, context: Any) -> ContextWatch | None:
    """Return the turn's watch of a context object, None if it has no fields to record."""
    if next(_fields_of(context), None) is None and not isinstance(context, dict):
        return None
    watches = call.scope.context_watches
    if id(context) not in watches:
        watches[id(context)] = ContextWatch(context)
    watch: ContextWatch = watches[id(context)]
    return watch


@contextmanager
def recording_changes(call: ToolCallScope, context: Any) -> Iterator[None]:
    """Add the changes made inside, by the call and by those inside it, to `call.context_changes`.

    Earlier changes are credited to the call around this one. If there is none, nobody records them:
    code outside of journaled calls runs again in each attempt and repeats its changes.
    """
    watch = watch_of(call, context)
    if watch is None:
        yield
        return
    outer = _outer_call(call)
    if outer is not None or watch.in_progress == 0:
        _credit(watch.take_changes(), outer)
    watch.in_progress += 1
    try:
        yield
    finally:
        watch.in_progress -= 1
        _credit(watch.take_changes(), call)
        if outer is not None:
            outer.context_changes.extend(call.context_changes)


def _credit(change: Change | None, call: ToolCallScope | None) -> None:
    if change is not None and call is not None:
        call.context_changes.append(change)


def replay_changes(call: ToolCallScope, context: Any, changes: list[Change]) -> None:
    """Make the recorded changes of a call."""
    watch = watch_of(call, context)
    if watch is None or not changes:
        return
    outer = _outer_call(call)
    _credit(watch.take_changes(), outer)
    for change in changes:
        watch.apply(change)
    if outer is not None:
        outer.context_changes.extend(changes)


def _outer_call(call: ToolCallScope) -> ToolCallScope | None:
    around = call.parent.enclosing() if call.parent is not None else ()
    return next((each for each in around if isinstance(each, ToolCallScope)), None)


def _fields_of(context: Any) -> Iterator[tuple[str, TypeAdapter[Any]]]:
    """Yield the names of the fields to record, with what restores their values."""
    if isinstance(context, dict):
        yield from ((name, _ANY) for name in context if isinstance(name, str))
    elif isinstance(context, BaseModel) or dataclasses.is_dataclass(context):
        yield from _adapters(type(context)).items()  # type: ignore[arg-type] # classes are hashable


@cache
def _adapters(cls: type[Any]) -> Mapping[str, TypeAdapter[Any]]:
    if issubclass(cls, BaseModel):
        ours = _OURS if issubclass(cls, AgentContext) else frozenset[str]()
        hints: dict[str, Any] = {
            name: info.annotation for name, info in cls.model_fields.items() if name not in ours
        }
    else:
        try:
            known = get_type_hints(cls)
        except (NameError, TypeError):
            known = {}  # names that only a type checker knows
        hints = {each.name: known.get(each.name, Any) for each in dataclasses.fields(cls)}
    adapters: dict[str, TypeAdapter[Any]] = {}
    for name, hint in hints.items():
        try:
            adapters[name] = TypeAdapter(hint)
        except Exception:  # noqa: BLE001 - Pydantic has several errors for types that it doesn't know
            adapters[name] = _ANY
    return adapters


def _get(context: Any, name: str) -> Any:
    if isinstance(context, dict):
        return context.get(name, _MISSING)
    return getattr(context, name, _MISSING)


def find_change(before: Any, after: Any) -> Change | None:
    """Return the change from one JSON value to another, None if they are equal.

    A list that lost no element counts as appended to: `make_change` adds the new ones at its end.
    """
    if before == after and type(before) is type(after):
        return None
    if _is_number(before) and _is_number(after):
        return {"add": after - before}
    if isinstance(before, list) and isinstance(after, list):
        added = _added(before, after)
        return {"set": after} if added is None else {"append": added}
    if isinstance(before, dict) and isinstance(after, dict):
        keys: dict[str, Change] = {name: {"delete": True} for name in before.keys() - after.keys()}
        for name, value in after.items():
            change = {"set": value} if name not in before else find_change(before[name], value)
            if change is not None:
                keys[name] = change
        return {"keys": keys}
    return {"set": after}


def make_change(value: Any, change: Change) -> Any:
    """Return a JSON value with a change made to it.

    Since parallel calls change the same value, it may differ from the one that the change was found
    in. A value of another type is replaced.
    """
    match change:
        case {"add": number} if _is_number(value):
            return value + number
        case {"append": added} if isinstance(value, list):
            return [*value, *added]
        case {"keys": keys} if isinstance(value, dict):
            kept = {
                name: each for name, each in value.items() if "delete" not in keys.get(name, {})
            }
            made = {
                name: make_change(value.get(name), each)
                for name, each in keys.items()
                if "delete" not in each
            }
            return {**kept, **made}
        case {"keys": keys}:
            return {name: make_change(None, each) for name, each in keys.items()}
        case _:
            return next(iter(change.values()))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _added(before: list[Any], after: list[Any]) -> list[Any] | None:
    """Return the elements that a list has gained, None if it has lost one."""
    lost = Counter(map(_CANONICAL.encode, before))
    added = []
    for each in after:
        key = _CANONICAL.encode(each)
        if lost[key] > 0:
            lost[key] -= 1
        else:
            added.append(each)
    return None if lost.total() else added
