"""The experiments in whole markets, by name.

Owns which market, which policies and which names of venues each of them has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.settings import DEFAULT_CONFIG
from router.experiments.markets import Careers

CONFIG = DEFAULT_CONFIG.parent
MARKETS = CONFIG / "markets"
TAKE_ONLY = CONFIG / "experiments" / "take-only.yaml"


@dataclass(frozen=True, slots=True)
class MarketExperiment:
    """One of them."""

    about: str
    markets: tuple[str, ...]
    only: str = ""
    """Contestants that it is about; empty for all."""
    take_only: bool = False
    permuted: bool = False
    predicts: bool = False
    """Contestants ask a predictor: every market needs one, trained on other days of its own."""

    def careers(
        self, market: str, parents: int, algo: str, predictors: Path | None = None
    ) -> Careers:
        """How they are worked in one of the markets; `predictors` is the folder of their files."""
        default = CONFIG / "policies" / "default.yaml"
        return Careers(
            market=MARKETS / f"{market}.yaml",
            config=DEFAULT_CONFIG,
            policies=(default, TAKE_ONLY) if self.take_only else (),
            parents=parents,
            algo=algo,
            permuted=self.permuted,
            predictor=None if predictors is None else predictors / f"{market}.npz",
        )


FIVE = ("baseline", "large_tick", "thin", "open", "stressed")

MARKET_EXPERIMENTS: Mapping[str, MarketExperiment] = {
    "markets": MarketExperiment("parents in five markets", FIVE),
    "null": MarketExperiment("a market where nothing can be gained", ("null",), take_only=True),
    "permuted": MarketExperiment(
        "venues under other names for every parent", ("baseline",), permuted=True
    ),
    "frozen": MarketExperiment(
        "the learner against itself, when it is told nothing", FIVE, only="hazard,hazard_frozen"
    ),
    "predictor": MarketExperiment(
        "the learner with the price's next move and without",
        ("baseline", "large_tick", "null"),
        only="hazard_drift,hazard_both,hazard",
        predicts=True,
    ),
}
