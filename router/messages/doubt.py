"""What is in doubt and who settles it: the suspense book, disputes, frozen parents, copies.

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


# --- Commands: to ourselves ---------------------------------------------------------------------


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
