"""Copies that wait: what they are worth together, whatever comes and goes."""

from __future__ import annotations

from copy import deepcopy

import pytest

from router.core.waiting import Copy, WaitingCopies
from router.messages import ExecutionReceived
from router.model import ExecType, OrdStatus


def copy_of(qty: int, px: int) -> Copy:
    """A copy of an execution."""
    event = ExecutionReceived(
        mic="LIT_A",
        cl_ord_id="C",
        exec_id="E",
        exec_type=ExecType.TRADE,
        ord_status=OrdStatus.FILLED,
        last_qty=qty,
        last_px=px,
    )
    return Copy("COPIES", event, 0, trusted=True)


def test_their_sum_follows_what_comes_and_goes() -> None:
    copies = WaitingCopies()
    copies["A"], copies["B"] = copy_of(10, 4), copy_of(10, -3)
    assert copies.value == 70, "they do not make up for each other"
    assert copies.pop("A") == copy_of(10, 4)
    assert copies.pop("A", None) is None
    with pytest.raises(KeyError):
        copies.pop("A")
    assert (copies.value, copies) == (30, {"B": copy_of(10, -3)})


@pytest.mark.parametrize("again", [WaitingCopies, deepcopy])
def test_made_again_it_has_the_same_sum(again: type[WaitingCopies]) -> None:
    copies = WaitingCopies({"A": copy_of(10, 4), "B": copy_of(5, 2)})
    made = again(copies)
    made.pop("A")
    assert (copies.value, made.value, list(made)) == (50, 10, ["B"])


def test_none_takes_the_place_of_another() -> None:
    copies = WaitingCopies({"A": copy_of(10, 4)})
    with pytest.raises(AssertionError):
        copies["A"] = copy_of(10, 5)
