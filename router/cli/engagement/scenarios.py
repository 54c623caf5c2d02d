"""Order scenarios, played on a rehearsal: what passes between an OMS and us, byte for byte.

Owns which scenarios a rules-of-engagement document shows (fix.md 5.4) and how each is played. What
comes back is the node's own; nothing here says what it has to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from router.cli.engagement.rehearsal import Names, Rehearsal, Shown
from router.fix.codec import Message
from router.fix.dialects import dialect
from router.messages import ArmRequested, KillRequested
from router.model import ExecType, OrdStatus


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way of an order."""

    ident: str
    title: str
    play: Callable[[Desk], None]
    needs: str = ""
    """The MsgType(35) without which a version cannot play it."""
    cod: str = ""
    """Played for a venue alone, and for one that cancels this on disconnect."""


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario and what passed."""

    scenario: Scenario
    shown: tuple[Shown, ...]


class Desk:
    """The words of a scenario: what the OMS asks, what the venue does."""

    def __init__(self, names: Names) -> None:
        self.rehearsal = Rehearsal(names)
        self._oms = dialect(self.rehearsal.oms.session.version)
        self._venue = dialect(self.rehearsal.venue.session.version)
        self._cum_qty: dict[str, int] = {}
        self._exec_ids = 0

    # -- the OMS ---------------------------------------------------------------------------------

    def order(
        self, name: str, qty: int, px: str = "12", *, tif: str = "0", header: str = ""
    ) -> None:
        """NewOrderSingle(D): a buy of ACME."""
        self._ask("D", f"11={name}|{self._terms(qty, px, tif)}{header}")

    def cancel(self, name: str, orig: str, *, now: bool = True) -> None:
        """OrderCancelRequest(F)."""
        self._ask("F", f"41={orig}|11={name}|55=ACME|54=1|60={self.rehearsal.stamp()}|", now=now)

    def replace(self, name: str, orig: str, qty: int, px: str = "12", *, now: bool = True) -> None:
        """OrderCancelReplaceRequest(G): all terms restated."""
        self._ask("G", f"41={orig}|11={name}|{self._terms(qty, px, '0')}", now=now)

    def status(self, name: str) -> None:
        """OrderStatusRequest(H)."""
        self._ask("H", f"11={name}|55=ACME|54=1|")

    def mass_status(self, name: str) -> None:
        """OrderMassStatusRequest(AF) for all orders."""
        self._ask("AF", f"584={name}|585=7|")

    def mass_cancel(self, name: str) -> None:
        """OrderMassCancelRequest(q) for all orders."""
        self._ask("q", f"11={name}|530=7|60={self.rehearsal.stamp()}|")

    def _terms(self, qty: int, px: str, tif: str) -> str:
        return (
            f"{self._oms.handl_inst}55=ACME|54=1|60={self.rehearsal.stamp()}|38={qty}|40=2|44={px}|"
            f"59={tif}|"
        )

    def _ask(self, msg_type: str, body: str, *, now: bool = True) -> None:
        self.rehearsal.say(self.rehearsal.oms, msg_type, body, now=now)

    # -- the venue -------------------------------------------------------------------------------

    def ack(self) -> None:
        """The venue takes the newest child."""
        self._report(self._child(), ExecType.NEW, OrdStatus.NEW)

    def fill(self, qty: int, px: str, name: str = "") -> str:
        """The venue fills the newest child in part or in full; returns its ExecID."""
        child = self._child()
        traded = self._cum_qty[child.get("11")] = self._traded(child) + qty
        self._exec_ids += 1
        exec_id = name or f"T{self._exec_ids}"
        done = traded >= int(child.get("38"))
        status = OrdStatus.FILLED if done else OrdStatus.PARTIALLY_FILLED
        extra = f"32={qty}|31={px}|{self._venue.liquidity.get('2', '')}"
        self._report(child, ExecType.TRADE, status, extra, exec_id)
        return exec_id

    def bust(self, exec_id: str, qty: int) -> None:
        """The venue takes an execution back."""
        child = self._child()
        self._cum_qty[child.get("11")] = self._traded(child) - qty
        extra = f"19={exec_id}|32={qty}|31=0|"
        self._report(child, ExecType.TRADE_CANCEL, OrdStatus.PARTIALLY_FILLED, extra)

    def correct(self, exec_id: str, was: int, qty: int, px: str) -> None:
        """The venue corrects an execution of `was` shares."""
        child = self._child()
        self._cum_qty[child.get("11")] = self._traded(child) - was + qty
        extra = f"19={exec_id}|32={qty}|31={px}|"
        self._report(child, ExecType.TRADE_CORRECT, OrdStatus.FILLED, extra)

    def canceled(self) -> None:
        """The venue gives the newest child back."""
        child = self._child()
        request = self._newest("F")
        orig = f"41={child.get('11')}|" if request is not None else ""
        name = request.get("11") if request is not None else ""
        self._report(child, ExecType.CANCELED, OrdStatus.CANCELED, orig, name=name)

    def lose(self) -> None:
        """The venue's session is lost."""
        self.rehearsal.drop(self.rehearsal.venue)

    def back(self) -> None:
        """It is there again."""
        self.rehearsal.call(self.rehearsal.venue)

    def alive(self) -> None:
        """Asked what is open, the venue names the newest child."""
        asked = self._newest("AF")
        extra = "" if asked is None else f"584={asked.get('584')}|912=Y|"
        self._report(self._child(), ExecType.ORDER_STATUS, OrdStatus.NEW, extra, exec_id="0")

    def nothing_open(self) -> None:
        """Asked what is open, the venue says that nothing is."""
        asked = self._newest("AF")
        if asked is None:
            return  # it is asked for children that are in doubt alone
        self.rehearsal.say(
            self.rehearsal.venue,
            "8",
            f"37=NONE|11=NONE|17=0|150=I|39=U|55=ACME|54=1|151=0|14=0|6=0"
            f"|584={asked.get('584')}|911=1|912=Y|",
        )

    def _traded(self, child: Message) -> int:
        return self._cum_qty.get(child.get("11"), 0)

    def _child(self) -> Message:
        found = self._newest("D")
        assert found is not None, "nothing was sent to the venue"
        return found

    def _newest(self, msg_type: str) -> Message | None:
        inbox = self.rehearsal.venue.inbox
        return next((each for each in reversed(inbox) if each.msg_type == msg_type), None)

    def _report(
        self,
        child: Message,
        exec_type: ExecType,
        status: OrdStatus,
        extra: str = "",
        exec_id: str = "",
        name: str = "",
    ) -> None:
        self._exec_ids += not exec_id
        exec_id = exec_id or f"T{self._exec_ids}"
        own = child.get("11")
        traded = self._traded(child)
        closed = status in (OrdStatus.FILLED, OrdStatus.CANCELED)
        leaves = 0 if closed else int(child.get("38")) - traded
        kind = self._venue.kinds[exec_type, status, traded >= int(child.get("38"))]
        self.rehearsal.say(
            self.rehearsal.venue,
            "8",
            f"37=V{own}|11={name or own}|17={exec_id}"
            f"|{kind}55=ACME|54=1|38={child.get('38')}|44={child.get('44')}"
            f"|151={leaves}|14={traded}|6=0|60={self.rehearsal.stamp()}|{extra}",
        )


# -- the scenarios -------------------------------------------------------------------------------


def _filled(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.fill(200, "10")
    desk.fill(800, "11")


def _refused(desk: Desk) -> None:
    desk.order("X", 6_000_000)


def _done_for_day(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.fill(200, "10")
    desk.rehearsal.wait(600)
    desk.canceled()


def _immediate(desk: Desk) -> None:
    desk.order("X", 1000, tif="3")
    desk.ack()
    desk.fill(300, "11")
    desk.canceled()
    desk.rehearsal.wait(1)
    desk.ack()
    desk.canceled()


def _not_filled(desk: Desk) -> None:
    desk.order("X", 1000, tif="4")
    desk.ack()
    desk.canceled()


def _canceled(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.cancel("Y", "X")
    desk.canceled()


def _canceled_while_filling(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.fill(200, "10")
    desk.cancel("Y", "X", now=False)
    desk.fill(300, "10")
    desk.fill(100, "11")
    desk.canceled()


def _canceled_too_late(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.fill(500, "10")
    desk.cancel("Y", "X")
    desk.fill(500, "10")


def _canceled_unknown(desk: Desk) -> None:
    desk.cancel("Y", "X")


def _increased(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.fill(100, "10")
    desk.replace("Y", "X", 1200)
    desk.fill(10, "10")
    desk.canceled()
    desk.rehearsal.wait(30)
    desk.ack()
    desk.fill(1090, "10")


def _replaced_too_late(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.fill(100, "10")
    desk.replace("Y", "X", 1000, "11.5", now=False)
    desk.fill(900, "10")


def _reduced_below(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.fill(500, "10")
    desk.replace("Y", "X", 700)
    desk.fill(300, "10")
    desk.canceled()


def _second_request(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.replace("Y", "X", 800)
    desk.replace("Z", "X", 700)
    desk.canceled()


def _same_id(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.order("X", 2000)


def _same_order(desk: Desk) -> None:
    desk.order("X", 1000, px="10")
    desk.order("X", 1000, px="10")


def _status(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.fill(200, "10")
    desk.status("X")
    desk.status("W")


def _mass_status(desk: Desk) -> None:
    desk.order("X", 1000, px="9.5")
    desk.order("Y", 500, px="9.5")
    desk.mass_status("M1")


def _mass_canceled(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.order("Y", 500, px="9.5")
    desk.mass_cancel("C1")
    desk.canceled()


def _busted(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    first = desk.fill(100, "10")
    second = desk.fill(900, "11")
    desk.bust(first, 100)
    desk.correct(second, 900, 900, "10")


def _filled_after_cancel(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    first = desk.fill(500, "10")
    desk.cancel("Y", "X")
    desk.canceled()
    desk.bust(first, 500)
    desk.fill(400, "10")


def _killed(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.rehearsal.control(KillRequested("all", "", "risk", "drill"))
    desk.canceled()
    desk.order("Y", 1000)
    desk.rehearsal.control(ArmRequested("KA1", "risk", "drill over"))


def _worked_on(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.lose()
    desk.back()
    desk.alive()


def _canceled_with_its_session(desk: Desk) -> None:
    desk.order("X", 1000)
    desk.ack()
    desk.lose()
    desk.canceled()
    desk.back()
    desk.nothing_open()


def _outlived_its_session(desk: Desk) -> None:
    _worked_on(desk)
    desk.canceled()


SCENARIOS = (
    Scenario("A.1.a", "An order is filled in two parts", _filled),
    Scenario("A.1.a", "An order is refused: above a limit", _refused),
    Scenario("A.1.b", "An order is partly filled when the day ends", _done_for_day),
    Scenario("B.1.a", "A cancel, nothing filled", _canceled),
    Scenario("B.1.b", "A cancel that fills cross", _canceled_while_filling),
    Scenario("B.1.c", "A cancel that comes too late", _canceled_too_late),
    Scenario("B.1.f", "A cancel of an order that is not known", _canceled_unknown),
    Scenario("C.1.b", "A replace to a larger quantity, filled while it is pending", _increased),
    Scenario("C.2.a", "A replace that a fill overtakes", _replaced_too_late),
    Scenario("C.3.c", "A replace to less than what is filled by then", _reduced_below),
    Scenario("D.2.d", "A second request while the first is pending", _second_request),
    Scenario("F.1.a", "A ClOrdID(11) is used again, with other content", _same_id),
    Scenario("F.1.b", "An order comes again, with the same content", _same_order),
    Scenario("G.1.a", "Status of an order that is known and of one that is not", _status),
    Scenario("G.1.a", "Status of all open orders", _mass_status, "AF"),
    Scenario("q", "All open orders back at once", _mass_canceled, "q"),
    Scenario("I.1", "Immediate or cancel, filled in part", _immediate),
    Scenario("I.1", "Fill or kill, not filled", _not_filled),
    Scenario("J.1.a", "An execution is busted, another corrected", _busted),
    Scenario("J.1.b", "A bust and a late fill after a cancel", _filled_after_cancel),
    Scenario("K", "A kill switch is engaged and released", _killed),
    Scenario("L", "The session is lost; the venue works a child on", _worked_on, cod="none"),
    *(
        Scenario("L", title, way, cod=cod)
        for cod in ("day", "all")
        for title, way in (
            ("The session is lost, and the venue cancels a child", _canceled_with_its_session),
            ("A child has outlived the session all the same", _outlived_its_session),
        )
    ),
)


def _is_for(scenario: Scenario, names: Names) -> bool:
    return not scenario.cod or (bool(names.mic) and scenario.cod == names.cod)


def play(names: Names) -> Iterator[Played]:
    """Every scenario in the version of a session, each on a desk of its own; no Heartbeat(0)."""
    unspoken = dialect(names.version).unspoken if not names.mic else frozenset()
    for scenario in SCENARIOS:
        if scenario.needs in unspoken or not _is_for(scenario, names):
            continue
        desk = Desk(names)
        scenario.play(desk)
        shown = (each for each in desk.rehearsal.shown if b"\x0135=0\x01" not in each.frame)
        yield Played(scenario, tuple(shown))


def logon(names: Names) -> tuple[Shown, ...]:
    """The exchange of Logons."""
    return tuple(Rehearsal(names).logon)
