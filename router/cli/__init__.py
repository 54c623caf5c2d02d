"""The command line: finds the commands, runs the one that is meant, and ends as agreed.

A command is a file `router/cli/<name>.py` that defines one of

    def command(config: ConfigOption = DEFAULT_CONFIG, ...) -> None      # sluice <name>
    COMMANDS = {"verify": verify, "export": export}                      # sluice <name> verify

with Typer's annotations; the first line of the module's docstring is its line in `sluice --help`.
`-` stands for `_` in names. Only the module of the command that runs is imported. Data goes to
stdout and words to stderr (router.cli.output); what went wrong is raised as
`CommandError(code, *lines)` or one of the errors that `router.cli.errors` knows.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from router.cli.errors import CommandError, ExitCode, expected

USAGE = 2
"""What Typer exits with when it does not understand the command line."""


@dataclass(frozen=True, slots=True)
class CommandFile:
    """What is known of a command before it is imported."""

    name: str
    module: str
    help: str
    is_group: bool


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    sys.exit(run(list(sys.argv[1:] if argv is None else argv)))


def run(argv: list[str]) -> int:
    """Run one command; the exit code."""
    try:
        application(argv)(args=argv, prog_name="sluice")
    except SystemExit as end:
        return int(ExitCode.CONFIGURATION) if end.code == USAGE else _code(end.code)
    except CommandError as error:
        return _end(error)
    except Exception as error:
        # The top of the process: what is not expected is raised again.
        known = expected(error)
        if known is None:
            raise
        return _end(known)
    return int(ExitCode.OK)


def application(argv: Sequence[str]) -> typer.Typer:
    """The Typer application with every command, of which only the one in `argv` is imported."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Sluice, an adaptive smart order router.",
    )
    app.callback()(_options)
    wanted = next((each for each in argv if not each.startswith("-")), "")
    for found in commands():
        if found.name == wanted:
            _add(app, found)
        else:
            app.command(found.name, help=found.help)(_not_imported)
    return app


def commands(folder: Path | None = None) -> list[CommandFile]:
    """The commands in a folder, by name: every module that defines `command` or `COMMANDS`."""
    found = []
    for path in sorted((folder or Path(__file__).parent).glob("*.py")):
        if path.stem.startswith("_"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = _defined(tree)
        if names & {"command", "COMMANDS"}:
            summary = (ast.get_docstring(tree) or "").partition("\n")[0]
            name = path.stem.replace("_", "-")
            module = f"{__name__}.{path.stem}"
            found.append(CommandFile(name, module, summary, "COMMANDS" in names))
    return found


def _defined(tree: ast.Module) -> set[str]:
    """The names that a module binds at its top."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {each.id for each in node.targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def _add(app: typer.Typer, found: CommandFile) -> None:
    module = importlib.import_module(found.module)
    if not found.is_group:
        app.command(found.name)(module.command)
        return
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    functions: dict[str, Callable[..., None]] = module.COMMANDS
    for name, function in functions.items():
        group.command(name)(function)
    # A group of one command stays a group only if it has a callback.
    group.callback()(_no_options)
    app.add_typer(group, name=found.name, help=found.help)


def _not_imported() -> None:
    raise AssertionError("only the command that the line names is run")


def _no_options() -> None:
    """A group has no options of its own."""


def _version(wanted: bool) -> None:
    if not wanted:
        return
    found = installed()
    typer.echo(f"sluice {found}" if found else "sluice, from a checkout that is not installed")
    raise typer.Exit


def installed() -> str:
    """The version of this package; empty if it runs from a checkout that is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # few commands need it

    try:
        return version("sluice")
    except PackageNotFoundError:
        return ""


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Sluice, an adaptive smart order router."""


def _end(error: CommandError) -> int:
    for line in error.lines:
        typer.echo(line, err=True)
    return int(error.code)


def _code(code: object) -> int:
    return code if isinstance(code, int) else int(ExitCode.OK if code is None else ExitCode.ERROR)
