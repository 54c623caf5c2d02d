"""Which messages somebody wants to see: `35=8 & 150=F & 32>1000`.

Owns the little language: comparisons of a tag with a value, `&`, `|`, `!` and brackets; `&` binds
closer than `|`. A tag that repeats is taken if one of its values is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from router.fix.codec import Message

Wanted = Callable[[Message], bool]

ALLOWED = "35=8 & (150=F | 39!=0) & 32>1000 & 58~COLLAR & !43=Y; also >=, <=, 99 (is there)"
DEPTH_MAX = 50

_TERM = re.compile(r"\s*([0-9]+)\s*(!=|>=|<=|=|>|<|~)?\s*")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?")
_VALUE = re.compile(r'"([^"]*)"|([^&|()"]*)')


def parse(text: str) -> Wanted:
    """The filter that a text means.

    Raises:
        ValueError: it means nothing; says where.
    """
    parser = _Parser(text)
    wanted = parser.either(0)
    parser.end()
    return wanted


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def either(self, depth: int) -> Wanted:
        found = [self._both(depth)]
        while self._take("|"):
            found.append(self._both(depth))
        return found[0] if len(found) == 1 else lambda message: any(e(message) for e in found)

    def _both(self, depth: int) -> Wanted:
        found = [self._one(depth)]
        while self._take("&"):
            found.append(self._one(depth))
        return found[0] if len(found) == 1 else lambda message: all(e(message) for e in found)

    def _one(self, depth: int) -> Wanted:
        if depth > DEPTH_MAX:
            raise self._wrong("too many brackets")
        if self._take("!"):
            inner = self._one(depth + 1)
            return lambda message: not inner(message)
        if self._take("("):
            inner = self.either(depth + 1)
            if not self._take(")"):
                raise self._wrong("')' is missing")
            return inner
        term = _TERM.match(self._text, self._at)
        if term is None:
            raise self._wrong("a tag's number is missing")
        self._at = term.end()
        tag, operator = term[1], term[2]
        if operator is None:
            return lambda message: tag in message.fields
        value = _VALUE.match(self._text, self._at)
        assert value is not None, "it may be empty"
        self._at = value.end()
        text = value[1] if value[1] is not None else value[2].strip()
        return _comparison(tag, operator, text)

    def _take(self, sign: str) -> bool:
        rest = self._text[self._at :]
        skipped = len(rest) - len(rest.lstrip())
        if not rest.startswith(sign, skipped):
            return False
        self._at += skipped + len(sign)
        return True

    def end(self) -> None:
        if self._text[self._at :].strip():
            raise self._wrong("'&' or '|' is missing")

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"at character {self._at + 1} of {self._text!r}: {what}; as in {ALLOWED}")


def _comparison(tag: str, operator: str, value: str) -> Wanted:
    holds = _OPERATORS["=" if operator == "!=" else operator]
    number = _number(value)

    def wanted(message: Message) -> bool:
        return any(holds(found, value, number) for each, found in message.pairs if each == tag)

    if operator == "!=":
        return lambda message: tag in message.fields and not wanted(message)
    return wanted


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _equal(found: str, value: str, number: Decimal | None) -> bool:
    return found == value or (number is not None and _number(found) == number)


def _compared(sign: Callable[[Decimal, Decimal], bool], text: Callable[[str, str], bool]) -> _Holds:
    """By number if both are numbers, else by text: times and dates compare as they are written."""

    def holds(found: str, value: str, number: Decimal | None) -> bool:
        other = _number(found)
        if number is None or other is None:
            return text(found, value)
        return sign(other, number)

    return holds


_Holds = Callable[[str, str, Decimal | None], bool]
_OPERATORS: dict[str, _Holds] = {
    "=": _equal,
    "~": lambda found, value, number: value.lower() in found.lower(),
    ">": _compared(lambda a, b: a > b, lambda a, b: a > b),
    "<": _compared(lambda a, b: a < b, lambda a, b: a < b),
    ">=": _compared(lambda a, b: a >= b, lambda a, b: a >= b),
    "<=": _compared(lambda a, b: a <= b, lambda a, b: a <= b),
}
