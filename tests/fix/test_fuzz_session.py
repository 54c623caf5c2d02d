"""A session among hostile peers, clocks and stores: what must hold whatever they do (tests.fuzz).

The watch that judges is itself tried on sessions that are wrong on purpose.
"""

from __future__ import annotations

import random
import resource
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fix import outbox
from router.fix.codec import encode
from router.fix.handshake import Handshake
from router.fix.inbox import Inbox
from router.fix.line import Line
from router.fix.outbox import Outbox
from router.fix.session import Session
from router.fix.states import Received, SessionEvent
from router.fix.timing import Timers
from tests.fix.wire import SLUICE, OneSide
from tests.fuzz import law, seeds
from tests.fuzz.cost import GROWTH_MAX, Meter
from tests.fuzz.mutate import mutated, script
from tests.fuzz.play import CHUNKS, Play
from tests.fuzz.script import ROW, Script, check_session, config_of

SCRIPTS = seeds.scripts()
SIZE_MAX = 60 * ROW
STATM = Path("/proc/self/statm")


def play(data: bytes) -> int:
    return check_session(data, Meter().timed)


@settings(max_examples=120)
@given(st.binary(max_size=SIZE_MAX))
def test_any_script_leaves_a_session_in_order(data: bytes) -> None:
    play(data)


@settings(max_examples=150)
@given(st.sampled_from(SCRIPTS), st.integers(0, 2**32), st.integers(0, 30))
def test_the_usual_lives_and_what_becomes_of_them(seed: bytes, choice: int, rounds: int) -> None:
    play(mutated(script, seed, choice, rounds=rounds, most=SIZE_MAX))


ROWS = st.lists(st.binary(min_size=ROW, max_size=ROW), min_size=1, max_size=12)


@settings(max_examples=150)
@given(st.binary(min_size=ROW, max_size=ROW), ROWS)
def test_it_is_all_the_same_how_messages_arrive(first: bytes, rows: list[bytes]) -> None:
    outcomes = []
    for chunk in range(len(CHUNKS)):
        play = Play(config_of(first), Meter().timed)
        play.up()
        # A resend is answered after the read, and so in another place.
        frames = [each for each in Script(play).frames(rows) if b"\x0135=2\x01" not in each]
        play.chunk = chunk
        if frames:
            play.feed(frames)
        session = play.session
        numbers = (session.next_in, session.next_out, session.state)
        outcomes.append((numbers, play.watch.told, play.watch.received, session.closed_reason))
    assert all(each == outcomes[0] for each in outcomes), outcomes


# --- The watch is awake --------------------------------------------------------------------------

Mutant = Callable[[pytest.MonkeyPatch], None]


def skips_a_number(patch: pytest.MonkeyPatch) -> None:
    issue = Outbox.issue

    def wrong(self: Outbox, msg_type: str, *args: str, **more: bool) -> int:
        self.next_out += msg_type == "0"
        return issue(self, msg_type, *args, **more)  # type: ignore[arg-type]

    patch.setattr(Outbox, "issue", wrong)


def uses_a_number_twice(patch: pytest.MonkeyPatch) -> None:
    issue = Outbox.issue

    def wrong(self: Outbox, msg_type: str, *args: str, **more: bool) -> int:
        self.next_out -= msg_type == "B" and self.next_out > 3
        return issue(self, msg_type, *args, **more)  # type: ignore[arg-type]

    patch.setattr(Outbox, "issue", wrong)


def resends_another_body(patch: pytest.MonkeyPatch) -> None:
    again = Outbox._again

    def wrong(self: Outbox, *args: str) -> None:
        again(self, *args[:-1], args[-1] + "5003=x\x01")  # type: ignore[arg-type, call-arg]

    patch.setattr(Outbox, "_again", wrong)


def fills_gaps_over_orders(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "ADMIN", outbox.ADMIN | {"B", "8"})


def talks_into_a_resend(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "hold", lambda self: None)
    start = Outbox.start_resend

    def wrong(self: Outbox, begin: int, end: int) -> None:
        start(self, begin, end)
        self._holding = False

    patch.setattr(Outbox, "start_resend", wrong)


def jumps_over_gaps(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Inbox, seq: int) -> None:
        self.next_in = max(self.next_in, seq + 1)

    patch.setattr(Inbox, "consume", wrong)


def counts_without_telling(patch: pytest.MonkeyPatch) -> None:
    take = Line.take_events

    def wrong(self: Line) -> Sequence[SessionEvent]:
        return [each for each in take(self) if not (isinstance(each, Received) and each.seq % 2)]

    patch.setattr(Line, "take_events", wrong)


def tells_twice(patch: pytest.MonkeyPatch) -> None:
    take = Line.take_events

    def wrong(self: Line) -> Sequence[SessionEvent]:
        return [each for each in take(self) for _ in range(1 + isinstance(each, Received))]

    patch.setattr(Line, "take_events", wrong)


def answers_too_much(patch: pytest.MonkeyPatch) -> None:
    in_turn = Session._in_turn

    def wrong(self: Session, *args: object) -> None:
        in_turn(self, *args)  # type: ignore[arg-type]
        for _ in range(12):
            self.issue("0", "", 0)

    patch.setattr(Session, "_in_turn", wrong)


def talks_after_the_end(patch: pytest.MonkeyPatch) -> None:
    answer = Line.answer

    def wrong(self: Line, frames: Sequence[tuple[int, bytes]], now: int) -> None:
        closing, self.wants_close = self.wants_close, False
        answer(self, frames, now)
        self.wants_close = closing
        if closing:
            self.outbox.issue("0", "", now, live=True)

    patch.setattr(Line, "answer", wrong)


def never_gives_up(patch: pytest.MonkeyPatch) -> None:
    due = Timers.due
    patch.setattr(Timers, "due", lambda self, now: due(self, now)[1:])


def writes_a_field_without_a_value(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("router.fix.line.text_field", lambda text: f"58={text}\x01")


def writes_body_before_header(patch: pytest.MonkeyPatch) -> None:
    def wrong(begin_string: str, msg_type: str, header: str, body: str) -> bytes:
        return encode(begin_string, msg_type, "", body + header)

    patch.setattr(outbox, "encode", wrong)


def trips_over_a_second_logon(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Handshake, *args: object) -> None:
        raise KeyError("A")

    patch.setattr(Handshake, "second", wrong)


MUTANTS: list[Mutant] = [
    skips_a_number,
    uses_a_number_twice,
    resends_another_body,
    fills_gaps_over_orders,
    talks_into_a_resend,
    jumps_over_gaps,
    counts_without_telling,
    tells_twice,
    answers_too_much,
    talks_after_the_end,
    never_gives_up,
    writes_a_field_without_a_value,
    writes_body_before_header,
    trips_over_a_second_logon,
]
TRIES = 600


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_session_that_is_wrong_is_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    rng = random.Random(11)
    for _ in range(TRIES):
        data = mutated(script, rng.choice(SCRIPTS), rng.randrange(2**32), rounds=8, most=SIZE_MAX)
        try:
            play(data)
        except (AssertionError, KeyError):
            return
    pytest.fail("not caught")


# --- Memory ---------------------------------------------------------------------------------------


def resident() -> int:
    """Bytes of memory that the process has now."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not STATM.exists(), reason="only Linux says how much memory is in use")
def test_what_is_held_in_a_gap_is_bounded_and_let_go_in_portions() -> None:
    side = OneSide(SLUICE)
    side.connect()
    side.told("35=A|34=1|98=0|108=30|")
    head = b"35=B\x0134=%d\x0149=OMS\x0152=20260105-14:30:00.000\x0156=SLUICE\x01148=x\x01"
    many = b"".join(b"%d=abc\x01" % (5_000 + i) for i in range(980))
    before = resident()
    for seq in range(3, 2_000):
        side.session.receive(law.frame(b"FIX.4.4", head % seq + many), side.now)
    assert side.session.inbox.held < 1_990
    side.session.receive(law.frame(b"FIX.4.4", head % 2), side.now)
    events = side.session.take_events()
    assert 1 < len(events) < 1_000
    assert resident() - before < GROWTH_MAX
    side.wait(0.1)
    assert side.session.inbox.held == 0
