"""Every parameter that a schedule may change has an effect from its time on, and none before.

One script of orders runs in a busy market; each parameter is changed a minute after the start.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
from pydantic import BaseModel

from router.model import NS, OrdType, Side, TimeInForce
from tests.venues.simulated import MARKETS, START, order
from venues.dark import DarkSpec
from venues.dealer import DealerSpec
from venues.lit import LitSpec
from venues.market import Market
from venues.market_file import read_market
from venues.market_keys import FlowSpec, ImpactSpec, Stock
from venues.messages import QuoteIssued, VenueMessage

LEAK = {"prob": 1.0, "bp": 0.5, "halflife_s": 30.0}

BUSY: dict[str, object] = {
    "session.u_shape": [1.0],
    "flow.market_orders_per_s": 2.0,
    "impact.level_resilience_halflife_s": 0.2,
    "venues.DARK_A.dark": {
        "p_zero": 0.2,
        "size": {"beta": 1.0, "min": 100, "max": 3000},
        "persistence_s": 5,
        "informed_frac": 0.5,
        "informed_move_spreads": 1.0,
        "informed_horizon_s": 4.0,
        "stale_ref_prob": 0.5,
        "stale_ref_ms": 3000,
        "leak": LEAK,
    },
    "venues.SDP_1.sdp": {
        "markup_ticks": 0.5,
        "size": 400,
        "refresh_ms": 50,
        "last_look": {
            "hold_ms": 100,
            "mode": "symmetric",
            "threshold_ticks": 0.5,
            "base_reject_prob": 0.3,
        },
        "skew": {"inventory_halflife_s": 60.0, "ticks_per_kshare": 1.0},
        "leak": LEAK,
        "toxicity_response": {
            "window_fills": 5,
            "markup_ticks_per_spread_lost": 1.0,
            "same_side_streak_markup_ticks": 0.2,
        },
    },
    "venues.LIT_A.controls": {"static_collar": {"bp": 900.0}, "dynamic_collar": {"bp": 500.0}},
    "venues.DARK_B.disabled": True,
    "venues.SDP_2.disabled": True,
}

HALT = {"at": "09:32:20", "event": "halt", "duration_s": 5}
CHANGED = START + 60 * NS
END = START + 170 * NS

BLOCKS: dict[str, type[BaseModel]] = {
    "stock": Stock,
    "flow": FlowSpec,
    "impact": ImpactSpec,
    "venues.LIT_A": LitSpec,
    "venues.DARK_A": DarkSpec,
    "venues.SDP_1": DealerSpec,
}

CONTROLS: dict[str, object] = {
    "controls.static_collar.bp": 1.0,
    "controls.static_collar.ticks": {"static_collar": {"ticks": 1}},
    "controls.max_order_qty": 150,
    "controls.max_order_value": 6000.0,
    "controls.messages_per_s": 1,
}
FEES: dict[str, object] = {"fees.take": 0.01, "fees.make": 0.01}
LATENCY: dict[str, object] = {
    "latency.md_p50": 1.5,
    "latency.md_p99": 50.0,
    "latency.order_p50": 2.5,
    "latency.order_p99": 90.0,
}
EFFECTS: dict[str, dict[str, object]] = {
    "stock": {"adv": 100_000, "sigma_day_bp": 900.0, "spread_ticks": 5.0, "touch_depth_over_mo": 9},
    "flow": {
        "market_orders_per_s": 4.0,
        "mo_size.lot": 50,
        "mo_size.p_lot": 0.2,
        "mo_size.mean": 900.0,
        "mo_size.tail_alpha": 1.2,
        "sign_memory.acf1": 0.8,
        "sign_memory.gamma": 3.0,
        "clustering_cv": 9.0,
        "updates_per_mo": 30.0,
        "imbalance_logit": 0.0,
    },
    "impact": {
        "kernel.Y": 9.0,
        "level_resilience_halflife_s": 200.0,
        "level_no_refill_prob": 1.0,
        "applies_to": [],
    },
    "venues.LIT_A": {
        **CONTROLS,
        **FEES,
        **LATENCY,
        "volume_share": 0.9,
        "passive_realised10s": 0.9,
        "controls.dynamic_collar.bp": 1.0,
        "controls.dynamic_collar.ticks": {"dynamic_collar": {"ticks": 1}},
        "controls.interruption_s": {"dynamic_collar": {"ticks": 1}, "interruption_s": 5.0},
        "while_halted": "reject",
    },
    "venues.DARK_A": {
        **CONTROLS,
        **FEES,
        **LATENCY,
        "while_halted": "queue",
        "dark.p_zero": 0.9,
        "dark.size.beta": 4.0,
        "dark.size.min": 2000,
        "dark.size.max": 200,
        "dark.persistence_s": 60.0,
        "dark.priority": "pro_rata",
        "dark.min_exec_qty": 700,
        "dark.meq_honoured": False,
        "dark.informed_frac": 0.0,
        "dark.informed_move_spreads": 4.0,
        "dark.informed_horizon_s": 0.1,
        "dark.stale_ref_prob": 0.0,
        "dark.stale_ref_ms": 1.0,
        "dark.leak.prob": 0.0,
        "dark.leak.bp": 50.0,
        "dark.leak.halflife_s": 1.0,
    },
    "venues.SDP_1": {
        **FEES,
        **LATENCY,
        "controls.static_collar.bp": 0.1,
        "controls.static_collar.ticks": {"static_collar": {"ticks": 1}},
        "controls.max_order_qty": 150,
        "controls.max_order_value": 6000.0,
        "controls.messages_per_s": 1,
        "sdp.markup_ticks": 2.0,
        "sdp.size": 200,
        "sdp.ladder.size": [{"size": 600, "extra_ticks": 1.0}],
        "sdp.ladder.extra_ticks": [{"size": 600, "extra_ticks": 1.0}],
        "sdp.refresh_ms": 2000.0,
        "sdp.last_look.hold_ms": 900.0,
        "sdp.last_look.mode": "firm",
        "sdp.last_look.threshold_ticks": 5.0,
        "sdp.last_look.base_reject_prob": 1.0,
        "sdp.last_look.favourable": "improve",
        "sdp.skew.inventory_halflife_s": 0.5,
        "sdp.skew.ticks_per_kshare": 9.0,
        "sdp.leak.prob": 0.0,
        "sdp.leak.bp": 50.0,
        "sdp.leak.halflife_s": 1.0,
        "sdp.toxicity_response.window_fills": 1,
        "sdp.toxicity_response.markup_ticks_per_spread_lost": 20.0,
        "sdp.toxicity_response.same_side_streak_markup_ticks": 2.0,
    },
}
"""For each block the keys that may change, and another value than `BUSY` has. Where one key cannot
stand alone, the value is that of the block that holds it."""


def models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in models(part)]


def keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = models(field.annotation)
        if not inner:
            yield above + name
        for each in inner:
            yield from keys(each, f"{above}{name}.")


@pytest.mark.parametrize("block", BLOCKS)
def test_every_key_is_tried_or_refused(block: str) -> None:
    model = BLOCKS[block]
    fixed = set(model.fixed)  # type: ignore[attr-defined]
    law = {"kernel.delta", "kernel.decay", "kernel.permanent_frac"}  # of one value only
    changeable = {
        key
        for key in keys(model)
        if key not in law and not any(key == each or key.startswith(f"{each}.") for each in fixed)
    }
    assert set(EFFECTS[block]) == changeable


Told = tuple[list[VenueMessage], list[VenueMessage], tuple[int, ...]]


def told(changes: Mapping[str, object]) -> Told:
    """What is said before the change and after it, and the fees at the end."""
    schedule: list[object] = [HALT]
    if changes:
        schedule.append({"at": "09:31:00", "set": changes})
    with TemporaryDirectory() as folder:
        shutil.copy(MARKETS / "baseline.yaml", folder)
        path = Path(folder) / "m.yaml"
        whole = {**BUSY, "schedule": schedule}
        document = {"id": "m", "vocabulary": 1, "extends": "baseline", "set": whole}
        path.write_text(json.dumps(document, indent=1))
        market = Market(read_market(path), seed=5, start=START)
    market.subscribe_quotes("SDP_1", "ME", START)
    before = acted(market, START, CHANGED - 1)
    after = acted(market, CHANGED, END)
    venues = [market.venue(mic) for mic in ("LIT_A", "DARK_A", "SDP_1")]
    return before, after, tuple(fee for v in venues for fee in (v.take_fee, v.make_fee))


def acted(market: Market, begin: int, end: int) -> list[VenueMessage]:
    """The script: every two seconds an order or two somewhere."""
    said: list[VenueMessage] = []
    for n, now in enumerate(range(begin, end - 2 * NS, 2 * NS)):
        ref = f"{begin}/{n}"
        side = Side.BUY if n % 3 else Side.SELL
        bid, offer = market.nbbo
        far = offer if side is Side.BUY else bid
        market.submit("LIT_A", order(f"t{ref}", side, 200, tif=TimeInForce.IOC), now)
        if far:
            market.submit("LIT_A", order(f"l{ref}", side, 400, far), now)
            market.submit("LIT_A", order(f"m{ref}", side, 100, far + side.sign * 10**6 * 3), now)
            market.submit("DARK_A", order(f"p{ref}", side, 300, far, tif=TimeInForce.IOC), now)
        if n % 5 == 2 and far:  # the whole best level of the market
            for mic in ("LIT_A", "LIT_B", "LIT_C"):
                sweep = order(f"s{mic}{ref}", side, 9000, far, TimeInForce.IOC)
                market.submit(mic, sweep, now)
        if n % 5 == 0:
            for size in (500, 2500):
                terms = order(f"d{size}{ref}", Side.BUY, size, min_qty=300)
                market.submit("DARK_A", terms, now)
        if n % 5 == 4:
            for size in (500, 2500):
                market.cancel("DARK_A", f"d{size}{begin}/{n - 4}", now)
        market.request_quote("SDP_1", "ME", f"r{ref}", "ACME", Side.BUY, 500, now)
        market.tick(now + NS)
        said += _dealt(market, ref, now + NS)
    market.tick(end)
    return said + market.take()


def _dealt(market: Market, ref: str, now: int) -> list[VenueMessage]:
    """Buy on the last quote that has come, twice."""
    said = market.take()
    quotes = [m for m in said if isinstance(m, QuoteIssued)]
    for copy in range(2 if quotes else 0):
        terms = order(
            f"q{copy}{ref}",
            Side.BUY,
            200,
            quotes[-1].offer_px,
            ord_type=OrdType.PREVIOUSLY_QUOTED,
            quote_id=quotes[-1].quote_id,
        )
        market.submit("SDP_1", terms, now)
    return said


@cache
def unchanged() -> Told:
    return told({})


def entry(block: str, key: str, value: object) -> dict[str, object]:
    """The change of a key, or of the block that holds it where the value is of the block."""
    if isinstance(value, dict | list) and key != "applies_to":
        key = key.split(".")[0] if isinstance(value, dict) else key.rpartition(".")[0]
    if key == "dark.size.max":
        return {f"{block}.dark.size.max": value}
    return {f"{block}.{key}": value}


QUICK = {
    "stock.sigma_day_bp",
    "flow.mo_size.mean",
    "flow.sign_memory.acf1",
    "impact.applies_to",
    "venues.LIT_A.latency.md_p50",
    "venues.LIT_A.while_halted",
    "venues.DARK_A.controls.max_order_qty",
    "venues.SDP_1.sdp.toxicity_response.window_fills",
}
"""One of each component that takes new terms; the rest takes a minute."""


def tried() -> Iterator[object]:
    for block, found in EFFECTS.items():
        for key in found:
            name = f"{block}.{key}"
            marks = () if name in QUICK else pytest.mark.soak
            yield pytest.param(block, key, id=name, marks=marks)


@pytest.mark.parametrize(("block", "key"), list(tried()))
def test_a_parameter_has_its_effect_from_its_time_on(block: str, key: str) -> None:
    before, after, fees = told(entry(block, key, EFFECTS[block][key]))
    base_before, base_after, base_fees = unchanged()
    assert before == base_before
    assert (after, fees) != (base_after, base_fees)
