"""What must hold whatever happened: checked after every exchange, and of everything that was told.

The arithmetic is that of the specification (fix.md 5.1 to 5.3), done again here with decimals from
the wire's text; nothing of the router's own arithmetic is used for it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import TYPE_CHECKING

from router.fix.codec import Message
from router.fix.dictionary import Dictionary, Rules, dictionary
from router.fix.versions import FIX42, Version
from tests.oms import whole, wording

if TYPE_CHECKING:
    from tests.oms.desk import Desk
    from tests.oms.peers import Child, Oms

ALWAYS = ("37", "11", "17", "150", "39", "54", "55", "38", "14", "151", "6", "60", "40", "59")
FILL = ("32", "31", "30")
CLOSED = ("2", "3", "4", "8", "C")

HEADER = ("8", "9", "34", "43", "52", "97", "122", "10")
"""Fields that may differ when a message is told again."""

FOLLOWS = {
    "": "A08",
    "A": "086E124C",
    "0": "01236E4C79",
    "1": "1236E4C790",
    "2": "102E",
    "3": "104C3",
    "6": "60124C9",
    "E": "E0124C9",
    "9": "120 4C 9 6E",  # 5.2 leaves out what a suspended order can still be asked for
    "4": "4",
    "C": "C",
    "8": "8",
}
"""OrdStatus(39) to what it may become (fix.md 5.2)."""


@cache
def judge(version: Version) -> Dictionary:
    """The dictionary that everything which leaves the node is held against."""
    return dictionary(version, Rules(validate_user_defined_fields=False))


@dataclass
class Book:
    """One order as the reports tell it."""

    status: str = ""
    order_qty: Decimal = Decimal(0)
    fills: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

    @property
    def cum_qty(self) -> Decimal:
        return sum((qty for qty, _ in self.fills.values()), Decimal(0))

    @property
    def avg_px(self) -> Decimal:
        if not self.cum_qty:
            return Decimal(0)
        value = sum((qty * px for qty, px in self.fills.values()), Decimal(0))
        return (value / self.cum_qty).quantize(Decimal("1e-8"), ROUND_HALF_EVEN)


class Ledger:
    """Everything that the OMSs were told, judged as it comes."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.exec_ids: dict[str, str] = {}
        """What was told under each, but for the header."""

    def told(self, version: Version, message: Message) -> None:
        """One message to an OMS.

        Raises:
            AssertionError: it breaks a rule.
        """
        fault = judge(version).validate(message)
        assert fault is None, (fault, message.pairs)
        if message.get("97") == "Y" and self._knows(message):
            return
        if message.msg_type == "8":
            self._report(version, message)
        elif message.msg_type == "9" and message.get("37") in self.books:
            self.books[message.get("37")].status = message.get("39")

    def _knows(self, message: Message) -> bool:
        """True for what may have been told before: then it was the same, or no news of an order."""
        exec_id = message.get("17")
        if message.msg_type != "8" or exec_id == "0":
            return True
        known = self.exec_ids.get(exec_id)
        assert known in (None, _body(message)), (known, message.pairs)
        return known is not None

    def _report(self, version: Version, message: Message) -> None:
        missing = [tag for tag in ALWAYS if tag not in message.fields]
        assert not missing, (missing, message.pairs)
        assert ("20" in message.fields) == (version is FIX42), message.pairs
        kind, exec_id = wording.kind(message), message.get("17")
        if kind == "I":
            assert exec_id == "0", message.pairs
        else:
            assert exec_id not in self.exec_ids, f"ExecID {exec_id} was told before"
            self.exec_ids[exec_id] = _body(message)
        if message.get("37") == "NONE":
            assert (message.get("39"), message.get("14"), message.get("151")) == ("8", "0", "0")
            return
        book = self.books.setdefault(message.get("37"), Book())
        if kind in ("F", "G"):
            assert all(tag in message.fields for tag in FILL), message.pairs
            assert exec_id.startswith(f"{message.get('30')}."), "an ExecID is its venue's"
        if kind in ("G", "H"):
            del book.fills[message.get("19")]
        if kind in ("F", "G"):
            book.fills[exec_id] = (Decimal(message.get("32")), Decimal(message.get("31")))
        status = wording.status(message)
        if kind not in ("I", "8"):
            assert status in FOLLOWS[book.status], f"{book.status} became {status}"
            book.status = status
        self._quantities(book, message, status)

    def _quantities(self, book: Book, message: Message, status: str) -> None:
        order_qty, cum_qty = Decimal(message.get("38")), Decimal(message.get("14"))
        assert cum_qty == book.cum_qty, message.pairs
        assert Decimal(message.get("6")) == book.avg_px, (book.avg_px, message.pairs)
        leaves = Decimal(0) if status in CLOSED else max(Decimal(0), order_qty - cum_qty)
        assert Decimal(message.get("151")) == leaves, message.pairs


def _body(message: Message) -> str:
    return "|".join(f"{tag}={value}" for tag, value in message.pairs if tag not in HEADER)


def check_quantities(desk: Desk) -> None:
    """No parent can be overfilled, as the node sees it and as the venues know it."""
    state = desk.node.engine.state
    all_children = whole.children(state)
    at_work: Counter[str] = Counter()
    truly: Counter[str] = Counter()
    for child in all_children.values():
        at_work[child.parent_id] += child.cum_qty + child.leaves_qty
    venues: list[Child] = [*desk.a.children, *desk.b.children]
    for known in venues:
        truly[all_children[known.cl_ord_id].parent_id] += known.cum_qty + known.leaves_qty
    spoiled = {all_children[each].parent_id for each in desk.overfilled}
    for parent in whole.parents(state).values():
        if parent.parent_id in spoiled:
            continue
        assert at_work[parent.parent_id] <= parent.terms.order_qty, parent
        assert truly[parent.parent_id] <= parent.terms.order_qty, parent
        assert parent.cum_qty == sum(
            child.cum_qty for child in map(all_children.__getitem__, parent.children)
        )


def check_journal(desk: Desk) -> None:
    """Folding the journal gives the state that is in memory, and the sessions' numbers."""
    from tests.oms.desk import open_node

    again = open_node(desk.storage.copy(), *desk.overrides).node
    state = desk.node.engine.state
    assert again.engine.state.digest() == state.digest()
    for name, link in desk.node.links.items():
        if link.durable:
            session, told = link.session, again.links[name].session
            numbers = (session.next_in, session.next_out, session.begins_again)
            assert (told.next_in, told.next_out, told.begins_again) == numbers, name


def check_answers(oms: Oms, *, pending: tuple[str, ...] = ()) -> None:
    """Every D has an answer, every F and G exactly one final one, but for those said to wait.

    One that came again may be answered by the order's status, under its own ClOrdID(11).
    """
    by_mass = any(msg_type == "q" for msg_type, _ in oms.sent)
    finals: Counter[str] = Counter()
    again: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    for message in oms.inbox:
        cl_ord_id = message.get("11") or message.get("379")
        answered[cl_ord_id] += 1
        is_status = _is_status(message)
        is_end = message.msg_type == "8" and message.get("150") in ("4", "5") and not is_status
        again[cl_ord_id] += is_status and bool(message.get("41"))
        own = by_mass and cl_ord_id == message.get("41")  # no request's answer
        refused = message.msg_type in ("9", "j") and not own
        if refused or (is_end and message.get("41")):
            finals[cl_ord_id] += 1
    asked: Counter[str] = Counter()
    for msg_type, fields in oms.sent:
        if msg_type == "D":
            assert answered[fields["11"]], f"D {fields['11']} was not answered"
        elif msg_type in ("F", "G"):
            asked[fields["11"]] += 1
    for cl_ord_id, count in asked.items():
        expected = count - (cl_ord_id in pending) - again[cl_ord_id]
        assert finals[cl_ord_id] == expected, f"{cl_ord_id}: {finals[cl_ord_id]} final answers"


def _is_status(message: Message) -> bool:
    """True for a report of how an order stands, in any version."""
    return message.get("150") == "I" or message.get("20") == "3"
