"""`sluice fix tail`: what passed, by session, by order and by expression, old and growing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.analysis.wire import Numbers
from router.cli import fix_tail, run
from router.journal.segments import Journal
from router.journal.storage import FileStorage
from router.messages import ChildRefused, OpenParent, OrderTerms, SendChild, Sent, Step, encode_step
from router.model import OrdType, Side, Tactic, TimeInForce
from tests.cli.market_day import Recorded, read_journal, write_journal

NS = 1_000_000_000
T = 1_767_623_400 * NS
"""2026-01-05 14:30:00 UTC."""


def frame(body: str) -> bytes:
    """A FIX.4.4 message with a right BodyLength(9) and CheckSum(10); `|` stands for SOH."""
    text = body.replace("|", "\x01").encode()
    head = b"8=FIX.4.4\x019=%d\x01" % len(text) + text
    return head + b"10=%03d\x01" % (sum(head) % 256)


def message(msg_type: str, seq: int, body: str = "", header: str = "") -> bytes:
    return frame(f"35={msg_type}|34={seq}|{header}49=A|52=20260105-14:30:00|56=B|{body}")


def tail(folder: Path, *options: str, code: int = 0) -> None:
    assert run(["fix", "tail", "--state", str(folder), *options]) == code


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


TERMS = OrderTerms("ACME", Side.BUY, 1000, OrdType.LIMIT, price=10 * 10**8)


def opened(parent_id: str, cl_ord_id: str) -> OpenParent:
    return OpenParent(parent_id, "OMS", cl_ord_id, TERMS, "p", "h", "sweep", {}, 0, 0, 0, 0)


def child(cl_ord_id: str, parent_id: str) -> SendChild:
    return SendChild(
        cl_ord_id=cl_ord_id,
        parent_id=parent_id,
        decision=1,
        mic="LIT",
        tactic=Tactic.LIT_TAKE,
        symbol="ACME",
        side=Side.BUY,
        qty=100,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.IOC,
        price=10 * 10**8,
    )


# -- a day of the real node ----------------------------------------------------------------------


def test_the_last_messages_stand_below_their_date(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    tail(recorded.folder, "--session", "OMS", "-n", "2")
    date, *lines = capsys.readouterr().out.splitlines()
    assert date == "2026-01-05 UTC"
    first, second = (line[17:39].split()[:3] for line in lines)
    assert first[:2] == second[:2] == ["OMS", ">"]
    assert int(second[2]) == int(first[2]) + 1
    assert all(f"ExecutionReport      ClOrdID={recorded.after_restart} " in line for line in lines)
    assert "ExecType=TRADE(F) OrdStatus=FILLED(2) LastQty=" in lines[1]


def test_every_frame_of_the_journal_is_there_once_and_in_order(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    tail(recorded.folder, "-n", "0", "--json")
    steps = read_journal(recorded.folder)
    expected = [
        (step.seq, direction, data)
        for step in steps
        for direction, data in (
            *((("in", step.frame),) if step.frame else ()),
            *(("out", each.frame) for each in step.sent),
        )
    ]
    assert [(row["seq"], row["direction"]) for row in rows(capsys)] == [
        (seq, direction) for seq, direction, _ in expected
    ]


@pytest.mark.parametrize("name", ["cl_ord_id", "order_id", "child"])
def test_an_order_is_followed_by_any_of_its_ids(
    name: str, recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = {"cl_ord_id": recorded.swept, "order_id": "PA1-0", "child": "A1-1"}
    tail(recorded.folder, "--order", ids[name], "--json")
    found = rows(capsys)
    first, *_ = found
    assert (first["session"], first["direction"], first["msg_type"]) == ("OMS", "in", "D")
    mine = {recorded.swept, "PA1-0"}
    for row in found:
        fields = {each["tag"]: each["value"] for each in row["fields"]}
        if row["session"] == "OMS":
            assert fields["11"] in mine
        else:
            assert fields.get("11", fields.get("131", "")).lstrip("Q").startswith("A1-")
    bought = sum(
        int(each["value"])
        for row in found
        if row["session"] == "OMS" and row["msg_type"] == "8"
        for each in row["fields"]
        if each["tag"] == "32"
    )
    assert bought == 1_000
    assert found[-1]["now"] - first["now"] == sum(row["since_last_ns"] for row in found)
    asked = next(row for row in found if row["session"] == "LIT_A")
    answered = next(r for r in found if r["session"] == "LIT_A" and r["direction"] == "in")
    assert answered["answer_ns"] == answered["now"] - asked["now"] > 0


def test_an_order_that_was_refused_and_one_that_was_canceled(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    tail(recorded.folder, "--order", recorded.refused, "--json")
    assert [(row["msg_type"], row["marks"]) for row in rows(capsys)] == [
        ("D", []),
        ("8", ["REJECT"]),
    ]
    for name in (recorded.canceled, recorded.cancel):
        tail(recorded.folder, "--order", name, "--session", "OMS", "--json")
        assert [row["msg_type"] for row in rows(capsys)] == ["D", "8", "F", "8", "8"]


def test_an_expression_narrows(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    tail(recorded.folder, "--grep", "35=8 & 150=F & 32>=400", "--session", "SDP_1", "--raw")
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines
    assert all(" SDP_1 < 8=FIX.4.4|" in line and "|150=F|" in line for line in lines)
    assert all(int(line.partition("|32=")[2].partition("|")[0]) >= 400 for line in lines)


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (["--order", "O-9"], 2, "no order 'O-9' in "),
        (["--session", "OSM"], 2, "no message of a session 'OSM'; there are: LIT_A, "),
        (["--grep", "OrdStatus=1"], 4, "--grep: at character 1 of 'OrdStatus=1': "),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    options: list[str],
    code: int,
    text: str,
    recorded: Recorded,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tail(recorded.folder, *options, code=code)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(text)


# -- marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inbound", "sent", "marks"),
    [
        (message("8", 5, header="43=Y|122=20260105-14:29:00|"), [], [("POSSDUP",)]),
        (message("D", 5, header="97=Y|"), [], [("POSSRESEND",)]),
        (message("3", 5, "45=2|"), [], [("REJECT",)]),
        (message("9", 5, "434=1|"), [], [("REJECT",)]),
        (b"8=FIX.4.4\x019=3\x01x\x0110=000\x01", [], [("UNREADABLE",)]),
        (b"", [message("2", 1, "7=5|16=0|")], [("GAP 5..",)]),
        (b"", [message("2", 1, "7=5|16=9|")], [("GAP 5..9",)]),
        (
            b"",
            [message("0", 1), message("0", 4), message("A", 1)],
            [(), ("SKIPPED 2..3",), ("RESET",)],
        ),
        (message("D", 2), [message("j", 1, "45=2|372=D|380=3|")], [(), ("REJECT",)]),
        (message("D", 2), [message("8", 1, "150=8|")], [(), ("REJECT",)]),
        (message("D", 2), [message("8", 1, "150=0|")], [(), ()]),
    ],
)
def test_what_is_out_of_the_ordinary_is_marked(
    inbound: bytes, sent: list[bytes], marks: list[tuple[str, ...]]
) -> None:
    numbers = [int(each.partition(b"\x0134=")[2].partition(b"\x01")[0]) for each in sent]
    frames = tuple(Sent("S", seq, each) for seq, each in zip(numbers, sent, strict=True))
    step = Step(7, T, frame=inbound, session="S", sent=frames)
    assert [each.marks for each in Numbers().frames(step)] == marks


def test_heartbeats_may_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent = (Sent("S", 1, message("0", 1)), Sent("S", 2, message("1", 2)))
    orders = (Sent("S", 3, message("D", 3)),)
    folder = write_journal(tmp_path / "s", [Step(1, T, sent=sent), Step(2, T, sent=orders)])
    tail(folder, "--hide-heartbeats", "--json")
    assert [row["msg_type"] for row in rows(capsys)] == ["D"]


def test_a_refusal_without_ids_belongs_to_the_child_that_it_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [
        Step(1, T, commands=(opened("P1", "X"), child("A1-1", "P1"), child("A1-2", "P2"))),
        Step(2, T, ChildRefused("LIT", "A1-2", "D"), frame=message("3", 1, "45=2|"), session="LIT"),
        Step(3, T, ChildRefused("LIT", "A1-1", "D"), frame=message("3", 2, "45=3|"), session="LIT"),
    ]
    tail(write_journal(tmp_path / "s", steps), "--order", "X", "--json")
    assert [(row["seq"], row["marks"]) for row in rows(capsys)] == [(3, ["REJECT"])]


def test_secrets_of_our_logon_are_shown_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logon = message("A", 1, "98=0|108=30|95=6|96=se\x01ret|553=u|554=hunter2|")
    folder = write_journal(tmp_path / "s", [Step(1, T, sent=(Sent("LIT", 1, logon),))])
    for argv in (
        ["fix", "tail", "--state", str(folder)],
        ["fix", "tail", "--state", str(folder), "--raw"],
        ["fix", "tail", "--state", str(folder), "--json"],
        ["journal", "cat", str(folder), "--frames"],
        ["journal", "cat", str(folder), "--json"],
    ):
        assert run(argv) == 0
        out = capsys.readouterr().out
        assert out
        assert "hunter2" not in out
        assert "ret" not in out.replace("return", "")


# -- a journal that grows ------------------------------------------------------------------------


def test_what_is_written_while_it_is_followed_appears_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "s"
    journal = Journal(FileStorage(folder), segment_bytes=4096, headroom_bytes=0)
    assert list(journal.open()) == []
    seqs = iter(range(1, 100))

    def write(count: int) -> None:
        for _ in range(count):
            seq = next(seqs)
            sent = (Sent("S", seq, message("D", seq, "11=X|")),)
            journal.append(seq, T, T, encode_step(Step(seq, T, sent=sent)))
        journal.write()

    rounds: Iterator[int] = iter([0, 3, 0, 30])

    def wait(seconds: float) -> None:
        assert seconds == fix_tail.POLL_S
        try:
            write(next(rounds))
        except StopIteration:
            raise KeyboardInterrupt from None

    write(2)
    monkeypatch.setattr(fix_tail, "wait", wait)
    try:
        tail(folder, "--follow", "--json", code=130)
    finally:
        journal.close()
    assert [row["seq"] for row in rows(capsys)] == list(range(1, 36))
