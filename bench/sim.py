"""An hour of the baseline market with one parent: alone, with the whole core, and over FIX.

`python -m bench.sim [rounds]`. Subjects take turns; seeds differ from round to round. The floor is
the market alone: what the router adds is the ratio to it. Seconds are CPU of this process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial

from bench.measure import Figures, at_most, untargeted
from bench.over_fix import OverFix
from config.settings import DEFAULT_CONFIG, load_settings
from router.messages import OrderReceived, OrderTerms
from router.model import NS, OrdType, Side, TimeInForce
from router.trials.composition import MIDNIGHT, SESSION, bench, run
from venues.market_file import read_market

START = MIDNIGHT + 12 * 3600 * NS
"""Noon: the quietest part of the day."""
BUSY = MIDNIGHT + 34_200 * NS
"""The first hour, with 1.4 times the day's mean activity."""
HOUR = 3600 * NS
QTY = 20_000
"""1 % of ADV."""
SPEC = read_market(DEFAULT_CONFIG.parent / "markets" / "baseline.yaml")
SETTINGS = load_settings()
BENCH = bench(SETTINGS, SPEC)


def terms(start: int) -> OrderTerms:
    return OrderTerms(
        "ACME", Side.BUY, QTY, OrdType.MARKET, TimeInForce.GTD, expire_time=start + HOUR,
        account="BENCH", algo="twap", params={"horizon_s": "3420"},
    )  # fmt: skip


def alone(seed: int, start: int) -> int:
    """The market by itself; how many messages it says."""
    market = run(BENCH, seed, start).market
    said = 0
    while market.now < start + HOUR:
        market.advance(start + HOUR)
        said += len(market.take())
    return said


def core(seed: int, start: int) -> int:
    """The whole core; how many events it handles."""
    made = run(BENCH, seed, start)
    made.driver.start(SESSION)
    made.driver.give(OrderReceived(SESSION, 1, "X", terms(start)))
    made.driver.run(start + HOUR)
    return made.driver.seq


def fix(seed: int, start: int) -> int:
    """The whole node over FIX, records included; how many steps it takes."""
    market = run(BENCH, seed, start).market
    over = OverFix(market, [], seed=seed)
    over.order(start + NS, terms(start))
    over.sim.run(start + HOUR)
    return over.sim.node.seq


def _counted(counts: list[int], subject: Callable[[int], int], seed: int) -> None:
    counts.append(subject(seed))


def main(rounds: int) -> None:
    figures = Figures()
    counts: dict[str, list[int]] = {}
    subjects: dict[str, Callable[[int], int]] = {
        "alone": partial(alone, start=START),
        "core": partial(core, start=START),
        "alone_first_hour": partial(alone, start=BUSY),
        "core_first_hour": partial(core, start=BUSY),
        "fix": partial(fix, start=START),
    }
    for seed in range(1, rounds + 1):
        for name, subject in subjects.items():
            figures.time(name, partial(_counted, counts.setdefault(name, []), subject, seed))
    cpu = figures.medians()["cpu_us"]
    assert isinstance(cpu, dict)
    events = {name: sum(each) / len(each) for name, each in counts.items()}
    print(
        json.dumps(
            {
                "bench": "sim",
                "rounds": rounds,
                "seconds_of_cpu": {name: round(us / 1e6, 3) for name, us in cpu.items()},
                "events": {name: round(each) for name, each in events.items()},
                "events_per_s": {n: round(events[n] / cpu[n] * 1e6) for n in events},
                "ratios": {
                    "core_to_market_alone": untargeted(figures.cpu_ratio("core", "alone")),
                    "fix_to_core": untargeted(figures.cpu_ratio("fix", "core")),
                    "core_seconds": at_most(cpu["core"] / 1e6, 2.0),
                    "core_first_hour_seconds": at_most(cpu["core_first_hour"] / 1e6, 2.0),
                },
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
