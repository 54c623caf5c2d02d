"""Every event of the log has one name, in snake_case, and stands in docs/log-events.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import config

ROOT = Path(config.__file__).parent.parent
LEVELS = ("info", "warning", "error", "debug")
LOGS = ("log", "_log")
SNAKE = re.compile(r"[a-z]+(_[a-z]+)*")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|", re.MULTILINE)


def names(node: ast.expr) -> Iterator[str]:
    """What a first argument may be; anything but literals is not allowed."""
    match node:
        case ast.Constant(value=str(name)):
            yield name
        case ast.IfExp(body=body, orelse=orelse):
            yield from names(body)
            yield from names(orelse)
        case _:
            raise AssertionError(f"an event's name is put together: {ast.unparse(node)}")


def events(source: str) -> set[tuple[str, str]]:
    """Names and levels of what a module may say."""
    return {
        (name, node.func.attr)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and ast.unparse(node.func.value).rpartition(".")[2] in LOGS
        for name in names(node.args[0])
    }


def said() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for room in ("router", "venues", "policies", "risk", "config"):
        for path in sorted((ROOT / room).rglob("*.py")):
            found |= events(path.read_text(encoding="utf-8"))
    return found


def test_events_are_named_in_snake_case() -> None:
    assert [name for name, _ in sorted(said()) if not SNAKE.fullmatch(name)] == []


def test_the_page_has_every_event_with_its_level_and_no_other() -> None:
    page = (ROOT / "docs" / "log-events.md").read_text(encoding="utf-8")
    rows = ROW.findall(page)
    assert rows == sorted(said())


def test_what_is_looked_for_is_seen() -> None:
    source = 'self._log.warning("a_b", x=1)\nlog.info("c" if x else "d")\nmath.log(2)\nx.info("e")'
    assert events(source) == {("a_b", "warning"), ("c", "info"), ("d", "info")}
