"""An OMS in a box, without I/O: a session, the orders it sent, and what it was told about them.

What an order is comes from ExecutionReport(8) and OrderCancelReject(9) alone, never from what was
asked. Keeps its own sent frames, so it can answer a ResendRequest. Speaks the FIX version of its
session. Knows nothing of the router.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from router.fix.codec import (
    Message,
    decode,
    field_text,
    px_text,
    px_value,
    qty_value,
    safe_text,
    time_text,
)
from router.fix.dialects import dialect
from router.fix.session import Received, ResendNeeded, Session, SessionConfig
from router.fix.versions import version
from router.model import ExecType, OrdStatus, OrdType, Side, TimeInForce

SENT_FRAMES_MAX = 100_000
"""Frames kept for resends; older ones are gap-filled."""
ASKS_AGAIN = frozenset("DFG")
"""What is sent again after a reset if nothing has answered it. A question may be asked anew, and a
mass cancel would take back what has come since."""
FINAL = frozenset(
    {
        OrdStatus.FILLED,
        OrdStatus.DONE_FOR_DAY,
        OrdStatus.CANCELED,
        OrdStatus.REJECTED,
        OrdStatus.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: shares at a price in 1e-8 of the currency, and the market it was made on."""

    exec_id: str
    last_qty: int
    last_px: int
    last_mkt: str


@dataclass(slots=True)
class OrderView:
    """An order as its reports tell it. Prices are 1e-8 of the currency, 0 if not told."""

    cl_ord_id: str
    """The last ClOrdID(11) that was accepted; at first the only one."""
    symbol: str
    side: Side
    order_qty: int
    chain: list[str]
    """Every ClOrdID of the order, requests included, in the order they were sent."""
    order_id: str = ""
    ord_status: str = ""
    """OrdStatus(39); empty until the first report."""
    cum_qty: int = 0
    leaves_qty: int = 0
    avg_px: int = 0
    text: str = ""
    fills: list[Fill] = field(default_factory=list)
    reports: list[Message] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """True if no more is to be expected."""
        return self.ord_status in FINAL


class OmsClient:
    """An initiator with orders.

    After each call write `writes()`; when `wants_close` is set, close the connection afterwards and
    call `closed`. `prefix` begins every ClOrdID and must not have been used on the session before.
    """

    def __init__(
        self, config: SessionConfig, *, prefix: str = "", next_in: int = 1, next_out: int = 1
    ) -> None:
        assert config.role == "initiator", "an OMS calls"
        self.session = Session(config, next_in=next_in, next_out=next_out)
        self.dialect = dialect(version(config.begin_string, config.default_appl_ver_id))
        self.orders: dict[str, OrderView] = {}
        """By the first ClOrdID of each order; `order` finds one by any."""
        self.rejects: list[Message] = []
        """Reject(3) and BusinessMessageReject(j), in order."""
        self.mass_cancels: list[Message] = []
        """OrderMassCancelReport(r), in order."""
        self.unknown: list[Message] = []
        """Reports about no order of ours."""
        self._prefix = prefix or config.sender_comp_id
        self._ids = count(1)
        self._by_id: dict[str, OrderView] = {}
        self._terms: dict[str, list[tuple[str, str]]] = {}
        """The body of each D and G by ClOrdID: a replace restates what it does not change."""
        self._exec_ids: set[str] = set()
        self._answered: set[str] = set()
        """Every ClOrdID that a report or a reject has named."""
        self._sent: dict[int, bytes] = {}
        self._resets = 0
        self._out = bytearray()

    # --- The connection ------------------------------------------------------------------------

    @property
    def logged_on(self) -> bool:
        """True if orders leave at once."""
        return self.session.logged_on

    @property
    def wants_close(self) -> bool:
        """True when the connection is to be closed after the writes."""
        return self.session.wants_close

    @property
    def closed_reason(self) -> str:
        """Why the last connection has ended; nothing while it is well."""
        return self.session.closed_reason

    def opened(self, now: int) -> None:
        """The connection is up: the Logon goes out."""
        self.session.connect(now)
        self._flush(now)

    def received(self, data: bytes, now: int) -> None:
        """Bytes from the acceptor."""
        self.session.receive(data, now)
        self._flush(now)

    def closed(self, now: int) -> None:
        """The connection is gone."""
        self.session.lost(now)
        self._flush(now)
        self._out.clear()

    def logout(self, now: int, text: str = "") -> None:
        """End the session in good order."""
        self.session.logout(text, now)
        self._flush(now)

    def deadline(self) -> int | None:
        """When `tick` is due, UTC nanoseconds."""
        return self.session.deadline()

    def tick(self, now: int) -> None:
        """Time has passed."""
        self.session.tick(now)
        self._flush(now)

    def writes(self) -> bytes:
        """The bytes to write since the last call."""
        data = bytes(self._out)
        self._out.clear()
        return data

    # --- Orders --------------------------------------------------------------------------------

    def order(self, cl_ord_id: str) -> OrderView:
        """The order that a ClOrdID belongs to, the original's or a request's."""
        return self._by_id[cl_ord_id]

    def new_order(
        self,
        symbol: str,
        side: Side,
        qty: int,
        *,
        now: int,
        price: int | None = None,
        tif: TimeInForce = TimeInForce.DAY,
        algo: str = "",
        params: Mapping[str, str] | None = None,
        account: str = "",
        min_qty: int = 0,
        effective_time: int = 0,
        expire_time: int = 0,
        cl_ord_id: str | None = None,
    ) -> str:
        """NewOrderSingle(D), a limit order if it has a price; returns its ClOrdID(11).

        An id that is used again is sent again: the view stays the first order's.
        """
        cl_ord_id = cl_ord_id or self._next_id()
        body = [
            ("1", safe_text(account)),
            ("110", str(min_qty) if min_qty else ""),
            ("55", safe_text(symbol)),
            ("54", Side(side).value),
            ("38", str(qty)),
            ("40", OrdType.MARKET if price is None else OrdType.LIMIT),
            ("44", "" if price is None else px_text(price)),
            ("59", TimeInForce(tif).value),
            ("168", time_text(effective_time) if effective_time else ""),
            ("126", time_text(expire_time) if expire_time else ""),
            ("114", "N" if side == Side.SELL_SHORT else ""),
            ("847", safe_text(algo)),
            ("848", params_text(params or {})),
        ]
        terms = [(tag, value) for tag, value in body if value]
        if cl_ord_id not in self._by_id:
            view = OrderView(cl_ord_id, symbol, Side(side), qty, [cl_ord_id])
            self.orders[cl_ord_id] = self._by_id[cl_ord_id] = view
            self._terms[cl_ord_id] = terms
        self._send_terms("D", [("11", cl_ord_id)], terms, now)
        return cl_ord_id

    def cancel(self, cl_ord_id: str, now: int) -> str:
        """OrderCancelRequest(F) for an order by any of its ids; returns the request's ClOrdID."""
        view = self._by_id[cl_ord_id]
        request = self._request_id(view)
        body = [
            ("11", request),
            ("41", view.cl_ord_id),
            ("55", view.symbol),
            ("54", view.side.value),
            ("38", str(view.order_qty)),
            ("60", time_text(now)),
        ]
        self._send("F", body, now)
        return request

    def replace(
        self,
        cl_ord_id: str,
        *,
        now: int,
        qty: int | None = None,
        price: int | None = None,
        params: Mapping[str, str] | None = None,
    ) -> str:
        """OrderCancelReplaceRequest(G): all terms restated with these changed; returns its id."""
        view = self._by_id[cl_ord_id]
        request = self._request_id(view)
        terms = dict(self._terms[view.cl_ord_id])
        if qty is not None:
            terms["38"] = str(qty)
        if price is not None:
            terms["44"] = px_text(price)
            terms["40"] = OrdType.LIMIT
        if params is not None:
            terms["848"] = params_text(params)
        self._terms[request] = list(terms.items())
        ids = [("11", request), ("41", view.cl_ord_id)]
        self._send_terms("G", ids, list(terms.items()), now)
        return request

    def status(self, cl_ord_id: str, now: int) -> None:
        """OrderStatusRequest(H)."""
        view = self._by_id[cl_ord_id]
        body = [("11", view.cl_ord_id), ("55", view.symbol), ("54", view.side.value)]
        self._send("H", body, now)

    def mass_status(self, now: int) -> str:
        """OrderMassStatusRequest(AF) for all orders; returns its MassStatusReqID(584).

        Raises:
            ValueError: the session's version does not have it.
        """
        request = self._next_id()
        self._send("AF", [("584", request), ("585", "7")], now)
        return request

    def mass_cancel(self, now: int, symbol: str = "") -> str:
        """OrderMassCancelRequest(q) for all orders or those of a symbol; returns its ClOrdID(11).

        Raises:
            ValueError: the session's version does not have it.
        """
        request = self._next_id()
        body = [("11", request), ("530", "1" if symbol else "7"), ("55", symbol)]
        self._send("q", [pair for pair in [*body, ("60", time_text(now))] if pair[1]], now)
        return request

    def _next_id(self) -> str:
        return f"{self._prefix}-{next(self._ids)}"

    def _request_id(self, view: OrderView) -> str:
        request = self._next_id()
        view.chain.append(request)
        self._by_id[request] = view
        return request

    def _send_terms(
        self, msg_type: str, ids: list[tuple[str, str]], terms: list[tuple[str, str]], now: int
    ) -> None:
        """An order's terms in the words of the version."""
        grouped = self.dialect.strategy_group
        for tag, value in terms:
            ids += _strategy_group(value) if grouped and tag == "848" else [(tag, value)]
        self._send(msg_type, [*ids, ("60", time_text(now))], now, self.dialect.handl_inst)

    def _send(self, msg_type: str, body: list[tuple[str, str]], now: int, first: str = "") -> None:
        if msg_type in self.dialect.unspoken:
            raise ValueError(f"{self.dialect.version.name} has no message {msg_type}")
        self.session.send(msg_type, first + field_text(body), now)
        self._flush(now)

    # --- What comes back -----------------------------------------------------------------------

    def _flush(self, now: int) -> None:
        """Keep and write the frames, act on the events, until there are no more."""
        if self.session.resets != self._resets:
            self._say_again(now)
        self._collect()
        while events := self.session.take_events():
            for event in events:
                match event:
                    case Received():
                        self._message(event.message)
                    case ResendNeeded():
                        wanted = range(event.begin, event.end + 1)
                        stored = [(seq, self._sent[seq]) for seq in wanted if seq in self._sent]
                        self.session.resend(stored, now)
            self._collect()

    def _say_again(self, now: int) -> None:
        """The numbers have begun again: orders and requests without an answer may not have arrived.
        They are sent under new ones, with PossResend(97).
        """
        self._resets, sent, self._sent = self.session.resets, self._sent, {}
        for _, data in sorted(sent.items()):
            message = decode(data)
            if message.msg_type in ASKS_AGAIN and message.get("11") not in self._answered:
                self.session.send_again(data, now)

    def _collect(self) -> None:
        for frame in self.session.take_frames():
            if frame.fresh:
                self._sent[frame.seq] = frame.data
                self._sent.pop(frame.seq - SENT_FRAMES_MAX, None)
            if frame.live:
                self._out += frame.data

    def _message(self, message: Message) -> None:
        match message.msg_type:
            case "8":
                self._report(message)
            case "9":
                self._cancel_reject(message)
            case "r":
                self.mass_cancels.append(message)
            case "3" | "j":
                self.rejects.append(message)

    def _view(self, message: Message) -> OrderView | None:
        self._answered.add(message.get("11"))
        view = self._by_id.get(message.get("11")) or self._by_id.get(message.get("41"))
        if view is None:
            self.unknown.append(message)
        return view

    def _report(self, message: Message) -> None:
        view = self._view(message)
        if view is None:
            return
        exec_id, exec_type = message.get("17"), self.dialect.exec_type(message)
        if exec_type is not ExecType.ORDER_STATUS:
            if exec_id in self._exec_ids:
                return
            self._exec_ids.add(exec_id)
        view.reports.append(message)
        view.order_id = message.get("37")
        view.ord_status = self.dialect.ord_status(message).value
        view.order_qty = _qty(message, "38", view.order_qty)
        view.cum_qty = _qty(message, "14", view.cum_qty)
        view.leaves_qty = _qty(message, "151", view.leaves_qty)
        view.avg_px = px_value(message.get("6") or "0")
        view.text = message.get("58")
        if exec_type in (ExecType.NEW, ExecType.REPLACED):
            view.cl_ord_id = message.get("11")
        _book(view, message, exec_type)

    def _cancel_reject(self, message: Message) -> None:
        view = self._view(message)
        if view is not None:
            view.reports.append(message)
            view.ord_status = message.get("39")
            view.text = message.get("58")


def params_text(params: Mapping[str, str]) -> str:
    """TargetStrategyParameters(848): `name=value;name=value`."""
    return ";".join(f"{name}={safe_text(value)}" for name, value in params.items())


def _strategy_group(params: str) -> list[tuple[str, str]]:
    """StrategyParametersGrp(957) of what `params_text` wrote; every value is a String(14)."""
    entries = [each.partition("=") for each in params.split(";")]
    found = [("957", str(len(entries)))]
    for name, _, value in entries:
        found += [("958", name), ("959", "14"), ("960", value)]
    return found


def _qty(message: Message, tag: str, before: int) -> int:
    text = message.get(tag)
    return qty_value(text) if text else before


def _book(view: OrderView, message: Message, exec_type: ExecType) -> None:
    """A fill is added; a bust (H) or a correction (G) takes the one of ExecRefID(19) away first."""
    if exec_type in (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT):
        view.fills = [fill for fill in view.fills if fill.exec_id != message.get("19")]
    if exec_type in (ExecType.TRADE, ExecType.TRADE_CORRECT):
        view.fills.append(
            Fill(
                message.get("17"),
                _qty(message, "32", 0),
                px_value(message.get("31") or "0"),
                message.get("30"),
            )
        )
