"""`sluice journal snapshot` and `archive`: what keeps a start short and the state folder small."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG, Settings
from router import build
from router.build_recovery import needs, take_snapshot
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show, show_json
from router.cli.why_words import qty
from router.journal.archive import ArchiveFailed, archive_segment, sealed_segments
from router.journal.retention import Policy, choose
from router.journal.snapshots import snapshot_name
from router.journal.storage import FileStorage
from router.runtime.clock import Clock

StateOption = Annotated[
    Path | None, typer.Option("--state", metavar="DIR", help="The state folder.")
]


NiceOption = Annotated[
    bool, typer.Option("--nice", help="At low priority, as the daemon starts it.")
]
NICE = 19


def snapshot(
    state: StateOption = None,
    nice: NiceOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Put a snapshot of what the journal comes to into the state folder.

    Takes no lock and changes nothing else; the daemon starts it beside itself every
    journal.snapshot_events records. A start folds only what was written after the newest snapshot
    that is sound and that the journal confirms.
    """
    if nice:
        _give_way()
    settings = _settings(state, config, overrides)
    storage = FileStorage(settings.state, read_only=True)
    began = time.monotonic()
    try:
        made, begun = take_snapshot(build.maker(build.parts(settings, deciding=False)), storage)
    except OSError as error:
        text = f"{error.filename or settings.state}: {error.strerror}"
        raise CommandError(ExitCode.ERROR, f"no snapshot: {text}") from None
    for text in begun.refused:
        say(f"passed over: {text}")
    seconds = time.monotonic() - began
    seq = begun.snapshot_seq if made is None else made.seq
    if as_json:
        told = {"new": made is not None, "seq": seq, "folded": begun.recovery.count}
        show_json({**told, "seconds": round(seconds, 3)})
    elif made is None:
        show("nothing new" if seq >= 0 else "the journal holds nothing")
    else:
        size = len(made.body)
        show(
            f"{snapshot_name(made.seq)}: {qty(size)} bytes, {qty(begun.recovery.count)} steps "
            f"folded in {seconds:.1f} s"
        )


def archive(
    state: StateOption = None,
    nice: NiceOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Move old segments to journal.archive.folder: copied, read back, and only then deleted.

    A segment stays while recovery from either of the two snapshots needs it, while a session's peer
    may ask for messages in it, while an order that is open is as old, and as long as policy says.
    Takes no lock; the daemon starts it beside itself after each snapshot, if there is an archive.
    """
    if nice:
        _give_way()
    settings = _settings(state, config, overrides)
    rule = settings.journal.archive
    if rule.folder is None:
        cure = "set journal.archive.folder"
        raise CommandError(ExitCode.CONFIGURATION, f"there is no archive; {cure}")
    storage = FileStorage(settings.state, read_only=True)
    needed = needs(build.maker(build.parts(settings, deciding=False)), storage)
    policy = Policy(rule.keep_segments, rule.keep_days)
    choice = choose(sealed_segments(storage), policy, needed, Clock().wall())
    moved = []
    for each in choice.going:
        try:
            path = archive_segment(storage, each, rule.folder, compress=rule.compress)
        except (ArchiveFailed, OSError) as error:
            raise CommandError(ExitCode.ERROR, f"not archived: {error}") from None
        moved.append(path)
        if not as_json:
            show(f"{path}: {qty(each.size)} bytes, up to seq {each.tail.last_seq}")
    if as_json:
        show_json({"archived": [str(path) for path in moved], "kept_by": choice.kept_by})
    else:
        show(choice.kept_by)


def _give_way() -> None:
    """A sandbox may forbid it, as systemd's `~@resources` does: then the work is done all the same,
    for without it starts take ever longer and the disk fills up."""
    with contextlib.suppress(OSError):
        os.nice(NICE)


def _settings(state: Path | None, config: Path, overrides: list[str]) -> Settings:
    if state is not None:
        overrides = [*overrides, f"state={state}"]
    return settings_of(config, overrides)
