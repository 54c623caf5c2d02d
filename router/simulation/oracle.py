"""What must hold whatever goes wrong (the invariants of docs/reliability.md), judged from outside.

The oracle hears what the OMSs asked for and were told, what left the node, what its disk holds, and
what the venues noted themselves. It uses none of the router's tables and none of its readers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection

from router.simulation.kills import Kills
from router.simulation.limits import Limits
from router.simulation.outbound import Outbound
from router.simulation.overdone import Overdone
from router.simulation.pinned import Pinned
from router.simulation.reading import FINAL, MS, Read, hold, milliseconds, read
from router.simulation.seen import Asked, AtVenue
from venues.audit import AuditKind, AuditRecord, MemoryAudit

RESEND_AGE_MAX = 1_000 * MS
"""`max_resend_age_s` of the venues."""
SYNC_MAX = 1_000 * MS
"""So long it may take until what was decided leaves."""
ANSWERS = frozenset("I6")
"""ExecType(150) by which a venue says how an order stands: asked for its status, or to cancel it,
which is the question to a venue that answers no others (seed 25316)."""
AMENDS = frozenset("GH")
"""ExecType(150) of what corrects an execution or takes it back."""


class Oracle:
    """Hears everything, and raises `Broken` at the first thing that must not be."""

    def __init__(self, audit: MemoryAudit, clock: Callable[[], int]) -> None:
        """`clock` is the world's: what the node takes for the time may be off."""
        self.asked: dict[str, Asked] = {}
        self.accounts: dict[str, str] = {}
        """Account by ClOrdID, of orders and requests of the OMSs."""
        self.kills = Kills()
        self.stopping = False
        """An operator stops the node."""
        self.never_again: set[str] = set()
        """MICs that are to get no order a second time: `max_resend_age_s` is 0."""
        self.limits = Limits()
        self.pinned = Pinned()
        self._clock_off_ms = 0
        """What the clock of the node's life is off by."""
        self.clock_went_back = False
        """A life has begun with a clock behind the one before."""
        self.outbound = Outbound(clock)
        self.executions: dict[tuple[str, str], tuple[str, int, int]] = {}
        """What the venues have told of fills and their corrections, by (MIC, ExecID): account,
        shares, price. A bust is of no shares."""
        self.standing: dict[tuple[str, str], tuple[str, int, int]] = {}
        """Those that were not taken back or corrected since."""
        self.overdone = Overdone()
        self._audit = audit
        self._noted = 0
        self._children: dict[str, str] = {}
        """Account by ClOrdID, of orders that have left for a venue."""
        self._recorded: set[str] = set()
        """ClOrdIDs of orders for venues that the disk holds, whether their line was up then or not
        (seed 45493)."""
        self._arrived: set[str] = set()
        self._orders: dict[str, AtVenue] = {}
        self._of_account: dict[str, list[AtVenue]] = defaultdict(list)
        self._unasked: dict[str, set[str]] = defaultdict(set)
        """By MIC: OrderIDs that were open when the node logged on, until the venue was asked."""
        self._reports: dict[str, str] = {}
        """Content by ExecID."""
        self._fills: dict[str, tuple[str, int, int]] = {}
        """What OMSs were told, by ExecID: account, shares, price."""
        self._refs: dict[str, str] = {}
        """By ExecID: the bust or correction of it that they were told."""
        self._cum: Counter[str] = Counter()
        self._over: set[str] = set()
        """Accounts whose order is over, as its OMS was told."""
        self._frozen: set[str] = set()
        """Accounts that have got more shares than were asked for, of a venue or by their OMS."""

    # -- what the OMSs asked for -----------------------------------------------------------------

    def ordered(
        self, session: str, cl_ord_id: str, account: str, side: str, qty: int, px: int | None
    ) -> None:
        """An OMS sends an order, or one with a ClOrdID again."""
        self.accounts[cl_ord_id] = account
        self.pinned.sent(account)
        asked = self.asked.setdefault(account, Asked(account, session, side, [], []))
        asked.qtys.append(qty)
        asked.limits.append(px)

    def requested(
        self, cl_ord_id: str, orig: str, qty: int | None = None, px: int | None = None
    ) -> None:
        """An OMS sends a cancel or a replace."""
        account = self.accounts[cl_ord_id] = self.accounts[orig]
        if qty is not None:
            self.asked[account].qtys.append(qty)
        if px is not None:
            self.asked[account].limits.append(px)

    def clock_is_off(self, by_ms: int) -> None:
        """A life of the node begins with a clock that is off."""
        self.clock_went_back |= by_ms < self._clock_off_ms
        if by_ms != self._clock_off_ms:
            self._clock_off_ms = by_ms
            self.limits.forget()

    # -- the disk --------------------------------------------------------------------------------

    def durable(self, data: bytes) -> None:
        """A frame in the journal is safe from now on."""
        frame = read(data)
        if frame.sender != "SLUICE":
            self._heard(frame)
            return
        if not self.outbound.durable(frame):
            return
        if frame.get("97") == "Y":
            hold(self.outbound.told_before(frame), "I2", f"{frame} was never told")
            return
        if frame.msg_type == "D":
            self._recorded.add(frame.get("11"))
            # In the order of the journal: what was decided before is no offence.
            hold(frame.get("1") not in self._frozen, "frozen", f"{frame} for what has too much")
        if frame.msg_type == "8":
            self.limits.report(frame)
        if frame.msg_type == "8" and frame.get("37") != "NONE":
            account, cum = self.accounts[frame.get("11")], frame.qty("14")
            self.pinned.answered(account)
            falls = cum < self._cum[account] and frame.get("150") not in AMENDS
            hold(not falls, "I5", f"CumQty of {account} falls to {cum}")
            self._cum[account] = cum
            if cum > frame.qty("38"):
                hold(
                    account in self.overdone.accounts,
                    "I1",
                    f"{account} has {cum} of {frame.qty('38')}",
                )
                self._frozen.add(account)
            if frame.get("39") in FINAL and frame.get("150") != "8":
                self._over_now(account, frame)

    def _over_now(self, account: str, frame: Read) -> None:
        """A report says that an order is over: no venue has any of it still. What takes back or
        corrects an execution of one that was over leaves it so, though it opens a child again
        (seed 16094).
        """
        self.heed()
        known = [each for each in self._of_account[account] if not each.unheard]
        alive = [each for each in known if each.leaves_qty]
        filled = frame.get("39") == "2" and account in self.overdone.accounts
        amends = frame.get("150") in AMENDS and account in self._over
        hold(filled or amends or not alive, "I1", f"{account} is over, but {alive}")
        self._over.add(account)

    def _heard(self, frame: Read) -> None:
        """What has reached the node is safe from now on."""
        if frame.msg_type == "8":
            self.kills.heard(frame)
            if frame.get("150") == "0" and not frame.poss_dup:
                # It is acknowledged after our Logon: that tells as much (seed 116757).
                self._unasked[frame.sender].discard(frame.get("37"))
            account = self._children.get(frame.get("11"), "")
            for order in self._of_account[account]:
                if (order.mic, order.unheard) == (frame.sender, frame.get("17")):
                    order.unheard = ""
            self.overdone.heard(account, frame)
            if frame.get("150") == "F" and frame.qty("14") > frame.qty("38"):
                self._frozen.add(account)
        elif frame.msg_type == "5":
            self.kills.parted(frame.sender)

    # -- what leaves the node --------------------------------------------------------------------

    def left(self, name: str, conn: int, data: bytes) -> None:
        """A frame is on its way to an OMS or a venue."""
        if name.endswith(".MD"):
            return
        frame = read(data)
        if self.outbound.left(name, conn, frame):
            self._begins(name)
        if frame.poss_dup and frame.msg_type == "4":
            clients = {each.session for each in self.asked.values()}
            self.outbound.gap_filled(name, frame, is_venue=name not in clients)
            return
        self.outbound.on_disk(name, frame)
        if frame.msg_type == "D":
            self._child(name, frame, conn)
        elif frame.msg_type == "F":
            self.kills.cancel(frame)
        elif frame.msg_type == "5":
            self.kills.parted(name)

    def last_word(self, name: str, conn: int, data: bytes) -> None:
        """A frame leaves though the disk has failed: it is on none, and cancels what has left."""
        frame = read(data)
        self.outbound.last_word(name, conn, frame)
        if frame.msg_type == "F":
            hold(
                frame.get("41") in self._recorded, "I3", f"{frame} is of nothing that was to leave"
            )
            self.kills.cancel(frame)

    def failed(self, connected: Collection[int]) -> None:
        """The disk has failed, and the process has said its last words on these connections. What
        its venue has ended meanwhile may have told it so, in a record that the disk did not take. A
        stop in good order leaves what rests, whatever becomes of the disk in it (seed 36834).
        """
        self.heed()
        if self.stopping:
            return
        at_work = {each.cl_ord_id for each in self._orders.values() if each.leaves_qty}
        left = self.kills.resting(connected).keys() & at_work
        hold(not left, "last cancels", f"{left} rest though the disk has failed")

    def _begins(self, name: str) -> None:
        """The first frame of a connection leaves."""
        self.kills.parted(name)
        self._unasked[name] = {
            order_id
            for order_id, order in self._orders.items()
            if order.mic == name and order.leaves_qty
        }

    def _child(self, name: str, frame: Read, conn: int) -> None:
        account, cl_ord_id = frame.get("1"), frame.get("11")
        asked = self.asked.get(account)
        hold(asked is not None, "I7", f"nobody has asked for {frame}")
        assert asked is not None
        px = frame.px("44")
        hold(frame.qty("38") <= max(asked.qtys), "I7", f"{frame} is too large")
        hold(frame.get("54") == asked.side, "I7", f"{frame} is on the wrong side")
        limits = [each for each in asked.limits if each is not None]
        if len(limits) == len(asked.limits):
            worse = px > max(limits) if asked.side == "1" else px < min(limits)
            hold(not worse, "I7", f"{frame} is beyond {limits}")
        self._children.setdefault(cl_ord_id, "")
        if frame.poss_dup:
            hold(name not in self.never_again, "stale", f"{frame} is sent again")
            age = self.outbound.age(name, frame)
            hold(age <= RESEND_AGE_MAX + SYNC_MAX, "stale", f"{frame} is sent {age} ns later")
        else:
            hold(not self._children[cl_ord_id], "I3", f"{cl_ord_id} is sent again as new")
            hold(not self._unasked[name], "reconcile", f"{frame} while {self._unasked[name]}")
            decided_ms = milliseconds(frame.get("60")) - self._clock_off_ms
            self.limits.child(name, frame, decided_ms)
            self.kills.child(name, account, frame, conn, decided_ms)
            self.pinned.child(name, account, frame, decided_ms)
        self._children[cl_ord_id] = account

    # -- the venues ------------------------------------------------------------------------------

    def heed(self) -> None:
        """Judge what the venues have noted since the last time."""
        while self._noted < len(self._audit.records):
            record = self._audit.records[self._noted]
            self._noted += 1
            if record.kind is AuditKind.RECEIVED and record.msg_type == "D":
                cl_ord_id = record.cl_ord_id
                hold(cl_ord_id in self._children, "I3", f"{cl_ord_id} has never left")
                hold(cl_ord_id not in self._arrived, "I3", f"{cl_ord_id} is at {record.mic} twice")
                self._arrived.add(cl_ord_id)
            elif record.kind is AuditKind.EXECUTION:
                self._executed(record)
            elif record.kind is AuditKind.CANCEL_REJECT:
                self._unasked[record.mic].discard(record.order_id)
            elif record.kind is AuditKind.LOST and record.order_id in self._orders:
                lost = self._orders.pop(record.order_id)
                self._of_account[lost.account].remove(lost)
                self._unasked[record.mic].discard(record.order_id)

    def _executed(self, record: AuditRecord) -> None:
        order = self._orders.get(record.order_id)
        if order is None:
            # The first that is told of an order may be the answer to a cancel of it.
            known = record.cl_ord_id in self._children
            cl_ord_id = record.cl_ord_id if known else record.orig_cl_ord_id
            order = AtVenue(record.mic, cl_ord_id, self._children[cl_ord_id], record.order_qty)
            self._orders[record.order_id] = order
            self._of_account[order.account].append(order)
        self.overdone.executed(order, record)
        if order.ended and record.leaves_qty and record.exec_type in AMENDS:
            order.unheard = record.exec_id
        order.cum_qty, order.leaves_qty = record.cum_qty, record.leaves_qty
        order.ended = not record.leaves_qty
        if record.exec_type in ANSWERS or not record.leaves_qty:
            self._unasked[record.mic].discard(record.order_id)
        self._spent(order, record)
        if record.exec_type in {"F", *AMENDS}:
            self._traded(order, record)

    def _spent(self, order: AtVenue, record: AuditRecord) -> None:
        """No more is at work than was asked for, unless a venue has overdone it by itself."""
        if order.account in self.overdone.accounts:
            return
        hold(order.cum_qty + order.leaves_qty <= order.qty, "I1", record)
        at_work = sum(each.cum_qty + each.leaves_qty for each in self._of_account[order.account])
        most = max(self.asked[order.account].qtys)
        hold(at_work <= most, "I1", f"{order.account}: {at_work} of {most} after {record}")

    def _traded(self, order: AtVenue, record: AuditRecord) -> None:
        key, qty, px = (record.mic, record.exec_id), record.qty, record.px or 0
        hold(key not in self.executions, "venue", f"{key} is used twice")
        if record.exec_ref_id:
            del self.standing[record.mic, record.exec_ref_id]
            del order.executions[record.exec_ref_id]
            order.amended = True
        self.executions[key] = (order.account, qty, px)
        if record.exec_type != "H":
            self.standing[key] = self.executions[key]
            order.executions[record.exec_id] = (qty, px)

    # -- what the OMSs were told -----------------------------------------------------------------

    def told(self, session: str, frame: Read) -> None:
        """A frame has reached an OMS."""
        if frame.msg_type not in ("8", "9"):
            return
        self.heed()
        asked, at = self.asked[self.accounts[frame.get("11")]], self.outbound.place(session, frame)
        hold(asked.session == session, "I2", f"{frame} is another OMS's")
        if frame.get("37") != "NONE":
            asked.order_ids.add(frame.get("37"))
            hold(len(asked.order_ids) == 1, "I2", f"{asked.account} is {asked.order_ids}")
        if frame.msg_type == "8":
            self._report(asked, frame, at)
        elif at > asked.status_at:
            asked.status_at, asked.status = at, frame.get("39")

    def _report(self, asked: Asked, frame: Read, at: int) -> None:
        exec_id = frame.get("17")
        if exec_id != "0":
            known = self._reports.setdefault(exec_id, frame.content)
            hold(known == frame.content, "I2", f"{exec_id} is {known} and {frame.content}")
        if frame.get("150") in {"F", *AMENDS}:
            self._fill(asked, frame)
        refused_again = frame.get("150") == "8" and asked.status
        if refused_again:
            return
        if at > asked.status_at:
            asked.status_at, asked.status = at, frame.get("39")
        if at > asked.last_at:
            asked.last_at = at
            asked.order_qty, asked.cum_qty = frame.qty("38"), frame.qty("14")
            asked.avg_px = frame.px("6")

    def _fill(self, asked: Asked, frame: Read) -> None:
        mic, _, own = frame.get("17").split(".", 2)
        kind, ref = frame.get("150"), frame.get("19")
        told = (asked.account, frame.qty("32"), frame.px("31"))
        known = self.executions.get((mic, own))
        if kind == "H":
            hold(known == (asked.account, 0, 0), "I2", f"no venue has told {frame}")
        else:
            hold(known == told, "I2", f"no venue has told {frame}")
            hold(frame.get("30") == mic, "I2", f"{frame} names another venue")
        if kind != "F":
            own_ref = self._refs.setdefault(ref, frame.get("17"))
            hold(own_ref == frame.get("17"), "I2", f"{frame} is of an execution that is no more")
        if kind != "H":
            self._fills[frame.get("17")] = told

    # -- the end ---------------------------------------------------------------------------------

    def open_accounts(self) -> list[str]:
        """Orders that their OMS does not know the end of."""
        return [each.account for each in self.asked.values() if each.status not in FINAL]

    def going_on(self) -> list[str]:
        """Orders that are to get more children, if anything is left of them."""
        return [account for account in self.open_accounts() if account not in self._frozen]

    def children(self, account: str) -> list[AtVenue]:
        """What venues know of an order's children."""
        return self._of_account[account]

    def _valid(self) -> list[tuple[str, int, int]]:
        """What OMSs were told of executions that still stand."""
        return [fill for exec_id, fill in self._fills.items() if exec_id not in self._refs]

    def untold(self) -> Counter[tuple[str, int, int]]:
        """Executions that their OMS does not know yet, or thinks to stand still."""
        done, told = Counter(self.standing.values()), Counter(self._valid())
        return (done - told) + (told - done)

    def known_as(self, cl_ord_id: str) -> list[AtVenue]:
        """What venues know under a ClOrdID of ours: one order, unless it has never arrived."""
        return [each for each in self._orders.values() if each.cl_ord_id == cl_ord_id]

    def at_venues(self) -> list[AtVenue]:
        """Orders of which a venue has not told the end."""
        return [each for each in self._orders.values() if each.leaves_qty]

    def agree(self) -> None:
        """After the end: every share is told once, and the sums are right."""
        for ref, exec_id in self._refs.items():
            hold(ref in self._fills, "I2", f"{exec_id} is of {ref}, which nobody was told")
        valid = self._valid()
        told = Counter(valid)
        done = Counter(self.standing.values())
        hold(told == done, "I2", f"told but not done {told - done}, not told {done - told}")
        hold(len(valid) == len(self.standing), "I2", "an execution has two ExecIDs")
        for asked in self.asked.values():
            fills = [(qty, px) for account, qty, px in done.elements() if account == asked.account]
            cum = sum(qty for qty, _ in fills)
            hold(asked.cum_qty == cum, "I5", f"{asked} was told {asked.cum_qty} of {cum}")
            too_much = cum > asked.order_qty and asked.status != "8"
            hold(not too_much or asked.account in self.overdone.accounts, "I1", asked)
            if cum:
                off = asked.avg_px * cum - sum(qty * px for qty, px in fills)
                hold(2 * abs(off) <= cum, "I5", f"AvgPx of {asked} is off by {off / cum}")
        hold(not self.at_venues(), "liveness", f"still at a venue: {self.at_venues()}")
