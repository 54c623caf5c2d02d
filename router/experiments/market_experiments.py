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
DEFAULT_POLICY = CONFIG / "policies" / "default.yaml"
TAKE_ONLY = CONFIG / "experiments" / "take-only.yaml"
PIECES = CONFIG / "experiments" / "pieces.yaml"


@dataclass(frozen=True, slots=True)
class MarketExperiment:
    """One of them."""

    about: str
    markets: tuple[str, ...]
    only: str = ""
    """Contestants that it is about; empty for all."""
    contestants: str = "contestants"
    """Their file, of config/experiments."""
    policies: tuple[Path, ...] = ()
    """Instead of the configuration's; empty for those."""
    permuted: bool = False
    predicts: bool = False
    """Contestants ask a predictor: every market needs one, trained on other days of its own."""

    def careers(
        self, market: str, parents: int, algo: str, predictors: Path | None = None
    ) -> Careers:
        """How they are worked in one of the markets; `predictors` is the folder of their files."""
        return Careers(
            market=MARKETS / f"{market}.yaml",
            config=DEFAULT_CONFIG,
            policies=self.policies,
            parents=parents,
            algo=algo,
            permuted=self.permuted,
            predictor=None if predictors is None else predictors / f"{market}.npz",
        )


FIVE = ("baseline", "large_tick", "thin", "open", "stressed")

MARKET_EXPERIMENTS: Mapping[str, MarketExperiment] = {
    "markets": MarketExperiment("parents in five markets", FIVE),
    "pieces": MarketExperiment(
        "the same where no child is larger than a round lot",
        FIVE,
        policies=(DEFAULT_POLICY, PIECES),
    ),
    "null": MarketExperiment(
        "a market where nothing can be gained", ("null",), policies=(DEFAULT_POLICY, TAKE_ONLY)
    ),
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
    "patience": MarketExperiment(
        "urgency tables against fixed urgency",
        ("baseline", "thin"),
        contestants="patience",
        policies=(DEFAULT_POLICY,),
    ),
    "patience_null": MarketExperiment(
        "the same where only taking is allowed, which no table has learned",
        ("null",),
        contestants="patience",
        policies=(DEFAULT_POLICY, TAKE_ONLY),
    ),
}
