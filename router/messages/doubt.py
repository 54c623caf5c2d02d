"""What is in doubt and who settles it: the suspense book, disputes, frozen parents, copies, and
orders of which no venue tells.

Owns the shapes of the operator's requests and of what follows from them. `core.suspense` says what
stands in the book and what it counts for.
"""

from __future__ import annotations

import msgspec

from router.model import Side

# --- Events: from the operator ------------------------------------------------------------------


class AssignRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator says whose an execution in suspense is: a child's, by its ClOrdID."""

    suspense_id: str
    cl_ord_id: str
    who: str
    reason: str


class DismissRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator says that an entry of the suspense book is none of ours, or settled elsewhere."""

    suspense_id: str
    who: str
    reason: str


class ReleaseRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator lets a frozen parent go on."""

    parent_id: str
    who: str
    reason: str


class Entered(msgspec.Struct, frozen=True, array_like=True):
    """An execution that a person has learned of: by telephone, or from the venue's own screens."""

    exec_id: str
    """The venue's ExecID(17): told again by the venue itself it is the same execution."""
    qty: int
    """Shares."""
    px: int
    """In 1e-8 of the currency."""
    trade_date: str
    """TradeDate(75), YYYYMMDD: an ExecID is one of its day."""


class SettleRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator says what became of a child whose venue cannot be asked or has forgotten."""

    cl_ord_id: str
    executions: tuple[Entered, ...]
    """Those that are missing."""
    cum_qty: int
    """What was executed in all, these included: the venue's CumQty(14)."""
    over: bool
    """Nothing of it is at work any more."""
    who: str
    reason: str


class BustRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator says that a venue has taken an execution back or corrected it, and not told."""

    mic: str
    exec_id: str
    trade_date: str
    """TradeDate(75) of the execution, YYYYMMDD."""
    instead: Entered | None
    """What stands in its place, of the same day; None: nothing."""
    who: str
    reason: str


# --- Commands: to ourselves ---------------------------------------------------------------------


class MarkUnknown(msgspec.Struct, frozen=True, tag=True):
    """A child's fate is not known: it counts in full until the venue has answered."""

    cl_ord_id: str
    reason: str


class SettleChild(msgspec.Struct, frozen=True, tag=True):
    """It is said that there is no such live order: the child is closed with what it traded."""

    cl_ord_id: str
    reason: str
    by_venue: bool = True
    """False: upon a person's word, which shows nothing of what the venue does."""


class NoteSuspense(msgspec.Struct, frozen=True, tag=True):
    """Something that a venue told was put into suspense: for whoever must be told."""

    suspense_id: str
    cause: str
    mic: str
    exec_id: str
    cl_ord_id: str
    symbol: str
    side: str
    qty: int
    px: int
    account: str


class ExpectCod(msgspec.Struct, frozen=True, tag=True):
    """A session has ended with a child in doubt: what its venue's profile says becomes of it."""

    cl_ord_id: str
    promised: str
    """`cancels` or `works`."""


class NoteCod(msgspec.Struct, frozen=True, tag=True):
    """A venue has said what became of a child when its session ended (cancel on disconnect)."""

    cl_ord_id: str
    mic: str
    promised: str
    """As in `ExpectCod`."""
    broken: bool
    """It is alive and was to be canceled, or it was canceled and was to be worked on."""


class AssignSuspense(msgspec.Struct, frozen=True, tag=True):
    """An execution in suspense is booked as the child's that a named person says it is."""

    suspense_id: str
    cl_ord_id: str
    who: str
    reason: str


class DismissSuspense(msgspec.Struct, frozen=True, tag=True):
    """An entry leaves the suspense book and counts no more, upon a named person."""

    suspense_id: str
    who: str
    reason: str


class EnterExecution(msgspec.Struct, frozen=True, tag=True):
    """An execution is booked as the child's upon a named person, as if the venue had told it."""

    cl_ord_id: str
    execution: Entered
    who: str
    reason: str


class EnterBust(msgspec.Struct, frozen=True, tag=True):
    """An execution is taken back or corrected upon a named person, as if its venue had told it."""

    cl_ord_id: str
    mic: str
    exec_id: str
    trade_date: str
    instead: Entered | None
    who: str
    reason: str


class BookCopy(msgspec.Struct, frozen=True, tag=True):
    """A drop copy whose original has not come is booked as the execution itself."""

    key: str
    """The execution's fill key."""


class SuspendCopy(msgspec.Struct, frozen=True, tag=True):
    """A drop copy whose original has not come goes into suspense."""

    key: str


class ReleaseParent(msgspec.Struct, frozen=True, tag=True):
    """A frozen parent goes on, upon a named person."""

    parent_id: str
    who: str
    reason: str


# --- Commands: to a venue -----------------------------------------------------------------------


class DisputeExecution(msgspec.Struct, frozen=True, tag=True):
    """DontKnowTrade(Q): an execution is of no order of ours, or beyond what was asked for."""

    mic: str
    suspense_id: str
    """Empty if it was booked all the same."""
    dk_reason: str
    """DKReason(127)."""
    order_id: str
    exec_id: str
    symbol: str
    side: Side
    order_qty: int
    last_qty: int
    last_px: int
    text: str
