"""What is counted of a journal, checked against the journal itself and by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from router.api.counting import count
from router.api.following import CHECKPOINT_NAME, Follower
from router.api.tally import LABELS_MAX, OPEN_MAX, Tally, forget_oldest
from router.fix.codec import encode, time_text
from router.messages import (
    Decide,
    EngageKill,
    ExecutionReceived,
    FreezeParent,
    NoteBreach,
    PoliciesLoaded,
    PoliciesRefused,
    PolicyFiles,
    Report,
    Restarted,
    Safety,
    SendChild,
    Sent,
    SessionClosed,
    SessionOpened,
    Step,
)
from router.model import NS, ExecType, OrdStatus, OrdType, Side, Tactic, TimeInForce
from tests.cli.market_day import Recorded, read_journal, write_journal

T = 1_767_623_400 * NS


def tallied(*steps: Step) -> Tally:
    tally = Tally()
    for step in steps:
        count(tally, step)
    return tally


def child(name: str = "A1-1", mic: str = "LIT_A") -> SendChild:
    return SendChild(
        *(name, "P1", 1, mic, Tactic.LIT_TAKE, "ACME", Side.BUY, 100),
        *(OrdType.LIMIT, TimeInForce.IOC, 50),
    )


def execution(
    exec_type: ExecType, status: OrdStatus, *, name: str = "A1-1", exec_id: str = "E1"
) -> ExecutionReceived:
    return ExecutionReceived("LIT_A", name, exec_id, exec_type, status, trade_date="20260105")


def test_a_childs_life_is_counted_once() -> None:
    new = execution(ExecType.NEW, OrdStatus.NEW)
    trade = execution(ExecType.TRADE, OrdStatus.FILLED)
    tally = tallied(
        Step(1, T, commands=(child(),)),
        Step(2, T + NS // 50, new),
        Step(3, T + NS // 10, trade),
        Step(4, T + NS, trade),
    )
    assert tally.counters == {
        "child_orders_total": {"LIT_A\x1fsent": 1, "LIT_A\x1ffilled": 1},
        "fills_duplicate_total": {"LIT_A": 1},
    }
    assert tally.acknowledged["LIT_A"].total_s == pytest.approx(0.02)
    assert sum(tally.acknowledged["LIT_A"].counts) == 1
    assert tally.children == {}


@pytest.mark.parametrize(
    ("exec_type", "status", "outcome"),
    [
        (ExecType.REJECTED, OrdStatus.REJECTED, "rejected"),
        (ExecType.CANCELED, OrdStatus.CANCELED, "canceled"),
        (ExecType.EXPIRED, OrdStatus.EXPIRED, "expired"),
    ],
)
def test_a_childs_end_has_an_outcome(exec_type: ExecType, status: OrdStatus, outcome: str) -> None:
    tally = tallied(Step(1, T, commands=(child(),)), Step(2, T, execution(exec_type, status)))
    assert tally.count("child_orders_total", "LIT_A", outcome) == 1


def test_sessions_restarts_kills_limits_and_overfills_are_counted() -> None:
    tally = tallied(
        Step(1, T, Restarted(3, "hash")),
        Step(2, T, SessionOpened("LIT_A", "LIT_A")),
        Step(3, T, SessionClosed("LIT_A", "LIT_A", "lost")),
        Step(4, T, commands=(EngageKill("K1", "all", "", "ada", "drill"),)),
        Step(5, T, commands=(NoteBreach("price_collar", "C", "t", "P", "O", "", ""),)),
        Step(6, T, commands=(FreezeParent("P1", "OVERFILL by LIT_A on A1-1"),)),
        Step(7, T, commands=(FreezeParent("P1", "POLICY_CHANGED since it was accepted"),)),
    )
    assert (tally.epoch, tally.config_hash) == (3, "hash")
    assert tally.counters == {
        "restarts_total": {"": 1},
        "fix_logons_total": {"LIT_A": 1},
        "fix_disconnects_total": {"LIT_A": 1},
        "kills_engaged_total": {"all": 1},
        "risk_rejects_total": {"price_collar": 1},
        "overfill_total": {"LIT_A": 1},
    }


def test_the_policy_in_force_is_known_and_failed_reloads_are_counted() -> None:
    first, second = PolicyFiles("h1", ()), PolicyFiles("h2", ())
    steps = [
        Step(1, T, Restarted(1, policies=first)),
        Step(2, T, PoliciesRefused("ada", "try", ("a.yaml:1: no",))),
        Step(3, T, PoliciesLoaded("ada", "again", "h1", second)),
        Step(4, T, Restarted(2)),
    ]
    after_each = [tallied(*steps[: i + 1]).policy_hash for i in range(4)]
    assert after_each == ["h1", "h1", "h2", "h2"]
    tally = tallied(*steps)
    assert tally.count("policy_reload_failures_total") == 1
    assert tally.count("policy_reloads_total") == 1


def decision(safety: Safety | None) -> Decide:
    return Decide(
        parent_id="P1",
        due_qty=1,
        urgency=0.5,
        lot=100,
        mid=100,
        volume=0,
        next_at=0,
        features=(),
        feature_version=1,
        learner="hazard",
        learner_version=1,
        policy_hash="h",
        candidates=(),
        safety=safety,
    )


def test_what_exploring_has_cost_is_bp_of_the_notional() -> None:
    tally = tallied(
        Step(1, T, commands=(decision(Safety(True, "", cost_bp=2.0, notional=50_000.0)),)),
        Step(2, T, commands=(decision(Safety(False, "BUDGET_SPENT", notional=50_000.0)),)),
        Step(3, T, commands=(decision(Safety(False, "NO_MARKET")),)),
        Step(4, T, commands=(decision(None),)),
    )
    assert tally.amounts == {
        "exploration_cost_currency_total": 10.0,
        "decided_notional_currency_total": 100_000.0,
    }
    assert tally.counters == {
        "decisions_total": {"": 4},
        "decisions_explored_total": {"": 1},
        "decisions_held_back_total": {"BUDGET_SPENT": 1},
        "model_fallback_total": {"NO_MARKET": 1},
    }


def frame(msg_type: str, body: str, at: int = T, precision: int = 3) -> bytes:
    header = f"34=2\x0149=X\x0152={time_text(at, precision)}\x0156=Y\x01"
    return encode("FIX.4.4", msg_type, header, body.replace("|", "\x01"))


def test_frames_are_counted_by_type_and_refusals_by_their_reason() -> None:
    report = frame("8", "37=1|150=8|103=99|", at=T - NS // 4)
    tally = tallied(
        Step(1, T, frame=report, session="LIT_A"),
        Step(
            2,
            T,
            frame=b"garbage",
            session="LIT_A",
            sent=(
                Sent("LIT_A", 1, frame("2", "7=1|16=0|")),
                Sent("OMS", 1, frame("3", "45=1|373=5|")),
                Sent("OMS", 2, frame("j", "45=1|380=x|")),
                Sent("OMS", 3, frame("UNHEARD", "")),
            ),
        ),
    )
    assert tally.counters["fix_messages_total"] == {
        "LIT_A\x1fin\x1f8": 1,
        "LIT_A\x1fout\x1f2": 1,
        "OMS\x1fout\x1f3": 1,
        "OMS\x1fout\x1fj": 1,
        "OMS\x1fout\x1fother": 1,
    }
    assert tally.counters["fix_rejects_total"] == {
        "LIT_A\x1fin\x1f8-99": 1,
        "OMS\x1fout\x1f3-5": 1,
        "OMS\x1fout\x1fj-other": 1,
    }
    assert tally.counters["fix_resend_requests_total"] == {"LIT_A\x1fout": 1}
    assert tally.skew_ns == {"LIT_A": NS // 4}


@pytest.mark.parametrize(
    ("ours_ms", "precision", "skew_ms"),
    [
        (400, 3, 400),
        (-400, 3, -400),
        (0, 0, 0),
        (400, 0, 0),
        (999, 0, 0),
        (1_300, 0, 300),
        (-300, 0, -300),
        (400, 6, 400),
    ],
)
def test_a_stamp_in_whole_seconds_is_off_by_what_is_beyond_its_second(
    ours_ms: int, precision: int, skew_ms: int
) -> None:
    told = frame("0", "", T, precision)
    tally = tallied(Step(1, T + ours_ms * NS // 1_000, frame=told, session="LIT_A"))
    assert tally.skew_ns == {"LIT_A": skew_ms * NS // 1_000}


def test_label_values_and_tables_have_bounds() -> None:
    tally = Tally()
    for number in range(LABELS_MAX + 10):
        tally.add("x_total", "session", str(number))
    assert len(tally.counters["x_total"]) == LABELS_MAX + 1
    assert tally.count("x_total", "other", "other") == 10
    table = {str(number): number for number in range(OPEN_MAX + 2)}
    forget_oldest(table)
    assert (len(table), next(iter(table))) == (OPEN_MAX, "2")


def test_a_real_day_is_counted_as_its_journal_tells_it(recorded: Recorded) -> None:
    steps = read_journal(recorded.folder)
    tally = tallied(*steps)
    commands = [command for step in steps for command in step.commands]
    fills = Counter(
        each.last_mkt
        for each in commands
        if isinstance(each, Report) and each.exec_type is ExecType.TRADE
    )
    assert tally.counters["fills_total"] == fills
    assert sum(fills.values()) > 10
    sent = Counter(f"{each.mic}\x1fsent" for each in commands if isinstance(each, SendChild))
    assert {k: v for k, v in tally.counters["child_orders_total"].items() if "sent" in k} == sent
    # By hand: what the day did (tests/cli/conftest.py).
    assert tally.counters["parent_orders_total"] == {
        "accepted": 4,
        "refused": 1,
        "canceled": 1,
        "filled": 3,
    }
    assert tally.count("restarts_total") == 2
    assert tally.children == {}
    assert "invariant_violations_total" not in tally.counters


def test_a_reader_goes_on_where_its_checkpoint_was(tmp_path: Path) -> None:
    folder = write_journal(tmp_path / "s", [Step(n, T + n, Restarted(n)) for n in range(1, 8)])
    first = Follower(folder)
    assert (first.read(3), first.caught_up) == (3, False)
    first.save()
    assert (first.read(), first.caught_up) == (4, True)
    second = Follower(folder)
    assert second.read() == 4
    assert (second.resumed_at, second.tally) == (3, first.tally)
    assert second.read() == 0


def test_a_checkpoint_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, T, Restarted(1))])
    follower = Follower(folder)
    assert not follower.save()  # there is nothing to note yet
    assert follower.read() == 1
    (folder / f"{CHECKPOINT_NAME}.new").mkdir()
    assert not follower.save()
    assert not (folder / CHECKPOINT_NAME).exists()
    (folder / f"{CHECKPOINT_NAME}.new").rmdir()
    assert follower.save()


@pytest.mark.parametrize("change", ["another journal", "garbage", "gone"])
def test_a_checkpoint_that_does_not_fit_is_counted_anew(tmp_path: Path, change: str) -> None:
    folder = write_journal(tmp_path / "s", [Step(n, T + n, Restarted(n)) for n in range(1, 4)])
    first = Follower(folder)
    first.read()
    first.save()
    path = folder / CHECKPOINT_NAME
    kept = path.read_bytes()
    if change == "another journal":
        folder = write_journal(tmp_path / "t", [Step(n, T, Restarted(n)) for n in range(1, 4)])
        (folder / CHECKPOINT_NAME).write_bytes(kept)
    elif change == "garbage":
        path.write_bytes(kept[:-3])
    else:
        path.unlink()
    second = Follower(folder)
    assert (second.read(), second.resumed_at, second.tally.count("restarts_total")) == (3, 0, 3)


def test_a_break_is_told_and_what_stands_before_it_is_counted(tmp_path: Path) -> None:
    folder = write_journal(tmp_path / "s", [Step(n, T, Restarted(n)) for n in range(1, 4)])
    (folder / "journal-00000003.seg").write_bytes(b"")
    follower = Follower(folder)
    assert follower.read() == 0
    assert follower.broken == "journal-00000002.seg at byte 0: the segment is missing"
    (folder / "journal-00000003.seg").unlink()
    assert (follower.read(), follower.broken) == (3, "")


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "s")
    assert (follower.read(), follower.broken, follower.is_there) == (0, "", False)
    write_journal(tmp_path / "s", [Step(1, T, Restarted(1))])
    assert (follower.read(), follower.is_there) == (1, True)
