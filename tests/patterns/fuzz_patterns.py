"""Searches for input on which a pattern takes more than linear time.

It imports the packages named as arguments, and collects every pattern that their code compiles: on
import, and in calls such as `re.sub(r"...", ...)`. Each is analysed by regexploit, then run on
texts
that repeat the pattern's own elements. Findings go to the standard output; a pattern that
never returns is the last one on the standard error output.
"""

import ast
import importlib
import importlib.util
import pkgutil
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from types import FrameType, ModuleType
from typing import Any, Final

import regex
from regexploit.ast.sre import SreOpParser  # type: ignore[import-untyped]
from regexploit.redos import find  # type: ignore[import-untyped]

# Small steps first: exponential backtracking takes a few times as long at each.
REPEATS: Final = (*range(4, 31, 2), 45, 70)
SIZES: Final = (675, 2000)  # characters
MAX_SECONDS: Final = 0.06  # for 2,000 characters; a linear pattern takes a tenth of that at most
SEPARATORS: Final = (
    "",
    " ",
    ",",
    ", ",
    " , ",
    "\n",
    ".",
    "!",
    "-",
    "#",
    "'",
    "(",
    "1",
    " 1",
    "a",
    "/",
)
ENDS: Final = ("", "x", " x", "\x00", "!", "\n")
METHODS: Final = ("match", "fullmatch", "search")
FUNCTIONS: Final = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
# The offline assistant's calls on the patterns of its tables.
TABLES: Final = {"rule": ("fullmatch",), "date_pattern": ("search",)}


@dataclass(frozen=True)
class ResolvedTarget:
    """A pattern, its location, and the methods its module calls."""

    where: str
    pattern: Any
    methods: tuple[str, ...]


def main(packages: list[str], seconds_each: float) -> int:
    found = collect(packages)
    problems = 0
    for one in found:
        print(f"{one.where}: {one.pattern.pattern!a}", file=sys.stderr, flush=True)
        for overlap in overlaps(one.pattern):
            problems += 1
            print(f"{one.where}: {overlap}", flush=True)
        for method in one.methods:
            attack = find_attack(one, method, seconds_each)
            if attack is not None:
                problems += 1
                print(
                    f"{one.where}: {method} of {one.pattern.pattern[:200]!a}: {attack}", flush=True
                )
                break
    print(f"{len(found)} patterns, {problems} too slow", flush=True)
    return 1 if problems else 0


def collect(packages: list[str]) -> list[ResolvedTarget]:
    compiled: dict[tuple[str, int, Any], ResolvedTarget] = {}
    specs = [importlib.util.find_spec(name) for name in packages]
    roots = tuple(
        place for spec in specs if spec for place in spec.submodule_search_locations or ()
    )

    def spy(original: Callable[..., Any]) -> Callable[..., Any]:
        def compile_and_note(pattern: Any, flags: int = 0, **others: Any) -> Any:
            result = original(pattern, flags, **others)
            methods: tuple[str, ...] = METHODS
            frame = sys._getframe(1)
            while frame.f_code.co_name in {"__init__", "rx", *TABLES} and frame.f_back:
                methods = TABLES.get(frame.f_code.co_name, methods)
                frame = frame.f_back
            if frame.f_code.co_filename.startswith(roots):
                key = (frame.f_code.co_filename, frame.f_lineno, result.pattern)
                compiled[key] = ResolvedTarget(_where(frame), result, _methods(frame, methods))
            return result

        return compile_and_note

    originals = re.compile, regex.compile
    re.compile, regex.compile = spy(re.compile), spy(regex.compile)
    modules = [module for package in packages for module in _modules(package)]
    re.compile, regex.compile = originals
    return [*compiled.values(), *(one for module in modules for one in _in_calls(module))]


def overlaps(pattern: Any) -> list[str]:
    """Return repetitions that can share their text in cubic or more ways, by static analysis."""
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    flags = pattern.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL)
    # The parser of `re` doesn't support matching backwards, a notation of `regex`, and the analysis
    # no possessive repetitions, which never give text back: the greedy form can only be slower.
    greedy = re.sub(r"(?<=[*+?}])\+", "", text.removeprefix("(?r)"))
    parsed = SreOpParser().parse_sre(greedy, flags)
    return [f"like {ascii(redos.example())[:100]}" for redos in find(parsed)]


def find_attack(one: ResolvedTarget, method: str, seconds: float) -> str | None:
    """Return a text on which a pattern takes too long, as an expression; None if there is none."""
    pattern = one.pattern
    chance = random.Random(ascii(pattern.pattern))
    words = _words(pattern)
    end = thread_time() + seconds
    run = getattr(pattern, method)
    from offline_assistant.interpreter import normalise  # noqa: PLC0415 - after the spies are set

    makes_bytes = isinstance(pattern.pattern, bytes)
    while thread_time() < end:
        start = chance.choice(["", *words, *(f"{word} " for word in words)])
        unit = "".join(
            chance.choice(["", *words]) + chance.choice(SEPARATORS)
            for _ in range(chance.choice((1, 1, 2)))
        )
        if not unit:
            continue
        stop = chance.choice([*ENDS, *(f" {word}" for word in words[-5:])])
        for repeats in (*REPEATS, *(size // len(unit) for size in SIZES)):
            text = start + unit * repeats + stop
            if one.where.startswith(("offline_assistant", "task_phrases")):
                text = normalise(text)  # its patterns get no other text
            given = text.encode("latin-1", "replace") if makes_bytes else text
            # Twice, since a machine may be busy.
            if _time(run, given) > MAX_SECONDS and _time(run, given) > MAX_SECONDS:
                return f"{start!a} + {unit!a} * {repeats} + {stop!a}"
    return None


def _time(run: Callable[[Any], Any], text: Any) -> float:
    started = thread_time()
    run(text)
    return thread_time() - started


def _words(pattern: Any) -> list[str]:
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    plain = re.sub(r"\\[a-zA-Z]|\(\?P<\w+>|\(\?[a-z]*:?", " ", text)
    return list(dict.fromkeys(re.findall(r"[A-Za-z]+|[^\w\s\\()\[\]{}|?*+^$]", plain)))[:60]


def _modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not info.name.endswith("__main__") and ".migrations" not in info.name:
            yield importlib.import_module(info.name)


def _in_calls(module: ModuleType) -> Iterator[ResolvedTarget]:
    """Yield the patterns passed to `re.sub` and similar functions where they are used."""
    path = Path(str(module.__file__))
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, of = node.func.attr, node.func.value
        if not (isinstance(of, ast.Name) and of.id == "re" and name in FUNCTIONS):
            continue
        source = ast.unparse(node.args[0])
        try:
            value = eval(source, vars(module))
        except NameError:  # a variable, whose patterns are compiled elsewhere
            print(f"{path.name}:{node.lineno}: can't tell {source}", file=sys.stderr)
            continue
        flags = re.IGNORECASE if "re.IGNORECASE" in ast.unparse(node) else 0
        methods = (name,) if name in METHODS else ("search",)
        yield ResolvedTarget(f"{module.__name__}:{node.lineno}", re.compile(value, flags), methods)


def _where(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__')}:{frame.f_lineno}"


def _methods(frame: FrameType, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return how a module uses the pattern that this line names."""
    if default is not METHODS:
        return default
    lines = Path(frame.f_code.co_filename).read_text()
    named = re.match(r"\s*(\w+)(?::[^=]+)? = ", lines.split("\n")[frame.f_lineno - 1])
    used = set(re.findall(rf"\b{named[1]}\.(\w+)\(", lines)) if named else set()
    used = used & set(FUNCTIONS) or set(re.findall(r"\b\w*pattern\.(\w+)\(", lines))
    return (
        tuple(sorted({m if m in METHODS else "search" for m in used & set(FUNCTIONS)})) or default
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], float(sys.argv[1])))
