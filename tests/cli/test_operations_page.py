"""docs/operations.md names no command, option or argument that there is not."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from router.cli import application

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
LINE = re.compile(r"^sluice [^\n]+", re.MULTILINE)
INLINE = re.compile(r"`(sluice [^`\n]+)`")
"""In the text: the name alone stands for the command, whatever it wants besides."""


TEXT = PAGE.read_text(encoding="utf-8")
WHOLE = set(LINE.findall(TEXT))
NAMED = set(INLINE.findall(TEXT))
USAGE: type[Exception] = typer.BadParameter.__bases__[0]
"""What Typer raises for any line that it does not understand."""


def argv(line: str) -> list[str]:
    """What the shell would hand over."""
    words = shlex.split(line, comments=True)
    return words[1 : words.index(">") if ">" in words else None]


@cache
def sluice(name: str) -> TyperGroup:
    """The command line, as it is when a command of that name is meant."""
    top = get_command(application([name]))
    assert isinstance(top, TyperGroup)
    return top


def flaw(args: list[str]) -> str:
    """What the command line has against it; nothing is run.

    Raises:
        KeyError: there is no such command.
    """
    command, rest = sluice(args[0]).commands[args[0]], args[1:]
    if isinstance(command, TyperGroup):
        command, rest = command.commands[rest[0]], rest[1:]
    try:
        command.make_context("sluice", rest)
    except USAGE as error:
        return str(error)
    return ""


@pytest.mark.parametrize("line", sorted(WHOLE))
def test_a_command_line_of_the_page_is_understood(line: str) -> None:
    assert flaw(argv(line)) == ""


@pytest.mark.parametrize("line", sorted(NAMED - WHOLE))
def test_a_command_that_the_text_names_has_those_options(line: str) -> None:
    assert flaw(argv(line)).partition(" ")[0] in ("", "Missing"), "it may be left out here"


def test_what_there_is_not_is_found_out() -> None:
    assert flaw(["journal", "verify", "--state", "S"]) == "No such option: --state"
    with pytest.raises(KeyError, match="prune"):
        flaw(["journal", "prune"])
