"""suspense, frozen, unknown, bust: what an operator sees of what is in doubt, and settles."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from router.analysis.explain import parent_story
from router.cli import run
from router.cli.why_words import words
from router.core.orders import ChildStatus
from router.messages import AssignRequested, BustRequested, Entered, SettleRequested
from router.model import PX_SCALE
from router.runtime import doubt
from router.runtime.console import Console
from router.runtime.control import REQUEST_MAX, Answer, Request
from router.runtime.reloading import ReloadAsked
from tests.oms.desk import Desk
from tests.oms.settling import forgotten, held, stranger

DAY = "20260105"
"""The desk's."""
ADA = ("--who", "ada", "--reason", "by telephone")


@contextmanager
def console(folder: Path, desk: Desk) -> Iterator[None]:
    """The operator's socket of a desk's node, in a thread of its own."""
    loop = asyncio.new_event_loop()

    async def ask(request: Request) -> Answer:
        answer = request(desk.node, desk.now)
        desk.run()
        return answer

    async def reload(asked: ReloadAsked) -> Answer:
        raise AssertionError(asked)

    door = Console(folder, ask, reload)
    loop.run_until_complete(door.open())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        door.close()
        loop.close()


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.open()
    return made


@pytest.fixture
def state(desk: Desk, tmp_path: Path) -> Iterator[list[str]]:
    """Options that name the folder of the desk's daemon."""
    with console(tmp_path, desk):
        yield ["--state", str(tmp_path)]


def test_unknown_children_are_listed_with_what_their_venue_claims(
    desk: Desk, state: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["unknown", "list", *state]) == 0
    assert capsys.readouterr().out == "no child is UNKNOWN\n"
    child = forgotten(desk)
    assert run(["unknown", "list", *state]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1].split() == [
        child.cl_ord_id, "LIT_A", f"V{child.cl_ord_id}", "buy", "1,000", "ACME", "0", "300", "on",
        "20260105-14:30:00.000",
    ]  # fmt: skip
    assert run(["unknown", "list", *state, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unknown_count"], told["unknown"][0]["claimed_qty"]) == (1, 300)


def test_an_unknown_child_is_settled_by_a_named_person(
    desk: Desk, state: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    child = forgotten(desk)
    settle = ["unknown", "settle", child.cl_ord_id, *ADA, *state]
    lost = ["--execution", "100@10.01/E7", "--execution", "200@10/E/8@1"]
    assert run([*settle, *lost, "--cum-qty", "400"]) == 6
    sums = "0 were told, and 300 more are 300, not 400"
    assert capsys.readouterr().err == f"{child.cl_ord_id}: {sums}\n"
    assert run([*settle, *lost, "--cum-qty", "300", "--trade-date", "20261305"]) == 6
    why = "trade_date '20261305' is not YYYYMMDD"
    assert capsys.readouterr().err == f"executions, cum_qty: {why}\n"
    assert run([*settle, *lost, "--cum-qty", "300"]) == 0
    assert capsys.readouterr().out == (
        f"{child.cl_ord_id}: 2 executions booked, unknown with 300, by ada; 1 UNKNOWN left\n"
    )
    assert desk.oms.heard() == [
        "8 X F/1 1000/100/900 +100@10.01 ~10.01",
        "8 X F/1 1000/300/700 +200@10 ~10.00333333",
    ]
    assert sorted(desk.node.engine.state.fills) == [
        "LIT_A.20260105.E/8@1", "LIT_A.20260105.E7",
    ]  # fmt: skip
    child.open = False
    assert run([*settle, "--cum-qty", "300", "--over", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "canceled"
    assert run([*settle, "--cum-qty", "300", "--over"]) == 2
    assert capsys.readouterr().err == f"'{child.cl_ord_id}' is not UNKNOWN; those that are: none\n"


@pytest.mark.parametrize(
    "text", ["300", "300@10", "300@10/", "x@10/E", "0@10/E", "3@0/E", "3@1e2/E"]
)
def test_an_execution_that_cannot_be_read_is_refused(
    desk: Desk, state: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    child = forgotten(desk)
    settle = ["unknown", "settle", child.cl_ord_id, *ADA, *state]
    assert run([*settle, "--execution", text, "--cum-qty", "300"]) == 4
    assert capsys.readouterr().err == f"--execution '{text}' is not QTY@PX/EXECID\n"
    assert desk.node.engine.state.children[child.cl_ord_id].status is ChildStatus.UNKNOWN


def test_what_is_in_suspense_is_listed_assigned_and_dismissed(
    desk: Desk, state: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["suspense", "list", *state]) == 0
    assert capsys.readouterr().out == "nothing is in suspense\n"
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    stranger(desk, "B", 300, "10")
    stranger(desk, "C", 200, "10")
    assert run(["suspense", "list", *state]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [row[:5] for row in rows] == [
        ["S1", "unknown_order", "LIT_A", "B", "STRANGE"],
        ["S2", "unknown_order", "LIT_A", "C", "STRANGE"],
    ]
    assert run(["suspense", "assign", "S9", "--order", child.cl_ord_id, *ADA, *state]) == 2
    assert capsys.readouterr().err == "no entry 'S9' in suspense; there: S1, S2\n"
    assert run(["suspense", "assign", "S1", "--order", child.cl_ord_id, *ADA, *state]) == 0
    assert capsys.readouterr().out == f"S1: booked as {child.cl_ord_id}'s by ada; 1 left\n"
    assert run(["suspense", "dismiss", "S2", *ADA, *state]) == 0
    assert capsys.readouterr().out == "S2: dismissed by ada; 0 left\n"
    assert held(desk) == []


def test_a_frozen_parent_is_listed_and_released(
    desk: Desk, state: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["frozen", "list", *state]) == 0
    assert capsys.readouterr().out == "no parent is frozen\n"
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.fill(200, "10", "B")
    child.report("F", "1", "32=300|31=10|", exec_id="B")
    (parent_id,) = desk.node.engine.state.frozen_parents
    assert run(["frozen", "list", *state]) == 0
    row = capsys.readouterr().out.splitlines()[-1].split()
    assert row[:6] == [parent_id, "OMS", "X", "200", "1,000", "EXEC_ID_REUSED"]
    assert run(["frozen", "release", "P9", *ADA, *state]) == 2
    assert capsys.readouterr().err == f"'P9' is not frozen; frozen: {parent_id}\n"
    assert run(["frozen", "release", parent_id, *ADA, *state]) == 0
    assert capsys.readouterr().out == f"{parent_id}: released by ada; none is\n"
    assert not desk.node.engine.state.frozen_parents


def test_an_execution_is_corrected_and_taken_back_by_a_named_person(
    desk: Desk, state: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.fill(300, "10", "E1")
    desk.oms.heard()
    bust = ["bust", "LIT_A", "E1", *ADA, *state]
    assert run([*bust, "--instead", "250@10"]) == 4
    assert capsys.readouterr().err == "--instead '250@10' is not QTY@PX/EXECID\n"
    assert run([*bust, "--trade-date", "20260104"]) == 6
    assert capsys.readouterr().err == "no execution E1 of LIT_A on 20260104 is booked\n"
    child.cum_qty = 250
    assert run([*bust, "--instead", "250@10.01/C1"]) == 0
    told = "corrected to 250@10.01/C1, by ada"
    assert capsys.readouterr().out == f"E1 of LIT_A on 20260105: {told}\n"
    assert desk.oms.heard() == ["8 X G/1 1000/250/750 +250@10.01 19=E1 ~10.01"]
    child.cum_qty = 0
    assert run(["bust", "LIT_A", "C1", *ADA, *state, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["exec_id"] == "C1"
    assert desk.oms.heard() == ["8 X H/0 1000/0/1000 19=C1 ~0"]


def test_the_story_of_an_order_has_what_persons_have_entered(desk: Desk) -> None:
    child = forgotten(desk)
    lost, other = (Entered(f"E{n}", n * 100, 10 * PX_SCALE, DAY) for n in (1, 2))
    who = ("ada", "by telephone")
    desk.control(SettleRequested(child.cl_ord_id, (lost, other), 300, False, *who))
    child.cum_qty = 250
    instead = Entered("C1", 50, 1001 * PX_SCALE // 100, DAY)
    desk.control(BustRequested("LIT_A", "E1", DAY, instead, *who))
    child.cum_qty = 200
    desk.control(BustRequested("LIT_A", "C1", DAY, None, *who))
    stranger(desk, "S", 100, "10")
    child.cum_qty = 300
    desk.control(AssignRequested("S1", child.cl_ord_id, *who))
    story = parent_story(desk.storage, next(iter(desk.node.engine.state.parents)))
    told = [words(what) for _, _, what in story.children[child.cl_ord_id].events]
    assert [line for line in told if "ada" in line] == [
        "filled 100 at 10.00, ExecID E1, entered by ada: by telephone",
        "filled 200 at 10.00, ExecID E2, entered by ada: by telephone",
        "correction of ExecID E1: 50 at 10.01, ExecID C1, entered by ada: by telephone",
        "bust of ExecID C1, entered by ada: by telephone",
        "filled 100 at 10.00, ExecID S: S1 is of it, by ada: by telephone",
    ]


@pytest.mark.parametrize("left", [0, 1])
def test_what_is_too_long_for_the_daemon_is_refused_here(
    desk: Desk, state: list[str], left: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to its last byte a request is answered."""
    child = forgotten(desk)
    child.open = False
    request = {
        "command": "settle",
        "cl_ord_id": child.cl_ord_id,
        "executions": [{"qty": "300", "px": "10", "exec_id": "E7", "trade_date": ""}],
        "cum_qty": 300,
        "over": True,
        "who": "ada",
        "reason": "",
    }
    reason = "x" * (REQUEST_MAX - len(json.dumps(request)) - 1 + left)
    lost = ["--execution", "300@10/E7", "--cum-qty", "300", "--over"]
    argv = ["unknown", "settle", child.cl_ord_id, *lost, "--who", "ada", "--reason", reason]
    assert run([*argv, *state]) == (4 if left else 0)
    told = capsys.readouterr().err
    assert told == (
        "a request has at most 4,096 bytes, and this one 4,097: ask in several, or say it shorter\n"
        if left
        else ""
    )


def test_what_is_not_shown_any_more_is_settled_all_the_same(
    desk: Desk,
    state: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(doubt, "SHOWN_MAX", 1)
    for number in range(2):
        desk.oms.order(f"X{number}", 500)
        child = desk.a.child()
        child.ack()
        child.fill(200, "10", f"B{number}")
        child.report("F", "1", "32=300|31=10|", exec_id=f"B{number}")
        child.open = False
    desk.a.drop()
    assert run(["suspense", "dismiss", "S2", *ADA, *state]) == 0
    last = desk.a.child().cl_ord_id
    assert run(["unknown", "settle", last, "--cum-qty", "200", "--over", *ADA, *state]) == 0
    _, second = desk.node.engine.state.frozen_parents
    assert run(["frozen", "release", second, *ADA, *state]) == 0
    for argv in (["suspense", "dismiss", "S1"], ["suspense", "dismiss", "S9"]):
        code = run([*argv, *ADA, *state])
        assert code == (2 if argv[-1] == "S9" else 0)
    capsys.readouterr()
