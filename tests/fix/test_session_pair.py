"""Two sessions wired back to back, and what holds whatever happens between them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fix import inbox, outbox
from router.fix.session import LoggedOn, LoggedOut, Received
from router.fix.versions import VERSIONS, Version
from tests.fix.wire import OneSide, Pair, pipes, speaks


def news(text: str) -> str:
    return f"148={text}|33=1|58=line|"


def texts(side: OneSide) -> list[str]:
    return [event.message.get("148") for event in side.reports() if isinstance(event, Received)]


def test_both_log_on_and_talk() -> None:
    pair = Pair()
    pair.connect()
    pair.oms.send("B", news("hello"))
    pair.sluice.send("B", news("good day"))
    pair.carry()
    assert [type(event) for event in pair.sluice.events] == [LoggedOn, Received]
    assert [type(event) for event in pair.oms.events] == [LoggedOn, Received]
    assert (texts(pair.sluice), texts(pair.oms)) == (["hello"], ["good day"])


def test_what_was_said_apart_is_heard_after_the_next_logon_both_ways() -> None:
    pair = Pair()
    pair.connect()
    pair.cut()
    pair.oms.send("B", news("o1"))
    pair.sluice.send("B", news("s1"))
    pair.oms.send("B", news("o2"))
    pair.sluice.send("B", news("s2"))
    pair.connect()
    pair.oms.send("B", news("o3"))
    pair.sluice.send("B", news("s3"))
    pair.carry()
    assert texts(pair.sluice) == ["o1", "o2", "o3"]
    assert texts(pair.oms) == ["s1", "s2", "s3"]
    assert pair.oms.session.next_in == pair.sluice.session.next_out
    assert pair.sluice.session.next_in == pair.oms.session.next_out


def test_a_quiet_pair_stays_up_for_hours() -> None:
    pair = Pair(heart_bt_int=5, check_latency=False)
    pair.connect()
    pair.wait(200)
    assert pair.oms.session.logged_on
    assert pair.sluice.session.logged_on
    # One heartbeat in five seconds from each, and no TestRequest.
    for side in (pair.oms, pair.sluice):
        types = [frame.split(b"\x0135=")[1][:1] for frame in side.stored.values()]
        assert set(types) == {b"A", b"0"}
        assert len(types) in (40, 41)


def test_a_logout_ends_both() -> None:
    pair = Pair()
    pair.connect()
    pair.oms.session.logout("done", pair.oms.now)
    pair.oms.settle()
    pair.carry()
    assert pair.oms.session.wants_close
    assert pair.sluice.reports()[-1] == LoggedOut("done")
    pair.cut()
    pair.connect()
    assert pair.oms.session.logged_on
    assert pair.sluice.session.logged_on


def test_a_session_that_resets_forgets_what_was_lost() -> None:
    pair = Pair(reset_on_logon=True, durable=False)
    pair.connect()
    pair.oms.send("B", news("lost"))
    pair.cut()
    pair.connect()
    pair.oms.send("B", news("kept"))
    pair.carry()
    assert texts(pair.sluice) == ["kept"]
    assert (pair.oms.session.next_in, pair.oms.session.next_out) == (2, 3)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(["oms", "sluice"]), st.integers(1, 4)),
        st.tuples(st.just("cut"), st.booleans(), st.just(0)),
        st.tuples(st.just("garble"), st.sampled_from(["oms", "sluice"]), st.just(0)),
        st.tuples(st.just("carry"), st.just(""), st.just(0)),
        st.tuples(st.just("delay"), st.sampled_from(["oms", "sluice"]), st.just(0)),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 40)),
    ),
    max_size=30,
)


def act(pair: Pair, action: tuple[str, object, int], said: dict[str, list[str]]) -> None:
    kind, who, count = action
    match kind:
        case "send":
            assert isinstance(who, str)
            for _ in range(count):
                text = f"{who}{len(said[who])}"
                said[who].append(text)
                getattr(pair, who).send("B", news(text))
        case "cut":
            pair.cut(lose=bool(who))
            for side in (pair.oms, pair.sluice):
                side.written.clear()
            pair.connect()
        case "garble":
            # One frame on its way loses a bit.
            side = getattr(pair, str(who))
            if side.written:
                frame = bytearray(side.written[-1])
                frame[-3] ^= 1
                side.written[-1] = bytes(frame)
        case "carry":
            pair.carry()
        case "delay":
            # The store answers late, until it is told to: live messages pile up behind the resend.
            side = getattr(pair, str(who))
            side.answers = not side.answers
            side.settle()
        case "wait":
            pair.wait(count)
    for side in (pair.oms, pair.sluice):
        if side.session.wants_close:
            pair.cut()
            pair.connect()


WAYS = st.fixed_dictionaries(
    {
        "enable_next_expected_msg_seq_num": st.booleans(),
        "enable_last_msg_seq_num_processed": st.booleans(),
        "send_redundant_resend_requests": st.booleans(),
        "resend_request_chunk_size": st.sampled_from([0, 3]),
    }
)


@settings(max_examples=200)
@given(ACTIONS, WAYS, st.sampled_from(VERSIONS), st.integers(1, 4))
def test_nothing_is_lost_doubled_or_disordered(
    actions: list[tuple[str, object, int]], ways: dict[str, object], version: Version, portion: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "RESEND_RANGE_MAX", portion)
        patch.setattr(outbox, "OUT_HELD_MAX", 2 * portion)
        patch.setattr(inbox, "DRAIN_MAX", portion)
        _run(actions, Pair(check_latency=False, **ways, **speaks(version)))


def _run(actions: list[tuple[str, object, int]], pair: Pair) -> None:
    pair.connect()
    said: dict[str, list[str]] = {"oms": [], "sluice": []}
    for action in actions:
        act(pair, action, said)
    pair.oms.answers = pair.sluice.answers = True
    pair.cut()
    pair.connect()
    pair.wait(130)
    pair.oms.send("B", news("end"))
    pair.sluice.send("B", news("end"))
    pair.carry()
    assert texts(pair.sluice) == [*said["oms"], "end"]
    assert texts(pair.oms) == [*said["sluice"], "end"]
    for side in (pair.oms, pair.sluice):
        # Numbers that were given out: strictly one more each time, none twice.
        assert list(side.stored) == list(range(1, side.session.next_out))


@given(
    st.lists(st.sampled_from(["send", "resend", "test", "answer"]), max_size=25),
    st.integers(2, 5),
)
def test_no_live_message_stands_inside_a_resend(steps: list[str], begin: int) -> None:
    pair = Pair()
    pair.connect()
    side = pair.sluice
    side.written.clear()
    seq = 2
    for _ in range(6):
        side.send("B", news("before"))
    side.written.clear()
    side.answers = False
    for step in steps:
        match step:
            case "send":
                side.send("B", news("live"))
            case "resend" if len(side.open) < 8:
                side.told(f"35=2|34={seq}|7={begin}|16=0|")
                seq += 1
            case "test":
                side.told(f"35=1|34={seq}|112=T|")
                seq += 1
            case "answer" if side.open:
                side.resend(side.open.pop(0))
                side.settle()
    side.answer()
    live: list[int] = []
    runs: list[list[int]] = [[]]
    for line in pipes(side.written):
        number = int(line.split("|34=")[1].split("|")[0])
        if "|43=Y|" in line:
            # A request begins again at or below where the last one stood.
            if runs[-1] and number <= runs[-1][-1]:
                runs.append([])
            runs[-1].append(number)
        else:
            live.append(number)
            assert not runs[-1] or number > runs[-1][-1]
            runs.append([])
    # Live messages leave once each, in the order of their numbers, none left behind.
    assert live == list(range(8, side.session.next_out))
    for run in runs:
        assert run == sorted(set(run))
