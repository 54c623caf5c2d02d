"""Paths: what a level does, what a step costs, and that nothing of the future is in a state."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from config.settings import DEFAULT_CONFIG, load_settings
from router.analysis.shortfall import Forced, shortfall
from router.core.urgency_table import MARKET_COLUMNS
from router.messages import Decide, OrderReceived, OrderTerms, Report, SendChild, Step
from router.model import NS, PX_SCALE, ExecType, OrdType, Side, TimeInForce
from router.patience.file import TableCard, read_card, write_table
from router.patience.steps import REMAINING, STEPS, Level, Steps
from router.trials import patience
from router.trials.composition import MIDNIGHT, SESSION, Bench, Run, bench, run
from router.trials.trial import SETTLE
from tests.oms import whole
from tests.trials.markets import written
from venues.market import Market
from venues.market_file import read_market
from venues.messages import VenueOrder

SEED = 11
FEES = {
    "LIT_A": (-200_000, 300_000), "LIT_B": (-250_000, 300_000), "LIT_C": (120_000, -80_000),
    "DARK_A": (100_000, 100_000), "DARK_B": (100_000, 100_000), "SDP_1": (0, 0), "SDP_2": (0, 0),
}  # fmt: skip
"""Making and taking in `baseline`, 1e-8 dollars a share."""
PARENT = {"side": "buy", "qty_adv": [0.002], "horizon_s": [200], "start": "15:54:00"}


@pytest.fixture(scope="module")
def made_of(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    path = written(tmp_path_factory.mktemp("market"), parents=PARENT)
    return bench(load_settings(DEFAULT_CONFIG, [], os.environ), read_market(path))


def walked(
    made_of: Bench, monkeypatch: pytest.MonkeyPatch, *levels: Level, qty: int = 4_000
) -> Steps:
    """A path by given levels, waiting after them."""
    every = (*levels, *[Level.WAIT] * (STEPS - len(levels)))
    plan = replace(made_of.spec.parent(SEED), qty=qty)
    monkeypatch.setattr(patience, "walk_of", lambda *args: patience.Walk(plan, 0, every))
    return patience.walked(made_of, SEED)


def test_a_state_knows_nothing_of_what_comes_after_it(
    made_of: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two futures after the same four steps: the fifth begins alike, and later ones do not."""
    begin = (Level.TOUCH, Level.CROSS_PART, Level.WAIT, Level.MIDPOINT)
    one = walked(made_of, monkeypatch, *begin, *[Level.CROSS_ALL] * 6)
    other = walked(made_of, monkeypatch, *begin, *[Level.BEHIND] * 6)
    at = len(begin)
    assert (one.remaining[: at + 1] == other.remaining[: at + 1]).all()
    assert (one.market[: at + 1] == other.market[: at + 1]).all()
    assert (one.cost[:at] == other.cost[:at]).all()
    assert one.cost[at] != other.cost[at]
    assert np.abs(one.market[0]).sum() > 0.0


def test_waiting_costs_the_move_of_the_mid_and_in_the_end_a_forced_cross(
    made_of: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is filled and nothing is paid; the steps add up to the cross of everything at the
    end against the arrival: more than the half-spread of 1 tick in 5,000 (2 bp) and the impact of
    0.75 x 150 bp x sqrt(0.002) = 5 bp, all but the price's own way."""
    steps = walked(made_of, monkeypatch)
    assert steps.step.tolist() == list(range(STEPS))
    assert (steps.filled == 0.0).all()
    assert (steps.paid == 0.0).all()
    assert steps.kept.tolist() == [1.0] * (STEPS - 1) + [0.0]
    whole = float((steps.cost - steps.drift).sum())
    assert 0.75 * 150 * np.sqrt(0.002) < whole < 14.0


def test_crossing_all_takes_what_is_shown_and_pays_for_it(
    made_of: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = walked(made_of, monkeypatch, *[Level.CROSS_ALL] * STEPS, qty=400)
    assert steps.kept[-1] == 0.0
    assert steps.filled.sum() >= 1.0
    # A half-spread and a fee of at most 0.6 bp, or a dealer's quote a little inside.
    assert 0.5 < steps.paid[0] < 6.0


def test_resting_earns_and_waits_for_others(
    made_of: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = walked(made_of, monkeypatch, *[Level.TOUCH] * STEPS)
    some = steps.filled > 0
    assert some.any()
    assert (steps.paid[some] < 0.0).all()
    assert (np.diff(steps.remaining) <= 0.0).all()


@pytest.mark.parametrize(
    "levels",
    [
        (Level.TOUCH, Level.CROSS_PART, Level.BEHIND, Level.CROSS_ALL, Level.MIDPOINT, Level.TOUCH),
        (Level.CROSS_PART,) * 8,
    ],
)
def test_the_steps_of_a_path_add_up_to_its_shortfall(
    made_of: Bench, monkeypatch: pytest.MonkeyPatch, levels: tuple[Level, ...]
) -> None:
    """Perold's formula over the reports that the OMS got, fees by venue and side of the fill, and
    what was left crossed at the last touch. The steps are in bp of their own mids, so 0.05 bp."""
    reports: list[Report] = []
    runs: list[Run] = []
    sent: dict[str, int] = {}

    def listened(*args: object, on_step: Callable[[Step], None], **more: object) -> Run:
        def both(step: Step) -> None:
            reports.extend(each for each in step.commands if isinstance(each, Report))
            for each in step.commands:
                if isinstance(each, SendChild):
                    sent[each.cl_ord_id] = runs[0].market.mid2
            on_step(step)

        runs.append(run(*args, on_step=both, **more))  # type: ignore[arg-type]
        return runs[0]

    monkeypatch.setattr(patience, "run", listened)
    steps = walked(made_of, monkeypatch, *levels)
    fills = [each for each in reports if each.exec_type is ExecType.TRADE]
    fees = 0
    for each in fills:
        made, took = FEES[each.last_mkt]
        fees += each.last_qty * (made if each.liquidity == "1" else took)
    filled = sum(each.last_qty for each in fills)
    assert 0 < filled < 4_000
    arrival = next(each for each in reports if each.exec_type is ExecType.NEW)
    parent = whole.parents(runs[0].engine.state)[arrival.parent_id]
    _, offer = runs[0].market.nbbo
    spec = made_of.spec
    found = shortfall(
        sign=1,
        order_qty=4_000,
        cum_qty=filled,
        notional=sum(each.last_qty * each.last_px for each in fills),
        fees=fees,
        arrival_mid2=parent.arrival_mid,
        forced=Forced(offer, 300_000, 150.0, spec.stock.adv, 0.75),
    )
    mine = float((steps.cost * steps.remaining).sum() / steps.remaining[0])
    assert mine == pytest.approx(found.shortfall_bp, abs=0.05)
    # And what fills paid against the mid when their children were sent, fees included.
    away = sum((2 * f.last_px - sent[f.child_cl_ord_id]) * f.last_qty for f in fills) + 2 * fees
    paid = float((steps.paid * steps.filled * steps.remaining).sum() / steps.remaining[0])
    assert paid == pytest.approx(10_000 * away / (4_000 * parent.arrival_mid), abs=0.02)


def test_levels_are_drawn_by_chance_that_the_seed_fixes(made_of: Bench) -> None:
    walks = [patience.walk_of(made_of, seed) for seed in range(300)]
    assert walks[7] == patience.walk_of(made_of, 7)
    counts = np.bincount([level for walk in walks for level in walk.levels], minlength=len(Level))
    assert counts / counts.sum() == pytest.approx(np.array(patience.CHANCES), abs=0.03)
    assert {walk.first for walk in walks} == set(range(STEPS))


def test_the_price_without_us_does_not_know_of_us(tmp_path: Path) -> None:
    spec = read_market(written(tmp_path, parents=PARENT))
    start = MIDNIGHT + spec.session.from_ns
    alone, busy = Market(spec, seed=3, start=start), Market(spec, seed=3, start=start)
    symbol, px = spec.stock.symbol, 51 * PX_SCALE
    order = VenueOrder("1", symbol, Side.BUY, 5_000, OrdType.LIMIT, TimeInForce.DAY, px, owner="US")
    busy.submit("LIT_A", order, start)
    for market in (alone, busy):
        market.tick(start + 20 * NS)
    assert busy.impact_bp > 0.0
    assert alone.undisturbed_bp == busy.undisturbed_bp
    assert alone.undisturbed_bp == pytest.approx(10_000.0, rel=0.02)


def test_what_is_served_is_what_the_file_says(tmp_path: Path) -> None:
    """Every decision of a parent, worked out again from the JSON with nothing but its own note and
    the recorded features."""
    chance = np.random.Generator(np.random.Philox(key=9))
    shape = (STEPS, len(REMAINING) + 1, 2, 2, 1, 2)
    size = int(np.prod(shape))
    card = TableCard(
        kind="market", market="small", market_hash="", seeds="1:1", paths=1, steps=1, shape=shape,
        remaining=REMAINING, market_edges=((0.0,), (0.0,), (), (0.1,)), kappa=1.0,
        u_bp=tuple(None if each < 3.0 else float(each) for each in chance.uniform(0, 9, size)),
        visits=(1,) * size,
    )  # fmt: skip
    write_table(tmp_path / "made.json", card)
    policy = {
        "policy": "made", "version": 1, "layer": "desk",
        "settings": {
            "algo": {"name": "twap", "catch_up": False},
            "urgency": {"table": "made.json", "at_least_bp": 2.0, "at_most_bp": 6.0},
        },
    }  # fmt: skip
    (tmp_path / "made.yaml").write_text(json.dumps(policy))
    settings = load_settings(DEFAULT_CONFIG, [], os.environ)
    base = DEFAULT_CONFIG.parent / "policies" / "default.yaml"
    settings = settings.model_copy(update={"policies": (base, tmp_path / "made.yaml")})
    here = bench(settings, read_market(written(tmp_path, parents=PARENT)))
    found = _decisions(here)
    told, _ = read_card(tmp_path / "made.json")
    by = {note.by for note in (each.urgency_note for each, _ in found) if note is not None}
    assert by == {"table", "schedule", "must trade"}
    for decide, (left, leaves) in found:
        note = decide.urgency_note
        assert note is not None
        if note.by == "must trade":
            continue
        row = [decide.candidates[0].features[column] for column in MARKET_COLUMNS]
        levels = [int(row[0] >= 0.0), int(row[1] >= 0.0), 0, int(row[3] >= 0.1)]
        remains = sum(leaves / 2_000_000 >= edge for edge in REMAINING)
        cell = (min(STEPS - 1, int((1.0 - left) * STEPS)), remains, *levels)
        assert note.cell == cell
        answer = told.u_bp[int(np.ravel_multi_index(cell, shape))]
        assert (note.by == "table") == (answer is not None)
        if answer is not None:
            assert decide.urgency_bp == min(6.0, max(2.0, answer))


def _decisions(made_of: Bench) -> list[tuple[Decide, tuple[float, int]]]:
    """Of one parent, each with the share of its time and the shares that were left."""
    found: list[tuple[Decide, tuple[float, int]]] = []
    plan = made_of.spec.parent(SEED)
    begins = MIDNIGHT + plan.start_ns
    ends = begins + 200 * NS
    leaves = plan.qty

    def noted(step: Step) -> None:
        nonlocal leaves
        when = ((ends - step.now) / (200 * NS), leaves)
        found.extend((each, when) for each in step.commands if isinstance(each, Decide))
        for parent in made.engine.state.parents.values():
            leaves = parent.terms.order_qty - parent.cum_qty

    made = run(made_of, SEED, begins - 60 * NS, on_step=noted)
    made.driver.start(SESSION)
    made.driver.run(begins)
    terms = OrderTerms(
        made.market.symbol, Side.BUY, plan.qty, OrdType.MARKET, TimeInForce.GTD,
        account="A", expire_time=ends, algo="twap", params={"interval_s": "20"},
    )  # fmt: skip
    made.driver.give(OrderReceived(SESSION, 1, "P", terms))
    made.driver.run(ends + SETTLE)
    return found
