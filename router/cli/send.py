"""Send an order as an OMS would, and show its life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from config.settings import DEFAULT_CONFIG, Settings
from router.build_keys import spoken
from router.cli.entrance import (
    CaOption,
    CertificateOption,
    KeyFileOption,
    KeyOption,
    PasswordFileOption,
    Proof,
    ServerNameOption,
    UsernameOption,
    tls_of,
)
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show_json
from router.fix.client import OmsClient, OrderView
from router.fix.codec import Message, px_text, px_value
from router.fix.dictionary import Rules, dictionary
from router.fix.session import SessionConfig
from router.model import NS, Side, TimeInForce
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms, talk
from router.runtime.tls import TlsError, explain

SIDES = {"buy": Side.BUY, "sell": Side.SELL, "short": Side.SELL_SHORT}
TIFS = {each.name.lower(): each for each in TimeInForce}

QtyArgument = Annotated[int, typer.Argument(help="Shares.")]


def command(
    side: Annotated[str, typer.Argument(help="buy, sell or short.")],
    qty: QtyArgument,
    symbol: Annotated[str, typer.Argument()] = "ACME",
    price: Annotated[str, typer.Option(help="Limit price; without it a market order.")] = "",
    tif: Annotated[str, typer.Option(help="day, gtc, ioc, fok or gtd.")] = "day",
    algo: Annotated[str, typer.Option(help="TargetStrategy(847).")] = "",
    param: Annotated[
        list[str], typer.Option("--param", metavar="NAME=VALUE", help="The algo's parameters.")
    ] = NO_OVERRIDES,
    account: Annotated[str, typer.Option(help="Account(1).")] = "",
    seconds: Annotated[float, typer.Option(help="With gtd: how long it lives.")] = 0,
    wait: Annotated[float, typer.Option(help="Give up watching after so many seconds.")] = 60,
    cancel_after: Annotated[float, typer.Option(help="Cancel it after so many seconds.")] = 0,
    sender: Annotated[str, typer.Option(help="Our CompID; the first configured OMS.")] = "",
    tls_ca: CaOption = None,
    tls_certificate: CertificateOption = None,
    tls_key: KeyOption = None,
    server_name: ServerNameOption = "",
    username: UsernameOption = "",
    password_file: PasswordFileOption = None,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
    state: Annotated[Path | None, typer.Option("--state", hidden=True)] = None,
) -> None:
    """Log on with reset numbers, send one NewOrderSingle(D), and follow it to its end."""
    settings = settings_of(config, overrides)
    clock = Clock(speed=settings.clock.speed, origin=settings.clock.origin_ns)
    chosen = _choice("side", side, SIDES)
    life = _choice("tif", tif, TIFS)
    if life is TimeInForce.GTD and seconds <= 0:
        raise CommandError(ExitCode.CONFIGURATION, "--tif gtd needs --seconds above 0")
    params = dict(_pair(each) for each in param)
    wanted = settings.fix.acceptor.tls is not None
    tls = tls_of(tls_ca, tls_certificate, tls_key, server_name, wanted=wanted)
    session = _session(settings, sender, Proof(username, password_file, key_file))
    client = OmsClient(session, prefix=f"S{clock.now() // NS:X}")
    limit = _price(price)

    async def script(oms: LiveOms) -> OrderView:
        await _log_on(oms, settings, wait)
        now = clock.now()
        cl_ord_id = client.new_order(
            symbol,
            chosen,
            qty,
            now=now,
            price=limit,
            tif=life,
            algo=algo,
            params=params,
            account=account,
            expire_time=now + int(seconds * NS) if life is TimeInForce.GTD else 0,
        )
        oms.flush()
        view = client.order(cl_ord_id)
        await _follow(oms, view, wait, cancel_after, quiet=as_json)
        await oms.leave()
        return view

    try:
        view = talk(client, clock, script, tls)
    except TlsError as error:
        raise CommandError(ExitCode.CONFIGURATION, str(error)) from None
    if as_json:
        show_json(summary(view))
    _judge(client, view, wait)


def _judge(client: OmsClient, view: OrderView, wait: float) -> None:
    """What the exit code says of the order."""
    if client.rejects:
        raise CommandError(ExitCode.REFUSED, f"refused: {client.rejects[0].get('58')}")
    if view.ord_status == "8":
        raise CommandError(ExitCode.REFUSED, f"rejected: {view.text}")
    if not view.done:
        raise CommandError(ExitCode.TIME_OUT, f"still {_status(view)} after {wait:g} s")


def _choice(name: str, text: str, allowed: dict[str, Any]) -> Any:
    if text.lower() not in allowed:
        known = ", ".join(allowed)
        raise CommandError(ExitCode.CONFIGURATION, f"{name} {text!r} is not one of: {known}")
    return allowed[text.lower()]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(ExitCode.CONFIGURATION, f"--param {text!r} is not NAME=VALUE")
    return name, value


def _price(text: str) -> int | None:
    try:
        return px_value(text) if text else None
    except ValueError as error:
        raise CommandError(ExitCode.CONFIGURATION, f"--price: {error}") from None


def _session(settings: Settings, sender: str, proof: Proof) -> SessionConfig:
    acceptor = settings.fix.acceptor
    names = [each.target_comp_id for each in acceptor.sessions]
    if sender and sender not in names:
        raise CommandError(
            ExitCode.CONFIGURATION, f"no OMS session {sender!r}; configured: {', '.join(names)}"
        )
    keys = settings.session_keys(acceptor.sessions[names.index(sender) if sender else 0])
    version = spoken(keys)
    session = SessionConfig(
        begin_string=version.begin_string,
        default_appl_ver_id=version.appl_ver_id if version.fixt else "",
        sender_comp_id=sender or names[0],
        target_comp_id=acceptor.sender_comp_id,
        role="initiator",
        reset_on_logon=True,
        heart_bt_int=keys.heart_bt_int,
        validate=dictionary(version, Rules(validate_user_defined_fields=False)),
    )
    return replace(session, logon_fields=proof.fields(session))


async def _log_on(oms: LiveOms, settings: Settings, wait: float) -> None:
    acceptor = settings.fix.acceptor
    try:
        await oms.connect(acceptor.host, acceptor.port)
    except ConnectionRefusedError:
        raise CommandError(
            ExitCode.NOT_RUNNING,
            f"nobody listens on {acceptor.host}:{acceptor.port}; start `sluice run --simulate`",
        ) from None
    except OSError as error:
        text = f"no connection with {acceptor.host}:{acceptor.port}: {explain(error)}"
        raise CommandError(ExitCode.NOT_RUNNING, text) from None
    await oms.until(lambda: oms.client.logged_on or oms.is_gone, min(wait, 10))
    if not oms.client.logged_on:
        session = oms.client.session
        why = oms.fault or session.closed_reason or "no answer"
        if why in ("connection lost", "no answer"):  # who is not let in is told nothing
            why += f"; is another {session.config.sender_comp_id} logged on?"
        raise CommandError(ExitCode.REFUSED, f"the logon was not accepted: {why}")


async def _follow(
    oms: LiveOms, view: OrderView, wait: float, cancel_after: float, *, quiet: bool
) -> None:
    """Say each report as it comes, until the order is done or the time is up."""
    told = 0
    start = oms.seconds()
    cancel_at = start + cancel_after if cancel_after else float("inf")
    while not (view.done or oms.client.rejects) and oms.seconds() < start + wait:
        if oms.seconds() >= cancel_at:
            cancel_at = float("inf")
            oms.client.cancel(view.cl_ord_id, oms.clock.now())
            oms.flush()
        until = min(start + wait, cancel_at)
        await oms.until(_more_than(view, told), max(until - oms.seconds(), 0.01))
        if not quiet:
            for message in view.reports[told:]:
                say(line(message))
        told = len(view.reports)


def _more_than(view: OrderView, told: int) -> Callable[[], bool]:
    return lambda: len(view.reports) > told


_WORDS = {
    "0": "new", "1": "partially filled", "2": "filled", "3": "done for day", "4": "canceled",
    "5": "replaced", "6": "pending cancel", "8": "rejected", "9": "suspended", "A": "pending new",
    "C": "expired", "D": "restated", "E": "pending replace", "F": "trade", "G": "trade corrected",
    "H": "trade busted", "I": "status",
}  # fmt: skip


def line(message: Message) -> str:
    """One report in words."""
    if message.msg_type == "9":
        return f"{message.get('11'):<14} request refused  {message.get('58')}"
    what = _WORDS.get(message.get("150"), message.get("150"))
    text = f"{message.get('11'):<14} {what:<16}"
    if message.get("32", "0") != "0":
        text += f" {message.get('32'):>7} @ {message.get('31'):<9} {message.get('30'):<7}"
    text += f" cum {message.get('14'):>8}  leaves {message.get('151'):>8}"
    return f"{text}  {message.get('58')}".rstrip()


def _status(view: OrderView) -> str:
    return _WORDS.get(view.ord_status, view.ord_status or "unanswered")


def summary(view: OrderView) -> dict[str, object]:
    """An order as data."""
    by_venue: dict[str, int] = {}
    for fill in view.fills:
        by_venue[fill.last_mkt] = by_venue.get(fill.last_mkt, 0) + fill.last_qty
    return {
        "cl_ord_id": view.cl_ord_id,
        "order_id": view.order_id,
        "ord_status": view.ord_status,
        "status": _status(view),
        "order_qty": view.order_qty,
        "cum_qty": view.cum_qty,
        "leaves_qty": view.leaves_qty,
        "avg_px": px_text(view.avg_px),
        "fills": len(view.fills),
        "fills_by_venue": by_venue,
        "text": view.text,
    }
