"""Two real sessions on a line that is cut at any byte, flips bits, and comes again.

However it was treated, in the end their numbers agree and every application message has arrived
once, in its order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from router.fix import outbox
from router.fix.codec import Message
from router.fix.dictionary import dictionary
from router.fix.inbox import Inbox
from router.fix.session import Alert, Received, Session, SessionState
from router.fix.versions import VERSIONS, Version
from tests.fix.wire import OMS, SLUICE, OneSide, speaks

DICTIONARIES = {version.name: dictionary(version) for version in VERSIONS}
NAMES = st.sampled_from(["oms", "sluice"])
OTHER = {"oms": "sluice", "sluice": "oms"}
ROUNDS_MAX = 200
"""Exchanges after which two sessions without news must be silent."""


class Pair(RuleBasedStateMachine):
    """An OMS that dials Sluice, and the bytes that are under way between them."""

    @initialize(
        version=st.sampled_from(VERSIONS),
        seconds=st.sampled_from([0, 5, 30]),
        chunk=st.sampled_from([0, 1, 3, 1_000]),
        options=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    )
    def begin(
        self, version: Version, seconds: int, chunk: int, options: tuple[bool, bool, bool]
    ) -> None:
        expected, processed, redundant = options
        changes = {
            **speaks(version),
            "heart_bt_int": seconds,
            "resend_request_chunk_size": chunk,
            "check_latency": False,
            "enable_next_expected_msg_seq_num": expected and version.name != "FIX.4.2",
            "enable_last_msg_seq_num_processed": processed,
            "send_redundant_resend_requests": redundant,
            "validate": DICTIONARIES[version.name],
        }
        self.sides = {
            "oms": OneSide(replace(OMS, **changes)),
            "sluice": OneSide(replace(SLUICE, **changes)),
        }
        self.wire = {"oms": b"", "sluice": b""}
        """What each has written and the other has not read."""
        self.sent: dict[str, list[str]] = {"oms": [], "sluice": []}
        self.got: dict[str, list[str]] = {"oms": [], "sluice": []}
        self.alerts: list[str] = []
        self.up = False
        self.connect()
        self.begun()

    def begun(self) -> None:
        """For who adds to it: both have been called for the first time."""

    # --- The line ------------------------------------------------------------------------------

    def collect(self) -> None:
        """What is written goes on the wire, if there is one; what is told is noted."""
        for name, side in self.sides.items():
            written, side.written = side.written, []
            if self.up:
                self.wire[name] += b"".join(written)
            for event in side.reports():
                if isinstance(event, Received):
                    self.got[name].append(event.message.get("148"))
                elif isinstance(event, Alert):
                    self.alerts.append(event.code)

    def connect(self) -> None:
        for side in self.sides.values():
            if side.session.state is not SessionState.DISCONNECTED:
                side.lose()
            side.written.clear()
        self.wire = {"oms": b"", "sluice": b""}
        self.up = True
        for side in (self.sides["sluice"], self.sides["oms"]):
            side.connect()
        self.collect()

    def deliver(self, name: str, count: int) -> None:
        """The other end reads so many bytes of what one has written."""
        data, self.wire[name] = self.wire[name][:count], self.wire[name][count:]
        if data:
            self.sides[OTHER[name]].hears(data)
        self.collect()

    def settle(self) -> None:
        """All that is written is read, until both are silent."""
        for _ in range(ROUNDS_MAX):
            if not self.up or not any(self.wire.values()):
                return
            for name in self.sides:
                self.deliver(name, len(self.wire[name]))
            self.mind_the_end()
        raise AssertionError("they talk for ever")

    def mind_the_end(self) -> None:
        """Who wants the connection closed gets it: what it has written may still arrive."""
        for name, side in self.sides.items():
            if self.up and side.session.wants_close:
                self.deliver(name, len(self.wire[name]))
                self.break_off()

    def break_off(self) -> None:
        self.up = False
        for side in self.sides.values():
            if side.session.state is not SessionState.DISCONNECTED:
                side.lose()
        self.collect()

    # --- What happens --------------------------------------------------------------------------

    @rule(name=NAMES, count=st.integers(1, 5))
    def send(self, name: str, count: int) -> None:
        for _ in range(count):
            text = f"{name} {len(self.sent[name])}"
            self.sent[name].append(text)
            self.sides[name].send("B", f"148={text}|33=1|58=line|")
        self.collect()

    @rule(name=NAMES, count=st.integers(1, 700))
    def carry(self, name: str, count: int) -> None:
        self.deliver(name, count)
        self.mind_the_end()

    @rule()
    def carry_all(self) -> None:
        self.settle()

    @rule(oms=st.integers(0, 400), sluice=st.integers(0, 400))
    def cut(self, oms: int, sluice: int) -> None:
        """The line breaks; so much of what is under way arrives."""
        if self.up:
            self.deliver("oms", oms)
            self.deliver("sluice", sluice)
        self.break_off()

    @rule()
    def reconnect(self) -> None:
        self.connect()

    @rule(name=NAMES, at=st.integers(0, 5_000), bit=st.integers(0, 7))
    def flip(self, name: str, at: int, bit: int) -> None:
        """A bit on its way changes."""
        data = bytearray(self.wire[name])
        if data:
            data[at % len(data)] ^= 1 << bit
            self.wire[name] = bytes(data)

    @rule(name=NAMES)
    def garble(self, name: str) -> None:
        """The last message on its way is lost: its CheckSum(10) is no longer right."""
        data = bytearray(self.wire[name])
        if len(data) > 1:
            data[-2] ^= 1
            self.wire[name] = bytes(data)

    @rule(name=NAMES)
    def let_the_store_wait(self, name: str) -> None:
        side = self.sides[name]
        side.answers = not side.answers
        side.settle()
        self.collect()

    @rule(name=NAMES, lost=st.booleans())
    def log_out(self, name: str, lost: bool) -> None:
        """A Logout, perhaps right behind a message that is lost."""
        if lost:
            self.send(name, 1)
            self.garble(name)
        side = self.sides[name]
        side.session.logout("for now", side.now)
        side.settle()
        self.collect()
        self.mind_the_end()

    @rule(seconds=st.sampled_from([0.5, 3, 12, 40]))
    def stall(self, seconds: float) -> None:
        """Time passes for both, and nothing is carried."""
        for side in self.sides.values():
            side.wait(seconds)
        self.collect()
        self.mind_the_end()

    @rule(seconds=st.sampled_from([1, 15]))
    def run_on(self, seconds: int) -> None:
        """Time passes, and all is carried."""
        for _ in range(4 * seconds):
            for side in self.sides.values():
                side.wait(0.25)
            self.collect()
            self.mind_the_end()
            self.settle()

    # --- What holds ----------------------------------------------------------------------------

    @invariant()
    def what_arrives_is_what_was_sent_in_its_order(self) -> None:
        for name, got in self.got.items():
            assert got == self.sent[OTHER[name]][: len(got)]

    @invariant()
    def numbers_are_given_out_once(self) -> None:
        for side in self.sides.values():
            assert list(side.stored) == list(range(1, side.session.next_out))

    def teardown(self) -> None:
        """On a sound line everything arrives."""
        if not hasattr(self, "sides"):
            return
        for side in self.sides.values():
            side.answers = True
            side.settle()
        self.connect()
        self.settle()
        self.run_on(30)
        for name in self.sides:
            self.send(name, 1)
        self.settle()
        self.what_arrives_is_what_was_sent_in_its_order()
        oms, sluice = self.sides["oms"].session, self.sides["sluice"].session
        assert oms.state is sluice.state is SessionState.ACTIVE, (oms.closed_reason, sluice.state)
        self.everything_has_arrived()
        assert (oms.next_in, oms.next_out) == (sluice.next_out, sluice.next_in)

    def everything_has_arrived(self) -> None:
        assert {name: len(got) for name, got in self.got.items()} == {
            name: len(self.sent[OTHER[name]]) for name in self.got
        }


SETTINGS = settings(
    max_examples=120,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestPair = Pair.TestCase
TestPair.settings = SETTINGS


def drops_what_is_early(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Inbox, "hold", lambda self, held: None)


def fills_gaps_over_news(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "ADMIN", outbox.ADMIN | {"B"})


def never_asks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Inbox, "request", lambda self: None)


def counts_a_logout_that_is_early(patch: pytest.MonkeyPatch) -> None:
    taken = Session._logout_received

    def wrong(self: Session, message: Message, seq: int, now: int) -> None:
        self.inbox.next_in = max(self.inbox.next_in, seq + 1)
        taken(self, message, seq, now)

    patch.setattr(Session, "_logout_received", wrong)


@pytest.mark.parametrize(
    "mutant",
    [drops_what_is_early, fills_gaps_over_news, never_asks, counts_a_logout_that_is_early],
    ids=lambda mutant: mutant.__name__,
)
def test_a_pair_that_loses_messages_is_caught(
    mutant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    found = settings(SETTINGS, max_examples=600, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Pair, settings=found)
