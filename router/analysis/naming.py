"""What an id means, and which records of a journal are about it.

Owns finding orders and children by their names. A reader: it changes nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeGuard

from router.core.ids import client, session_of
from router.journal.recovery import steps
from router.journal.scan import scan
from router.journal.storage import Storage
from router.messages import (
    CancelChild,
    Command,
    OpenParent,
    RefuseCancel,
    Report,
    RequestQuote,
    SendChild,
    Step,
)
from router.messages.records import is_packed
from router.model import ExecType

NO_PARENT = "NONE"
"""OrderID(37) of a report about no order."""


class Kind(StrEnum):
    """What an id names."""

    CHILD = "child"
    PARENT = "parent"
    REFUSED = "refused"
    """A client's order that never became a parent."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that an id may mean."""

    kind: Kind
    name: str
    """The child's ClOrdID, the parent's OrderID, or the client's ClOrdID."""
    parent_id: str = ""
    whose: str = ""
    """Of an order that was refused: its client (`router.core.ids.client`), whose ClOrdIDs are apart
    from everybody else's."""

    @property
    def said(self) -> str:
        """It, where it is named next to others."""
        if self.kind is not Kind.REFUSED:
            return self.name
        return f"the one of {session_of(self.whose)}{for_firm(self.whose)} that was refused"


def for_firm(whose: str) -> str:
    """` for` and the firm on whose behalf a session has sent; nothing if it has sent for itself."""
    firm = whose.partition("\x01")[2]
    return f" for {firm}" if firm else ""


def find(storage: Storage, order_id: str) -> list[Meaning]:
    """Everything that an id names, oldest first: several if clients used the same ClOrdID, be they
    OMSs or firms behind one. The refusal of what the same client has an order by is none.

    Raises:
        JournalBroken: the journal cannot be believed up to its end.
    """
    found: dict[Meaning, None] = {}
    taken: set[str] = set()
    """Clients whose ClOrdID is a parent's."""
    for step in mentioning(storage, Names(order_id)):
        for command in step.commands:
            meaning = _meaning(command, order_id)
            if meaning is not None:
                found[meaning] = None
            if _is_of_parent(command) and command.cl_ord_id == order_id:
                taken.add(client(command.session, command.terms.reply_to))
    return [each for each in found if each.kind is not Kind.REFUSED or each.whose not in taken]


def _is_of_parent(command: Command) -> TypeGuard[OpenParent | Report]:
    return isinstance(command, OpenParent | Report) and command.parent_id != NO_PARENT


def _meaning(command: Command, order_id: str) -> Meaning | None:
    match command:
        case SendChild(cl_ord_id=name, parent_id=parent_id) if name == order_id:
            return Meaning(Kind.CHILD, name, parent_id)
        case CancelChild(cl_ord_id=name, orig_cl_ord_id=child) if name == order_id:
            return Meaning(Kind.CHILD, child)
        case OpenParent(parent_id=name) if order_id in (name, command.cl_ord_id):
            return Meaning(Kind.PARENT, name, name)
        case RefuseCancel(parent_id=parent_id) if parent_id and command.cl_ord_id == order_id:
            return Meaning(Kind.PARENT, parent_id, parent_id)
        case RequestQuote(quote_req_id=name, parent_id=parent_id) if name == order_id:
            return Meaning(Kind.PARENT, parent_id, parent_id)
        case Report(cl_ord_id=name, parent_id=parent_id) if name == order_id:
            if parent_id != NO_PARENT:
                return Meaning(Kind.PARENT, parent_id, parent_id)
            if command.exec_type is ExecType.REJECTED:
                whose = client(command.session, command.terms.reply_to)
                return Meaning(Kind.REFUSED, name, whose=whose)
    return None


def near(storage: Storage, order_id: str, count: int = 3) -> list[str]:
    """The ids in the journal that look most like one that is not there."""
    names: dict[str, None] = {}
    for _, step in steps(scan(storage, live=True)):
        for command in step.commands:
            if isinstance(command, OpenParent):
                names[command.parent_id] = names[command.cl_ord_id] = None
            elif isinstance(command, SendChild):
                names[command.cl_ord_id] = None
    return difflib.get_close_matches(order_id, list(names), n=count)


def parent_of(storage: Storage, child: str) -> str:
    """The OrderID of a child's parent."""
    for step in mentioning(storage, Names(child)):
        for command in step.commands:
            if isinstance(command, SendChild) and command.cl_ord_id == child:
                return command.parent_id
    raise AssertionError(f"{child} was never sent")


# -- the records ---------------------------------------------------------------------------------


class Names:
    """Names that are looked for in the bytes of records: one, and ClOrdIDs of many children.

    A child's last venue's word may come days later, so that none is ever let go. Those of one life
    of the daemon begin alike (`router.core.ids`): so many are looked for at once.
    """

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._ends: dict[re.Pattern[bytes], set[bytes]] = {}

    def add(self, child: str) -> None:
        """Look for the ClOrdID of a child, or of a cancel, too."""
        life, dash, end = child.rpartition("-")
        pattern = re.compile(re.escape(f"{life}{dash}".encode()) + rb"(?=([0-9A-Z]*))")
        self._ends.setdefault(pattern, set()).add(end.encode())

    def among(self, payload: bytes) -> bool:
        """True if a record may hold one of them; never False if it does."""
        if self._name in payload or is_packed(payload):
            return True
        return any(
            end in ends or end[:-1] in ends  # a byte of the record's form may stand behind it
            for pattern, ends in self._ends.items()
            for end in pattern.findall(payload)
        )


def mentioning(storage: Storage, names: Names) -> Iterator[Step]:
    """The steps whose record holds one of the names. Looking at bytes first spares the decoding."""
    records = (record for record in scan(storage, live=True) if names.among(record.payload))
    return (step for _, step in steps(records))
