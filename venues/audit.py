"""The venue's own account of what it was asked and what it told: the oracle of process tests.

Owns the record, its file and its reader. Knows nothing of sessions: what stands here happened at
the venue, whether or not anybody was connected to hear of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import msgspec


class AuditKind(StrEnum):
    """What a line tells."""

    STARTED = "started"  # a venue process opened its book, which is empty
    RECEIVED = "received"  # an order, cancel or replace came in
    EXECUTION = "execution"  # an ExecutionReport was given to the session
    REPEATED = "repeated"  # an execution was given to the session once more, as it was
    LOST = "lost"  # an order was swallowed before it was in the book
    CANCEL_REJECT = "cancel_reject"  # an OrderCancelReject was given to the session
    REFUSED = "refused"  # a Reject or BusinessMessageReject was given to the session


class AuditRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. Prices in 1e-8 of the currency, quantities shares, `time` UTC nanoseconds."""

    kind: AuditKind
    mic: str
    time: int
    client: str = ""
    """The CompID of the session's other side."""
    epoch: int = 0
    msg_type: str = ""
    cl_ord_id: str = ""
    orig_cl_ord_id: str = ""
    order_id: str = ""
    exec_id: str = ""
    exec_ref_id: str = ""
    """Of a bust or correction: the execution that it means, or its last correction."""
    exec_type: str = ""
    ord_status: str = ""
    symbol: str = ""
    side: str = ""
    order_qty: int = 0
    cum_qty: int = 0
    leaves_qty: int = 0
    qty: int = 0
    """LastQty of an execution, OrderQty of an order received."""
    px: int | None = None
    """LastPx of an execution, limit price of an order received."""
    poss_dup: bool = False
    text: str = ""


class Audit(Protocol):
    """Where a gateway writes what happened."""

    def note(self, record: AuditRecord) -> None:
        """Keep one record; it may wait in memory until `flush`."""

    def flush(self) -> None:
        """Make what was noted readable by others. Called before the batch's bytes leave."""


class MemoryAudit:
    """Keeps everything in a list: for simulations and tests."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    def note(self, record: AuditRecord) -> None:
        """Append the record."""
        self.records.append(record)

    def flush(self) -> None:
        """Nothing to do: the list is the log."""


class NoAudit:
    """Keeps nothing: for long simulations that have no oracle to feed."""

    def note(self, record: AuditRecord) -> None:
        """Forget the record."""

    def flush(self) -> None:
        """Nothing was kept."""


class AuditFile:
    """Appends JSON lines to a file, one write a batch.

    What `flush` has written survives a kill -9 of this process and of every other one; it is not
    synced to the disk, since an oracle that outlives a power loss is not needed.
    """

    def __init__(self, path: Path) -> None:
        """Open for appending.

        Raises:
            OSError: if the file cannot be opened.
        """
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        self._lines: list[bytes] = []
        self._encoder = msgspec.json.Encoder()

    def note(self, record: AuditRecord) -> None:
        """Queue one line."""
        self._lines.append(self._encoder.encode(record) + b"\n")

    def flush(self) -> None:
        """Write the queued lines.

        Raises:
            OSError: if the disk takes no more.
        """
        if not self._lines:
            return
        data = b"".join(self._lines)
        self._lines.clear()
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        os.close(self._fd)


class AuditError(Exception):
    """A line inside the file is not a record."""


def read_audit(path: Path) -> list[AuditRecord]:
    """Every whole record of a file that `AuditFile` wrote; a last line cut short is left out.

    Raises:
        AuditError: if a whole line is not a record; it names the file and the line.
        OSError: if the file cannot be read.
    """
    whole, _, _torn = path.read_bytes().rpartition(b"\n")
    decoder = msgspec.json.Decoder(AuditRecord)
    records = []
    for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
        try:
            records.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise AuditError(f"{path}:{number}: not an audit record: {error}") from error
    return records


def fills(records: Iterable[AuditRecord]) -> Sequence[AuditRecord]:
    """The executions that traded shares (150=F), in the order in which they happened."""
    return [r for r in records if r.kind is AuditKind.EXECUTION and r.exec_type == "F"]
