"""Freeze and thaw learners, and see what they have explored, for whom and at what cost.

Owns three of the commands of `sluice learner`; by itself it is none.
"""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.analysis.replay import ForeignJournal, fold_step
from router.cli.configurations import Configurations
from router.cli.errors import CommandError, ExitCode
from router.cli.kill import NamedOption, ReasonOption, StateOption, WhoOption
from router.cli.knock import ask
from router.cli.learner_text import ledgers_data, ledgers_text
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json
from router.core.state import State
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage

LearnerArgument = Annotated[
    str,
    typer.Argument(
        metavar="[LEARNER]",
        help="Its name, for all its parameters, or its whole key; every learner if left out.",
    ),
]


def freeze(
    reason: ReasonOption,
    learner: LearnerArgument = "",
    who: WhoOption = "",
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Stop learning and exploring, now and after every restart, until somebody thaws it.

    It goes on deciding, by its mean. Lessons are journaled and not taken. Exit 3: no daemon runs.
    Exit 6: there is no such learner.
    """
    folder = state or settings_of(config, overrides).state
    answer = ask(folder, _request("freeze", learner, who or getpass.getuser(), reason))
    if as_json:
        show_json(answer)
    elif answer["changed"]:
        named = f" {learner}" if learner else ""
        thawed = f"sluice learner thaw{named} --who NAME --reason TEXT"
        show(f"{learner or 'every learner'} is frozen; let it go on with: {thawed}")
    else:
        show(f"{learner or 'every learner'} was frozen already")


def thaw(
    who: NamedOption,
    reason: ReasonOption,
    learner: LearnerArgument = "",
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Let it learn and explore again. What it missed it does not learn any more.

    Exit 3: no daemon runs. Exit 6: no such freeze holds.
    """
    folder = state or settings_of(config, overrides).state
    answer = ask(folder, _request("thaw", learner, who, reason))
    if as_json:
        show_json(answer)
        return
    left = ", ".join(each["learner"] or "every learner" for each in answer["frozen"])
    rest = f"still frozen: {left}" if left else "none is frozen"
    show(f"thawed: {learner or 'every learner'}; {rest}")


def status(
    state: Annotated[
        Path | None, typer.Argument(metavar="STATE", help="The state folder; of the configuration.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """What was explored by account and day, what held it back, and what is frozen.

    From the journal alone, next to a running daemon too.
    """
    settings = settings_of(config, overrides)
    storage = FileStorage(state or settings.state, read_only=True)
    found = _folded(storage, Configurations(settings, storage.folder))
    if as_json:
        show_json(ledgers_data(found))
        return
    for line in ledgers_text(found):
        show(line)


def _request(command: str, learner: str, who: str, reason: str) -> dict[str, object]:
    return {"command": command, "learner": learner, "who": who, "reason": reason}


def _folded(storage: FileStorage, book: Configurations) -> State:
    """The state that a journal comes to.

    Raises:
        CommandError: it names what the configuration does not have.
    """
    state = book.rules("").make_engine().state
    try:
        for _, step in read_steps(storage, live=True, partial=True):
            fold_step(state, step)
    except ForeignJournal as error:
        text = f"{error}, which this configuration has not; give the one that ran, with its --set"
        raise CommandError(ExitCode.CONFIGURATION, text) from None
    return state
