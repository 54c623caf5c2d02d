"""A journal by hand: a static learner buys 300, two lots at a lit venue and one in the dark."""

from __future__ import annotations

from router.core.features import FEATURE_VERSION, FEATURES
from router.messages import (
    CandidateRecord,
    Command,
    Decide,
    ExecutionReceived,
    Learn,
    LearnMarkout,
    OpenParent,
    OrderTerms,
    SendChild,
    Step,
)
from router.model import ExecType, OrdStatus, OrdType, Side, Tactic, TimeInForce
from router.ports import MAIN_HORIZON

PX = 100_000_000
T = 1_767_623_400_000_000_000
"""2026-01-05 14:30 UTC."""

LIT, DARK = "LIT_A/lit_take", "DARK_A/dark_mid"
LOGGED = 'static{"shares":{"DARK_A/dark_mid":1.0,"LIT_A/lit_take":2.0}}'
"""Of three lots of 100: weights 2/2.5, 1/1.5, 2/3.5 are the largest, so two and one."""
ZEROS = (0.0,) * len(FEATURES)


def candidate(arm: str, qty: int, cap: int, cost_bp: float) -> CandidateRecord:
    return CandidateRecord(
        arm=arm, price=10 * PX, displayed=0, cap=cap, caps=(), min_qty=0, floor=0, features=ZEROS,
        cost_bp=cost_bp, value_bp=1.0, tail=(), tail_mean=(), qty=qty, marginal_bp=0.0,
    )  # fmt: skip


def child(number: int, mic: str, tactic: Tactic, qty: int) -> SendChild:
    return SendChild(
        f"A1-{number}{mic}", f"P{number}", 4 * number + 1, mic, tactic, "ACME", Side.BUY, qty,
        OrdType.LIMIT, TimeInForce.IOC, 10 * PX,
    )  # fmt: skip


def fill(number: int, mic: str, qty: int) -> ExecutionReceived:
    return ExecutionReceived(
        mic, f"A1-{number}{mic}", f"E{number}", ExecType.TRADE, OrdStatus.PARTIALLY_FILLED,
        last_qty=qty, last_px=10 * PX, trade_date="20260105",
    )  # fmt: skip


def learn(number: int, arm: str, sent: int, filled: int) -> Learn:
    mic = arm.partition("/")[0]
    return Learn(
        f"A1-{number}{mic}", LOGGED, "ACME", arm, ZEROS, FEATURE_VERSION, sent, filled, 0,
        "observed", None,
    )  # fmt: skip


def mark(number: int, arm: str, lots: int) -> LearnMarkout:
    mic = arm.partition("/")[0]
    return LearnMarkout(
        f"A1-{number}{mic}", LOGGED, "ACME", arm, ZEROS, FEATURE_VERSION, lots, MAIN_HORIZON,
        1.0, 0.0,
    )  # fmt: skip


def one_parent(number: int, *, tif: TimeInForce = TimeInForce.DAY) -> list[Step]:
    """300 to buy: 200 at LIT_A, of which an odd parent gets 100, and 100 at DARK_A, all of them."""
    first = 4 * number + 1
    got = 100 if number % 2 else 200
    terms = OrderTerms("ACME", Side.BUY, 300, OrdType.MARKET, time_in_force=tif)
    opened = OpenParent(
        f"P{number}", "OMS", f"C{number}", terms, "default:1", "f" * 64, "sweep", {}, T, 0, 0,
        20 * PX,
    )  # fmt: skip
    found = (candidate(LIT, 200, 200, 1.0), candidate(DARK, 100, 300, 0.5))
    decide = Decide(
        f"P{number}", 300, 0.5, 100, 20 * PX, 0, T, FEATURES, FEATURE_VERSION, LOGGED, 0, "f" * 64,
        found, urgency_bp=4.0,
    )  # fmt: skip
    sent = (
        child(number, "LIT_A", Tactic.LIT_TAKE, 200),
        child(number, "DARK_A", Tactic.DARK_MID, 100),
    )
    lessons: tuple[Command, ...] = (
        learn(number, LIT, 2, got // 100),
        learn(number, DARK, 1, 1),
        mark(number, LIT, got // 100),
        mark(number, DARK, 1),
    )
    return [
        Step(first, T + first, commands=(opened, decide, *sent)),
        Step(first + 1, T + first + 1, fill(number, "LIT_A", got)),
        Step(first + 2, T + first + 2, fill(number, "DARK_A", 100)),
        Step(first + 3, T + first + 3, commands=lessons),
    ]
