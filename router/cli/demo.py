"""The main job in one command: venues, router and OMS on loopback work a large order.

A 500,000-share buy of a 2M-ADV stock by twap and hazard over the seven venues of the baseline
market, over real FIX, the market's clock running fast.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from config.settings import DEFAULT_CONFIG, Settings
from config.venues import VenueSettings
from router import build
from router.analysis.costs import Account, OrderCost, interval_vwap, price, read_account
from router.build_keys import spoken
from router.cli.demo_view import Plan, screen, summary_text
from router.cli.errors import CommandError, ExitCode
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show_json
from router.fix.client import OmsClient, OrderView
from router.fix.session import SessionConfig
from router.model import NS, Side, TimeInForce
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms, talk

SCHEDULE_SHARE = 0.95
"""Of the order's life that its schedule takes."""

GRACE_S = 20.0
"""Real seconds that the order may take beyond its horizon before the demo gives up."""


def command(
    qty: Annotated[int, typer.Option(help="Shares to buy.")] = 500_000,
    hours: Annotated[float, typer.Option(help="Market hours to work it over.")] = 6.0,
    speed: Annotated[float, typer.Option(help="Market seconds in a second.")] = 120.0,
    algo: Annotated[str, typer.Option(help="twap or sweep.")] = "twap",
    learner: Annotated[str, typer.Option(help="hazard, pro_rata or static.")] = "hazard",
    seed: Annotated[int, typer.Option(help="Of the simulated market.")] = 7,
    state: Annotated[
        Path, typer.Option("--state", metavar="DIR", help="Where the run is kept.")
    ] = Path("var/demo"),
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Run the demo; with --json the last line is one JSON object."""
    started = time.monotonic()
    folder = state / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    clock = Clock(speed=speed, origin=Clock().now() // 1000 * 1000)
    settings = settings_of(
        config, [*_demo_settings(settings_of(config), folder, clock, learner, seed), *overrides]
    )
    with _daemon(settings, config, folder, clock, learner, seed, overrides) as listening:
        client = OmsClient(_session(settings), prefix="DEMO")
        view = talk(
            client,
            clock,
            lambda oms: _work(oms, settings, listening["port"], qty, hours, algo, as_json=as_json),
        )
    result = _result(settings, view, learner, time.monotonic() - started)
    _tell(settings, result, folder, as_json=as_json)
    if not view.done:
        raise CommandError(ExitCode.TIME_OUT, "the order is not done; see the log in the folder")


def _demo_settings(
    settings: Settings, folder: Path, clock: Clock, learner: str, seed: int
) -> list[str]:
    """What a fast clock needs: real milliseconds are simulated seconds."""
    slow = max(1.0, clock.speed)
    found = [
        f"state={folder}",
        f"clock.speed={clock.speed}",
        f"clock.origin={_moment(clock.origin)}",
        f"simulate.seed={seed}",
        f"learner.name={learner}",
        "fix.acceptor.port=0",
        "log.format=json",
        f"fix.defaults.heart_bt_int={min(3600, int(10 * slow))}",
        f"fix.defaults.max_latency={int(120 * slow)}",
        f"fix.defaults.logon_timeout={10 * slow}",
        f"fix.defaults.logout_timeout={2 * slow}",
        f"routing.pause_ms={5 * slow}",
        f"routing.quote_wait_ms={min(60_000, 50 * slow)}",
        f"limits.stale_market.book_ms_max={int(min(3_600_000, 2_000 * slow))}",
        f"limits.stale_market.quote_ms_max={int(min(3_600_000, 2_000 * slow))}",
        f"limits.stale_market.reference_ms_max={int(min(3_600_000, 2_000 * slow))}",
    ]
    found.extend(f"venues.{each.mic}.ack_timeout_s={2 * slow}" for each in settings.venues)
    return found


def _moment(ns: int) -> str:
    """UTC nanoseconds as the settings take them: ISO 8601, microseconds."""
    return datetime.fromtimestamp(ns // NS, UTC).strftime("%Y-%m-%dT%H:%M:%S") + (
        f".{ns % NS // 1000:06d}Z"
    )


@contextmanager
def _daemon(
    settings: Settings,
    config: Path,
    folder: Path,
    clock: Clock,
    learner: str,
    seed: int,
    overrides: list[str],
) -> Iterator[dict[str, Any]]:
    """The router with its venues, as a process of its own; its log is kept beside its state."""
    folder.mkdir(parents=True, exist_ok=True)
    log_path = folder.with_name(folder.name + ".log")
    given = [*_demo_settings(settings, folder, clock, learner, seed), *overrides]
    arguments = [sys.executable, "-m", "router", "run", "--simulate", "--json"]
    arguments += ["--config", str(config)]
    arguments += [part for each in given for part in ("--set", each)]
    with log_path.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            arguments, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise CommandError(ExitCode.ERROR, f"the router did not start; see {log_path}")
        yield json.loads(line)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _session(settings: Settings) -> SessionConfig:
    acceptor = settings.fix.acceptor
    keys = settings.session_keys(acceptor.sessions[0])
    version = spoken(keys)
    return SessionConfig(
        begin_string=version.begin_string,
        default_appl_ver_id=version.appl_ver_id if version.fixt else "",
        sender_comp_id=acceptor.sessions[0].target_comp_id,
        target_comp_id=acceptor.sender_comp_id,
        role="initiator",
        reset_on_logon=True,
        heart_bt_int=keys.heart_bt_int,
        max_latency=keys.max_latency,
        logon_timeout=keys.logon_timeout,
        logout_timeout=keys.logout_timeout,
    )


async def _work(
    oms: LiveOms,
    settings: Settings,
    port: int,
    qty: int,
    hours: float,
    algo: str,
    *,
    as_json: bool,
) -> OrderView:
    """Send the parent and watch it until it is done."""
    clock, client = oms.clock, oms.client
    await oms.connect(settings.fix.acceptor.host, port)
    if not await oms.until(lambda: client.logged_on, 10):
        raise CommandError(ExitCode.REFUSED, f"the logon failed: {client.closed_reason}")
    symbol = "ACME"

    def mid() -> float:
        return float((_status(settings).get("mid") or {}).get(symbol) or 0.0)

    await oms.until(lambda: mid() > 0, 10)
    now = clock.now()
    end = now + int(hours * 3600 * NS)
    # The schedule ends before the order does, so that its last shares have time to be found.
    params = {"horizon_s": str(int(hours * 3600 * SCHEDULE_SHARE))} if algo == "twap" else {}
    cl_ord_id = client.new_order(
        symbol,
        Side.BUY,
        qty,
        now=now,
        tif=TimeInForce.GTD,
        algo=algo,
        params=params,
        account="DEMO",
        expire_time=end,
    )
    oms.flush()
    view = client.order(cl_ord_id)
    plan = Plan(now, now + int((end - now) * SCHEDULE_SHARE), mid())
    give_up = oms.seconds() + hours * 3600 / clock.speed + GRACE_S
    console = Console(stderr=True)
    quiet = as_json and not console.is_terminal
    with Live(console=console, refresh_per_second=4, transient=True, auto_refresh=False) as live:
        while not view.done and not client.rejects and oms.seconds() < give_up:
            await oms.until(lambda: view.done, 0.5)
            if not quiet:
                status = _status(settings)
                live.update(screen(view, status, plan, clock.now()), refresh=True)
    await oms.leave()
    return view


def _status(settings: Settings) -> dict[str, Any]:
    """What the daemon says of itself; nothing if it has no time for that now."""
    try:
        return ask(settings.state, {"command": "status"})
    except CommandError:
        return {}


def _result(settings: Settings, view: OrderView, learner: str, wall_s: float) -> dict[str, Any]:
    """The account of the run, from its journal."""
    venues = {each.mic: build.venue(each) for each in settings.venues}
    account = read_account(settings.state, venues)
    order = account.orders.get(view.order_id)
    if order is None:
        raise CommandError(ExitCode.REFUSED, f"the order was not taken: {view.text}")
    vwap_px, volume = interval_vwap(settings.state, order.symbol, order.opened_at, order.ended_at)
    return {
        "order_qty": order.order_qty,
        "cum_qty": order.cum_qty,
        "avg_px": round(price(order.avg_px), 6),
        "arrival_px": round(price(order.arrival_px), 6),
        "shortfall_bp": round(order.shortfall_bp, 2),
        "fees_bp": round(order.fees_bp, 3),
        "vwap_px": round(price(vwap_px), 6),
        "vwap_slippage_bp": round(order.against_bp(vwap_px), 2),
        "market_volume": volume,
        "children": order.children,
        "decisions": order.decisions,
        "fills": order.fills,
        "fills_by_venue": _by_venue(settings.venues, order),
        "rejects": account.rejects,
        "learner": learner,
        "lessons": sum(each.lessons for each in account.arms.values()),
        "ord_status": order.ord_status,
        "order_id": order.parent_id,
        "state": str(settings.state),
        "wall_s": round(wall_s, 1),
        "venues": _venue_rows(settings.venues, order),
        "learned": _learned(account),
    }


def _by_venue(venues: tuple[VenueSettings, ...], order: OrderCost) -> dict[str, int]:
    return {each.mic: order.venues[each.mic].qty for each in venues if each.mic in order.venues}


def _venue_rows(venues: tuple[VenueSettings, ...], order: OrderCost) -> list[dict[str, Any]]:
    rows = []
    for each in venues:
        part = order.venues.get(each.mic)
        if part is not None:
            rows.append(
                {
                    "mic": each.mic,
                    "children": part.children,
                    "fills": part.fills,
                    "qty": part.qty,
                    "cost_bp": round(part.cost_bp(order.arrival_px, order.side.sign), 2),
                    "fees": round(price(part.fees), 2),
                }
            )
    return rows


def _learned(account: Account) -> list[dict[str, Any]]:
    return [
        {
            "arm": arm,
            "lessons": learned.lessons,
            "asked_lots": learned.sent_lots,
            "fill_ratio": round(learned.fill_ratio, 3),
            "markout_bp": None if learned.marks == 0 else round(learned.markout_bp, 2),
        }
        for arm, learned in sorted(account.arms.items())
    ]


def _tell(settings: Settings, result: dict[str, Any], folder: Path, *, as_json: bool) -> None:
    say(summary_text(result))
    say(
        f"\nState folder  {folder}    log  {folder}.log\n"
        f"Try next      sluice why {result['order_id']} --state {folder}\n"
        f"              sluice replay {folder} --verify\n"
        f"              sluice run --simulate    and, beside it,    sluice send buy 5000"
    )
    if as_json:
        show_json(result)
