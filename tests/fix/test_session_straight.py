"""The short way of an ordinary message comes to what the rules come to, whatever the message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fix.session import Received, Session
from router.fix.versions import FIX44, VERSIONS, Version
from tests.fix.conftest import DICTIONARIES
from tests.fix.wire import SLUICE, T0, OneSide, S, at, said, speaks

NEWS = "148=x|33=1|58=y|"


class Careful(Session):
    """Every message goes through all the rules."""

    def _take_plain(self, frames: Iterator[bytes], now: int) -> bytes | None:
        return next(frames, None)


TIMES = [at(T0), at(T0)[:-4], at(T0) + "123456", at(T0)[:-4] + ".", at(T0) + "1" * 10, "now", ""]
TIMES += ["20260105-14:28:00.000", "20260105-14:27:59.999", "20260105-14:32:00.001"]
HEADERS = ["43=Y|", "43=N|", "122=20260105-14:29:00.000|", "1128=9|", "1128=6|", "97=Y|", "50=X|"]
BODIES = [NEWS, "148=x|33=1|58=|", "9999=x|", "112=T|", "-1=x|", "36=9|123=Y|", "45=1|380=0|372=8|"]
PLAIN: dict[str, Any] = {
    "msg_type": "B",
    "step": 0,
    "header": "",
    "body": NEWS,
    "time": at(T0),
    "sender": "OMS",
    "target": "SLUICE",
    "begin_string": "",
}
CHANGES = st.one_of(
    st.tuples(st.just("msg_type"), st.sampled_from("D01234 5Aj*")),
    st.tuples(st.just("step"), st.sampled_from([1, 2, 3, -1])),
    st.tuples(st.just("header"), st.sampled_from(HEADERS)),
    st.tuples(st.just("body"), st.sampled_from(BODIES)),
    st.tuples(st.just("time"), st.sampled_from(TIMES)),
    st.tuples(st.just("sender"), st.sampled_from(["X", ""])),
    st.tuples(st.just("target"), st.sampled_from(["X", ""])),
    st.tuples(st.just("begin_string"), st.just("FIX.4.3")),
)
MESSAGES = st.lists(CHANGES, max_size=2).map(lambda changes: {**PLAIN, **dict(changes)})
"""Ordinary messages but for a thing or two."""


@settings(max_examples=200)
@given(
    st.lists(MESSAGES, max_size=12),
    st.sampled_from(VERSIONS),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["reject", "report"]),
    st.lists(st.integers(0, 130), max_size=3),
)
def test_both_ways_come_to_the_same(
    messages: list[dict[str, Any]],
    version: Version,
    judged: bool,
    strict: bool,
    late_clock: str,
    waits: list[int],
) -> None:
    config = replace(
        SLUICE,
        validate=DICTIONARIES[version] if judged else None,
        strict=strict,
        late_clock="report" if late_clock == "report" else "reject",
        **speaks(version),
    )
    quick, careful = OneSide(config), OneSide(config)
    careful.session = Careful(config)
    sides = (quick, careful)
    for side in sides:
        side.connect()
        side.told(f"35=A|34=1|98=0|108=300|{side.appl}")
    for number, each in enumerate(messages):
        seq = quick.session.next_in + each["step"]
        text = f"35={each['msg_type']}|34={seq}|{each['header']}{each['body']}"
        begin_string = each["begin_string"] or version.begin_string
        frame = said(text, each["sender"], each["target"], each["time"], begin_string)
        for side in sides:
            side.hears(frame)
            if number < len(waits):
                side.wait(waits[number])
    assert [_told(event) for event in quick.events] == [_told(event) for event in careful.events]
    assert quick.written == careful.written
    assert quick.session.next_in == careful.session.next_in
    assert quick.session.state is careful.session.state
    assert quick.session.deadline() == careful.session.deadline()


def _told(event: object) -> object:
    if isinstance(event, Received):
        return event.message.pairs, event.seq, event.poss_dup, event.frame, event.flags
    return event


@pytest.mark.parametrize("after", [119, 120, 121])
def test_a_second_that_was_near_is_judged_anew_when_time_has_passed(after: int) -> None:
    side = OneSide(replace(SLUICE, validate=DICTIONARIES[FIX44]))
    side.connect()
    side.told("35=A|34=1|98=0|108=0|", f"35=B|34=2|{NEWS}")
    side.now += after * S
    side.hears(said(f"35=B|34=3|{NEWS}", time=at(T0)))
    assert side.session.logged_on is (after <= 120)
    assert len(side.received()) == (2 if after <= 120 else 1)


@pytest.mark.parametrize("before", [119, 120, 121])
def test_a_clock_that_is_set_back_is_seen(before: int) -> None:
    side = OneSide(SLUICE)
    side.connect()
    side.told("35=A|34=1|98=0|108=0|", f"35=B|34=2|{NEWS}")
    side.now -= before * S
    side.hears(said(f"35=B|34=3|{NEWS}", time=at(T0)))
    assert side.session.logged_on is (before <= 120)


@pytest.mark.parametrize("decimals", [".", ".1234567890123", ".12x", "x", ".\u0663"])
def test_a_second_that_was_near_does_not_make_its_fraction_sound(decimals: str) -> None:
    side = OneSide(SLUICE)
    side.connect()
    side.told("35=A|34=1|98=0|108=0|", f"35=B|34=2|{NEWS}")
    frame = said(f"35=B|34=3|{NEWS}", time=at(T0)[:-4] + "#" * len(decimals))
    side.hears(_summed(frame.replace(b"#" * len(decimals), decimals.encode("latin-1", "replace"))))
    assert not side.session.logged_on
    assert len(side.received()) == 1


def _summed(frame: bytes) -> bytes:
    body = frame[: -len("10=000|")]
    return body + b"10=%03d\x01" % (sum(body) % 256)
