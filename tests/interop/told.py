"""What the router's journal says when the daemon is gone."""

from __future__ import annotations

from config.settings import load_settings
from router import build
from router.core import fold
from router.core.state import State
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from tests.interop.processes import House


def folded(house: House) -> tuple[State, dict[str, tuple[int, int]]]:
    """The router's state, and each session's next MsgSeqNum in and out."""
    made_of = build.parts(load_settings(house.config, house.overrides))
    state = build.engine(made_of.env, made_of.family).state
    numbers: dict[str, tuple[int, int]] = {}
    for _, step in read_steps(FileStorage(house.state)):
        for message in (step.event, *step.commands):
            if message is not None:
                fold.apply(state, step.now, message)
        for each in step.numbers:
            numbers[each.session] = (each.next_in, each.next_out)
    return state, numbers
