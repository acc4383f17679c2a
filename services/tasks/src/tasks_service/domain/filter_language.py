"""Parses the filter language, which `docs/filters.md` describes, to an expression."""

from functools import cache
from typing import Final, cast

import lark
import msgspec
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from tasks_service.domain.filter_conditions import (
    FilterProblem,
    Lexeme,
    build_comparison,
    build_flag,
    build_presence,
)
from tasks_service.domain.filter_expression import AllOf, AnyOf, Expression, Not
from tasks_service.domain.limits import (
    MAX_FILTER_CHARS,
    MAX_FILTER_CONDITIONS,
    MAX_FILTER_DEPTH,
)
from tasks_service.domain.text import has_nul
from tasks_service.errors import InvalidFilterError

# The lexer is contextual: a keyword is an ordinary word where the parser expects a value.
_GRAMMAR: Final = r"""
    start: any
    any: all (_OR all)*
    all: _unit (_AND _unit)*
    _unit: negation | "(" any ")" | comparison | presence | absence | flag
    negation: _NOT _unit
    comparison: WORD OPERATOR (WORD+ | QUOTED)
    presence: _HAS WORD
    absence: _NO WORD
    flag: WORD

    OPERATOR.3: /<=|>=|!=|<|>|=|contains(?=[\s"']|$)/i
    _AND.2: /&|and(?=[\s(!])/i
    _OR.2: /\||or(?=[\s(!])/i
    _NOT.2: /!|not(?=[\s(])/i
    _HAS.2: /has(?=\s)/i
    _NO.2: /no(?=\s)/i
    QUOTED: /"[^"]*"|'[^']*'/
    WORD: /[^\s&|!()<>="',]+/
    %ignore /\s+/
"""
# How errors name what could stand at a column.
_EXPECTED: Final = {
    "WORD": "a word",
    "OPERATOR": "a comparison (=, !=, <, <=, >, >=, contains)",
    "QUOTED": "a quoted text",
    "_AND": "&",
    "_OR": "|",
    "LPAR": "(",
    "RPAR": ")",
    "$END": "the end",
}
_MAX_FOUND_CHARS: Final = 20
_TOO_LONG: Final = f"a filter has at most {MAX_FILTER_CHARS} characters"
_TOO_DEEP: Final = f"a filter has at most {MAX_FILTER_DEPTH} levels"
_TOO_MANY: Final = f"a filter has at most {MAX_FILTER_CONDITIONS} conditions"


def parse_filter(text: str, *, pointer: str = "filter") -> Expression:
    """Parse a filter.

    Args:
        pointer: names the filter in errors: a parameter, or a JSON pointer.

    Raises:
        InvalidFilterError: it isn't a filter, is too long, too deeply nested, or has too many
            conditions.
    """
    if len(text) > MAX_FILTER_CHARS:
        problem = FilterProblem(_TOO_LONG, MAX_FILTER_CHARS + 1)
    elif has_nul(text):
        problem = FilterProblem("NUL characters are not allowed", text.index("\0") + 1)
    else:
        try:
            return cast("_Part", _parser().parse(text)).expression
        except UnexpectedInput as error:
            problem = _syntax_problem(error, text)
        except FilterProblem as error:
            problem = error
    raise InvalidFilterError(
        problem.detail, pointer=pointer, column=problem.column, expected=problem.expected
    )


def _syntax_problem(error: UnexpectedInput, text: str) -> FilterProblem:
    allowed: set[str] = set()
    start = len(text)
    if isinstance(error, UnexpectedCharacters):
        allowed, start = set(error.allowed or ()), error.pos_in_stream or 0
    elif isinstance(error, UnexpectedToken):
        allowed = set(error.accepts or error.expected)
        if error.token.type != "$END":
            start = error.token.start_pos or 0
    expected = [name for terminal, name in _EXPECTED.items() if terminal in allowed]
    found = text[start:].split()
    what = f'"{found[0][:_MAX_FOUND_CHARS]}"' if found else "the end"
    return FilterProblem(f"expected {' or '.join(expected)}, found {what}", start + 1, expected)


@cache
def _parser() -> lark.Lark:
    # The transformer runs while the LALR parser reduces, so no recursion depends on the input.
    return lark.Lark(_GRAMMAR, parser="lalr", transformer=_PartBuilder())


class _Part(msgspec.Struct, frozen=True):
    expression: Expression
    depth: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if self.depth > MAX_FILTER_DEPTH:
            raise FilterProblem(_TOO_DEEP, 1)
        if self.count > MAX_FILTER_CONDITIONS:
            raise FilterProblem(_TOO_MANY, 1)


class _PartBuilder(lark.Transformer[lark.Token, _Part]):
    """Builds an expression from the inside out; each method has the name of a rule."""

    def start(self, parts: list[_Part]) -> _Part:
        return parts[0]

    def any(self, parts: list[_Part]) -> _Part:
        return _join(AnyOf, parts)

    def all(self, parts: list[_Part]) -> _Part:
        return _join(AllOf, parts)

    def negation(self, parts: list[_Part]) -> _Part:
        return _Part(Not(parts[0].expression), parts[0].depth + 1, parts[0].count)

    def comparison(self, tokens: list[lark.Token]) -> _Part:
        field, operator, *words = map(_lexeme, tokens)
        value = Lexeme(" ".join(word.text for word in words), words[0].column)
        return _Part(build_comparison(field, operator, value))

    def presence(self, tokens: list[lark.Token]) -> _Part:
        return _Part(build_presence(_lexeme(tokens[0])))

    def absence(self, tokens: list[lark.Token]) -> _Part:
        return _Part(Not(build_presence(_lexeme(tokens[0]))))

    def flag(self, tokens: list[lark.Token]) -> _Part:
        return _Part(build_flag(_lexeme(tokens[0])))


def _lexeme(token: lark.Token) -> Lexeme:
    text = token[1:-1] if token.type == "QUOTED" else str(token)
    return Lexeme(text, (token.start_pos or 0) + 1)


def _join(kind: type[AllOf | AnyOf], parts: list[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    return _Part(
        kind(tuple(part.expression for part in parts)),
        depth=1 + max(part.depth for part in parts),
        count=sum(part.count for part in parts),
    )
