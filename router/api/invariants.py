"""Promises that can be checked from the journal alone, by code that shares nothing with the core.

Owns the checks of I1, I2, I5 and I6 of docs/reliability.md, each from what was told and sent. A
violation is counted and goes on: this is a witness, it stops nothing.
"""

from __future__ import annotations

from router.api.tally import Tally, forget_oldest
from router.messages import FreezeParent, OpenParent, Report, SessionCommanded, Step
from router.model import ExecType

CHECKED = ("I1", "I2", "I5", "I6")
METRIC = "invariant_violations_total"


def judge(tally: Tally, step: Step) -> None:
    """Check what one step told and sent."""
    _numbers(tally, step)
    frozen = {each.parent_id for each in step.commands if isinstance(each, FreezeParent)}
    for command in step.commands:
        if isinstance(command, OpenParent):
            tally.told[command.parent_id] = 0
            forget_oldest(tally.told)
        elif isinstance(command, Report) and command.parent_id in tally.told:
            _fill(tally, step.seq, command, overfilled=command.parent_id in frozen)


def _fill(tally: Tally, seq: int, report: Report, *, overfilled: bool) -> None:
    """I1: no more than was ordered, but for a venue's overfill, which freezes the parent. I2: told
    once. I5: CumQty(14) is the sum of what was told."""
    before = tally.told[report.parent_id]
    if report.exec_type is ExecType.TRADE:
        if report.exec_id in tally.exec_ids:
            tally.add(METRIC, "I2")
        tally.exec_ids[report.exec_id] = seq
        forget_oldest(tally.exec_ids)
        if report.cum_qty != before + report.last_qty:
            tally.add(METRIC, "I5")
        if report.cum_qty > report.terms.order_qty >= before and not overfilled:
            tally.add(METRIC, "I1")
    elif report.exec_type not in (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT):
        if report.exec_type is not ExecType.ORDER_STATUS and report.cum_qty != before:
            tally.add(METRIC, "I5")
        return
    tally.told[report.parent_id] = report.cum_qty


def _numbers(tally: Tally, step: Step) -> None:
    """I6: a number is never used again, unless both sides have begun again at 1 or a person has
    set it."""
    if isinstance(step.event, SessionCommanded) and step.event.next_out:
        tally.numbers[step.event.session] = step.event.next_out - 1
    for sent in step.sent:
        if 1 < sent.msg_seq_num <= tally.numbers.get(sent.session, 0):
            tally.add(METRIC, "I6")
        tally.numbers[sent.session] = sent.msg_seq_num
