"""A halt of the market, as the router meets it on both ways in."""

from __future__ import annotations

from pathlib import Path

from config.settings import load_settings
from router.messages import Decide, OrderReceived, OrderTerms, SendChild, Step
from router.model import NS, OrdType, Side, TimeInForce
from router.trials.composition import MIDNIGHT, SESSION, bench, run
from tests.oms import whole
from tests.trials.markets import written
from venues.market_file import read_market

START = MIDNIGHT + (15 * 3600 + 50 * 60) * NS
HALT = {"at": "15:52:00", "event": "halt", "duration_s": 60}


def test_nothing_is_sent_while_the_market_is_halted_and_the_rest_afterwards(tmp_path: Path) -> None:
    spec = read_market(written(tmp_path, schedule=[HALT]))
    steps: list[Step] = []
    made = run(bench(load_settings(), spec), 1, START, on_step=steps.append)
    made.driver.start(SESSION)
    made.driver.run(START + 60 * NS)
    terms = OrderTerms(
        "ACME", Side.BUY, 4000, OrdType.MARKET, TimeInForce.GTD,
        expire_time=START + 300 * NS, algo="twap", params={"horizon_s": "200", "interval_s": "10"},
    )  # fmt: skip
    made.driver.give(OrderReceived(SESSION, 1, "X", terms))
    made.driver.run(START + 301 * NS)
    sent = [step.now - START for step in steps for c in step.commands if isinstance(c, SendChild)]
    # What is told takes milliseconds to arrive, and a child may be under way.
    assert not [at for at in sent if 121 * NS < at < 180 * NS]
    assert [at for at in sent if at < 120 * NS]
    assert [at for at in sent if at > 180 * NS]
    why = {c.reason for step in steps for c in step.commands
           if isinstance(c, Decide) and 122 * NS < step.now - START < 179 * NS}  # fmt: skip
    assert why == {"HALTED"}
    [parent] = whole.parents(made.engine.state).values()
    assert parent.cum_qty == 4000
    assert parent.terminal
