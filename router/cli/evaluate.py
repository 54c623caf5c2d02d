"""What another learner would have earned, from a journal alone; or that it cannot be told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from config.settings import DEFAULT_CONFIG
from router import build
from router.analysis.decision_log import DecisionLog, Target, read_decisions
from router.analysis.offpolicy.evaluation import Evaluation, evaluate
from router.analysis.offpolicy.verdict import Answer
from router.analysis.replay import ForeignJournal
from router.cli.configurations import Configurations
from router.cli.errors import CommandError, ExitCode
from router.cli.evaluate_text import report
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json
from router.core.features import FEATURES
from router.core.shelf import LearnerShelf, learner_key
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage

NO_PARAMETERS: list[str] = []

MODEL = {"gamma": 1.0, "kappa": 0.0}
"""The hazard learner as the model of tails and values: it forgets nothing and draws nothing."""


def command(
    learner: Annotated[
        str, typer.Option(metavar="NAME", help="The target: hazard, pro_rata, static ...")
    ],
    state: Annotated[
        Path | None, typer.Argument(metavar="STATE", help="The state folder; of the configuration.")
    ] = None,
    param: Annotated[
        list[str],
        typer.Option(
            "--param", metavar="KEY=VALUE", help="A parameter of it, as in kappa=0; repeatable."
        ),
    ] = NO_PARAMETERS,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Evaluate a learner on decisions that another one made, next to a running daemon too.

    Every decision is scored again with both learners, 64 times each. One decision at a time: what
    it would have changed afterwards is not in a log. Exit 10: it cannot be answered from this log.
    """
    settings = settings_of(config, overrides)
    storage = FileStorage(state or settings.state, read_only=True)
    family = build.families()
    target = _target(LearnerShelf(family.learners, dimensions=len(FEATURES)), learner, param)
    book = Configurations(settings, storage.folder)
    empty = book.rules("").make_engine().state
    steps = (step for _, step in read_steps(storage, live=True))
    try:
        log = read_decisions(
            steps, empty, target, lambda digest: book.rules(digest).make_engine().env.seed
        )
    except ForeignJournal as error:
        text = f"{error}, which this configuration has not; give the one that ran, with its --set"
        raise CommandError(ExitCode.CONFIGURATION, text) from None
    if not log.decisions:
        raise CommandError(ExitCode.FINDINGS, f"{Answer.NONE.value}: {_nothing(log)}")
    model = family.learners["hazard"].from_document(MODEL)
    found = evaluate(log.decisions, log.lessons, model, seed=settings.seed)
    if as_json:
        show_json(_data(storage, target.key, log, found))
    else:
        show("\n".join(report(str(storage.folder), target.key, log, found)))
    if found.verdict.answer is Answer.NONE:
        reasons = (f"  {each}" for each in found.verdict.reasons)
        raise CommandError(ExitCode.FINDINGS, f"{Answer.NONE.value}:", *reasons)


def _target(shelf: LearnerShelf, name: str, params: Sequence[str]) -> Target:
    """The learner that the command line names.

    Raises:
        CommandError: there is no such learner, or it has no such parameter.
    """
    values = dict(_parameter(each) for each in params)
    target = Target(shelf, learner_key(name, values))
    try:
        target.get()
    except KeyError:
        known = ", ".join(sorted(build.families().learners))
        text = f"--learner {name}: unknown; allowed: {known}"
        raise CommandError(ExitCode.CONFIGURATION, text) from None
    except ValidationError as wrong:
        keys = ", ".join(build.families().learners[name].model_fields) or "none"
        lines = (
            f"--param {'.'.join(str(part) for part in each['loc'])}: {each['msg']}; keys: {keys}"
            for each in wrong.errors()
        )
        raise CommandError(ExitCode.CONFIGURATION, *lines) from None
    return target


def _parameter(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    try:
        if not key or not equals:
            raise ValueError
        return key, json.loads(value)
    except ValueError:
        told = f"--param {text}: not KEY=VALUE with a value in JSON, as in kappa=0"
        raise CommandError(ExitCode.CONFIGURATION, told) from None


def _nothing(log: DecisionLog) -> str:
    if not log.left_out:
        return "it has no decision"
    reasons = "; ".join(f"{count:,} {why}" for why, count in log.left_out.items())
    return f"no decision in it is fit: {reasons}"


def _data(storage: FileStorage, key: str, log: DecisionLog, found: Evaluation) -> dict[str, object]:
    return {
        "state": str(storage.folder),
        "target": key,
        "learners": dict(log.learners),
        "left_out": dict(log.left_out),
        **asdict(found),
    }
