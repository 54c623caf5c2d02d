"""`sluice fix import`: a QuickFIX session file as a part of a sluice.yaml."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated

import typer
from ruamel.yaml import YAML

from config.documents import SIZE_MAX
from config.quickfix import convert
from router.cli.errors import CommandError, ExitCode
from router.cli.output import say, show


def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="With [DEFAULT] and [SESSION].")],
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out keys that nobody knows.")
    ] = False,
) -> None:
    """Print `fix` and `venues` as sluice.yaml takes them; what needs a look goes to stderr."""
    with file.open("rb") as opened:
        content = opened.read(SIZE_MAX + 1)
    if len(content) > SIZE_MAX:
        text = f"{file}: larger than allowed; allowed: {SIZE_MAX} bytes"
        raise CommandError(ExitCode.CONFIGURATION, text)
    found = convert(content.decode("utf-8", "replace"), str(file), skip_unknown=skip_unknown)
    for note in found.notes:
        say(note)
    if found.problems:
        raise CommandError(ExitCode.CONFIGURATION, *found.problems)
    show(yaml_text(found.data))


def yaml_text(data: dict[str, object]) -> str:
    """A document in block style, as our own reader takes it."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = io.StringIO()
    writer.dump(data, text)
    return text.getvalue().rstrip("\n")
