"""Model files: a learner's state out of a journal, and what a file holds. Not a command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router import build, build_models
from router.analysis.replay import ForeignJournal, summarize
from router.build_models import ModelFile
from router.cli.configurations import Configurations
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show, show_json
from router.core.shelf import LearnerShelf, learner_key
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.learners._stored import FORMAT, StoredStateError


def save(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Written anew, as a whole.")],
    state: Annotated[
        Path | None, typer.Argument(metavar="STATE", help="The state folder; of the configuration.")
    ] = None,
    learner: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            show_default="the configuration's",
            help="Which, as `sluice why` names it: hazard, or one with parameters.",
        ),
    ] = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Save what a learner has learned in a journal, next to a running daemon too.

    Exit 2: it has taken no lesson there. A file that is there already is replaced.
    """
    settings = settings_of(config, overrides)
    storage = FileStorage(state or settings.state, read_only=True)
    shelf = _learned(storage, Configurations(settings, storage.folder))
    key = learner or learner_key(settings.learner.name, settings.learner.parameters)
    _look_for(key, shelf)
    try:
        data = build_models.saved(shelf, key)
    except StoredStateError as error:
        raise CommandError(ExitCode.ERROR, f"{key} cannot be saved: {error}") from None
    draft = out.with_name(f"{out.name}.new")
    draft.write_bytes(data)
    draft.replace(out)
    if as_json:
        show_json(_data(build_models.read(out), ""))
    say(f"written: {out}")


def show_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `save` has written.")],
    as_json: JsonOption = False,
) -> None:
    """Show what a file holds. Exit 10: a daemon of this version would refuse it, and why."""
    try:
        found = build_models.read(file)
    except StoredStateError as error:
        raise CommandError(ExitCode.FINDINGS, f"{file}: {error}") from None
    why_not = build_models.why_not(found, build.families().learners)
    if as_json:
        show_json(_data(found, why_not))
    else:
        show(_text(found))
    if why_not:
        raise CommandError(ExitCode.FINDINGS, f"{file}: would be refused: {why_not}")


def _learned(storage: FileStorage, book: Configurations) -> LearnerShelf:
    empty = book.rules("").make_engine().state
    try:
        summarize((step for _, step in read_steps(storage, live=True)), empty)
    except ForeignJournal as error:
        text = f"{error}, which this configuration has not; give the one that ran, with its --set"
        raise CommandError(ExitCode.CONFIGURATION, text) from None
    return empty.shelf


def _look_for(learner: str, shelf: LearnerShelf) -> None:
    known = [f"{key} ({lessons:,})" for key, lessons in shelf.versions.items() if lessons]
    if not shelf.versions.get(learner):
        text = f"--learner {learner}: no lessons there; learners with lessons: "
        raise CommandError(ExitCode.NOT_FOUND, text + (", ".join(known) or "none"))


def _data(found: ModelFile, why_not: str) -> dict[str, object]:
    stored = found.stored
    arms, symbols = build_models.contents(stored.arrays)
    return {
        "file": found.path,
        "format": FORMAT,
        "learner": stored.identity.learner,
        "feature_version": stored.identity.feature_version,
        "features": stored.identity.dimensions,
        "lessons": stored.lessons,
        "arms": arms,
        "symbols": symbols,
        "arrays": len(stored.arrays),
        "bytes": len(found.data),
        "sha256": stored.sha256,
        "file_hash": found.file_hash,
        "refused": why_not,
    }


def _text(found: ModelFile) -> str:
    stored = found.stored
    arms, symbols = build_models.contents(stored.arrays)
    rows = [
        ("file", f"{found.path}, format {FORMAT}, {len(found.data):,} bytes"),
        ("learner", stored.identity.learner),
        ("lessons", f"{stored.lessons:,}"),
        ("features", f"{stored.identity.dimensions}, version {stored.identity.feature_version}"),
        ("arms", f"{len(arms)}: {', '.join(arms) or 'none'}"),
        ("symbols", f"{len(symbols)}: {', '.join(symbols) or 'none of their own'}"),
        ("arrays", f"{len(stored.arrays):,}"),
        ("checksum", stored.sha256),
        ("file hash", found.file_hash),
    ]
    return "\n".join(f"{name:<10} {text}" for name, text in rows)
