"""Colour on a terminal, and nowhere else."""

from __future__ import annotations

import io
import re
import sys

import pytest

from router.cli import paint

LINE = [("quiet ", "quiet"), ("wrong ", "wrong"), ("plain", "")]
COLOUR = re.compile("\x1b\\[[0-9;]*3[0-9]")


class Terminal(io.StringIO):
    """A stdout that says it is one."""

    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, out: io.StringIO, **environ: str) -> str:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", out)
    paint._console.cache_clear()
    paint.paint(LINE, [("second", "")])
    paint._console.cache_clear()
    return out.getvalue()


def test_a_file_gets_the_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, io.StringIO()) == "quiet wrong plain\nsecond\n"


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(monkeypatch, Terminal())
    assert COLOUR.search(text)
    assert re.sub("\x1b\\[[0-9;]*m", "", text) == "quiet wrong plain\nsecond\n"


def test_who_wants_no_colour_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not COLOUR.search(printed(monkeypatch, Terminal(), NO_COLOR="1"))


def test_a_long_line_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    paint._console.cache_clear()
    paint.paint([("x" * 500, "")])
    paint._console.cache_clear()
    assert "x" * 500 in out.getvalue()
