"""Two real sessions whose numbers begin again, on a line that is cut at any byte, and processes
that end at any moment.

However it was treated, in the end their numbers agree: a reset that was asked for has come about,
and none that was not. What was on its way at a reset may be lost, and nothing comes twice.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from router.fix.handshake import Handshake
from router.fix.session import SessionState
from tests.fix import test_fuzz_pair
from tests.fix.test_fuzz_pair import NAMES, OTHER, SETTINGS
from tests.fix.wire import OneSide

ENDING = (
    SessionState.LOGOUT_SENT,
    SessionState.LOGOUT_ANSWERED,
    SessionState.EXPELLED,
    SessionState.CLOSING,
)


class Resets(test_fuzz_pair.Pair):
    """An OMS that dials Sluice; either may begin again, and die, at any time."""

    def begun(self) -> None:
        self.wishes: dict[str, int] = {}
        """By side, how often its numbers had begun again when it was last asked to do so."""
        self.asked = False
        self.harmed = False
        """Something was lost on its way."""

    def connect(self) -> None:
        self.harmed = True
        super().connect()

    def break_off(self) -> None:
        self.harmed = True
        super().break_off()

    @rule(name=NAMES, at=st.integers(0, 5_000), bit=st.integers(0, 7))
    def flip(self, name: str, at: int, bit: int) -> None:
        self.harmed = True
        super().flip(name, at, bit)

    @rule(name=NAMES)
    def garble(self, name: str) -> None:
        self.harmed = True
        super().garble(name)

    @rule(name=NAMES)
    def reset_in_a_gap(self, name: str) -> None:
        """A message is lost, the next one shows it, and what the other end wants has to wait."""
        self.send(name, 1)
        self.garble(name)
        self.send(name, 1)
        self.deliver(name, len(self.wire[name]))
        self.ask(OTHER[name])

    @rule(name=NAMES, leaves=st.booleans())
    def reset(self, name: str, leaves: bool) -> None:
        """A reset, perhaps with a Logout right behind it."""
        self.ask(name)
        if leaves:
            self.log_out(name, lost=False)

    def ask(self, name: str) -> None:
        """When a connection ends, or there is none, nothing is said of it: both must know."""
        if self.sides[name].session.state in ENDING:
            return
        self.asked = True
        for each in (name,) if self.up else tuple(self.sides):
            side = self.sides[each]
            if not side.session.reset_owed:  # else one is under way
                self.wishes[each] = side.session.resets
            side.session.reset(side.now)
            side.settle()
        self.collect()

    @rule(name=NAMES, asked=st.booleans())
    def die(self, name: str, asked: bool) -> None:
        """A process ends, perhaps right after a reset; the other end sees that the line is gone."""
        if asked:
            self.ask(name)
        side = self.sides[name]
        if name in self.wishes:
            self.wishes[name] = 0 if side.session.resets <= self.wishes[name] else -1
        side.restart()
        side.written.clear()
        self.break_off()

    # --- What holds ----------------------------------------------------------------------------

    @invariant()
    def what_arrives_is_what_was_sent_in_its_order(self) -> None:
        for name, got in self.got.items():
            sent = iter(self.sent[OTHER[name]])
            news = [each for each in got if each]  # a Reject(3) of a request of before is none
            assert all(each in sent for each in news), f"{got}, {self.sent[OTHER[name]]}"

    @invariant()
    def numbers_are_given_out_once(self) -> None:
        for side in self.sides.values():
            assert list(side.stored) == list(range(1, len(side.stored) + 1))
            begins = side.session.next_out <= len(side.stored) and side.session.next_out == 1
            assert begins or side.session.next_out == len(side.stored) + 1

    @invariant()
    def whoever_is_logged_on_owes_nothing(self) -> None:
        for side in self.sides.values():
            assert not (side.session.logged_on and side.session.reset_owed)

    def everything_has_arrived(self) -> None:
        if not self.asked or not (self.harmed or self.alerts):
            super().everything_has_arrived()
        for name, got in self.got.items():
            assert got[-1:] == self.sent[OTHER[name]][-1:], "what is sent at last arrives"
        for name, side in self.sides.items():
            assert not side.session.begins_again, name
            assert side.session.resets > self.wishes.get(name, -1), f"{name} has not begun again"


TestResets = Resets.TestCase
TestResets.settings = SETTINGS


def asks_once(patch: pytest.MonkeyPatch) -> None:
    begin = Handshake.begin

    def wrong(self: Handshake, now: int) -> None:
        begin(self, now)
        self._line.reset_owed = False

    patch.setattr(Handshake, "begin", wrong)


def forgets_what_is_wanted(patch: pytest.MonkeyPatch) -> None:
    over = Handshake.over

    def wrong(self: Handshake) -> None:
        self._line.reset_wanted = False
        over(self)

    patch.setattr(Handshake, "over", wrong)


def forgets_what_is_owed_with_the_line(patch: pytest.MonkeyPatch) -> None:
    over = Handshake.over

    def wrong(self: Handshake) -> None:
        self._line.reset_owed &= self._line.state is SessionState.RESETTING
        over(self)

    patch.setattr(Handshake, "over", wrong)


def dies_without_a_memory_of_it(patch: pytest.MonkeyPatch) -> None:
    restart = OneSide.restart

    def wrong(self: OneSide) -> None:
        restart(self)
        self.session.reset_owed = False

    patch.setattr(OneSide, "restart", wrong)


def begins_again_whenever_a_line_breaks(patch: pytest.MonkeyPatch) -> None:
    over = Handshake.over

    def wrong(self: Handshake) -> None:
        self._line.reset_owed = True
        over(self)

    patch.setattr(Handshake, "over", wrong)


@pytest.mark.parametrize(
    "mutant",
    [
        asks_once,
        forgets_what_is_wanted,
        forgets_what_is_owed_with_the_line,
        dies_without_a_memory_of_it,
        begins_again_whenever_a_line_breaks,
    ],
    ids=lambda mutant: mutant.__name__,
)
def test_a_pair_that_is_half_reset_is_caught(
    mutant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    found = settings(SETTINGS, max_examples=3_000, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Resets, settings=found)
