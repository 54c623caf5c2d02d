"""An experiment in whole markets: worked, told, kept and drawn. Not a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from router.cli.errors import CommandError, ExitCode
from router.cli.experiment_text import cost_table
from router.cli.experiment_tuning import keep_best
from router.cli.experiment_ways import Ways
from router.cli.output import say, show, show_json
from router.cli.progress import followed
from router.experiments.contestants import OUTSIDE, Entry, WrittenContestant
from router.experiments.keeping import write_careers
from router.experiments.market_experiments import MARKET_EXPERIMENTS, MARKETS
from router.experiments.markets import Cost, Costs, costs, together, worked
from router.experiments.tuning import plays_needed, tune_in_market
from router.predictor.file import Predictor, PredictorFileError
from router.trials.results import code_version
from router.trials.trial import Row, TrialError
from venues.market_file import read_market

ALGO = "twap"

Careers = dict[str, list[list[Row]]]
"""By contestant: a list of careers."""


def compare(
    name: str,
    entries: Sequence[Entry],
    markets: Sequence[str],
    seeds: range,
    parents: int,
    ways: Ways,
) -> None:
    """Every plug-in works the same parents in every market."""
    hashes = {market: _predictor(market, entries, ways) for market in markets}
    entries = [each for each in entries if each.learner not in OUTSIDE]
    found: dict[str, Careers] = {}
    for market in markets:
        found[market] = _worked(name, market, entries, seeds, parents, ways)
        if not ways.as_json:
            show(cost_table(_costs(found[market]), market, seeds, parents))
    told = _document(name, entries, seeds, parents, found, hashes)
    if ways.as_json:
        show_json(told)
    if ways.out is not None:
        for path in write_careers(ways.out, seeds, found, told):
            say(f"written: {path}")
    if ways.plot is not None:
        from router.experiments.cost_picture import draw

        draw(ways.plot, {market: _costs_of(each) for market, each in found.items()}, name)
        say(f"written: {ways.plot}")


def tune_in(
    name: str,
    market: str,
    contestants: Mapping[str, WrittenContestant],
    parents: int,
    path: Path,
    ways: Ways,
) -> None:
    """Every combination of every plug-in works the training careers of one market."""
    inside = {each: one for each, one in contestants.items() if one.learner not in OUTSIDE}
    careers = MARKET_EXPERIMENTS[name].careers(market, parents, ALGO)
    plays = tune_in_market(careers, inside, jobs=ways.jobs)
    asked = f"{name} --tune --markets {market} --parents {parents}"
    keep_best(plays, plays_needed(inside), "careers", path, asked, name, ways)


def _worked(
    name: str,
    market: str,
    entries: Sequence[Entry],
    seeds: range,
    parents: int,
    ways: Ways,
) -> Careers:
    careers = MARKET_EXPERIMENTS[name].careers(market, parents, ALGO, ways.predictors)
    found: Careers = {entry.name: [] for entry in entries}
    try:
        plays = worked(careers, entries, seeds, jobs=ways.jobs)
        total = len(entries) * len(seeds)
        for entry, _, rows in followed(plays, total, f"{market}: careers", quiet=ways.quiet):
            found[entry.name].append(rows)
    except TrialError as error:
        raise CommandError(ExitCode.ERROR, f"{market}: {error}") from None
    return found


def _predictor(market: str, entries: Sequence[Entry], ways: Ways) -> str:
    """sha256 of a market's predictor, read before anything is worked; empty if nobody asks it.

    Raises:
        CommandError: somebody does, and it is not there or is refused.
    """
    asking = [each.name for each in entries if each.predicts]
    if not asking:
        return ""
    if ways.predictors is None:
        text = (
            f"{', '.join(asking)}: needs --predictors DIR, with a file MARKET.npz for each market"
        )
        raise CommandError(ExitCode.CONFIGURATION, text)
    path = ways.predictors / f"{market}.npz"
    try:
        return Predictor.load(path).sha256
    except OSError as error:
        raise CommandError(ExitCode.NOT_FOUND, f"{path}: {error.strerror}") from None
    except PredictorFileError as error:
        raise CommandError(ExitCode.CONFIGURATION, str(error)) from None


def _costs_of(careers: Careers) -> dict[str, Costs]:
    return {each: together(rows) for each, rows in careers.items()}


def _costs(careers: Careers) -> list[Cost]:
    return costs(_costs_of(careers))


def _document(
    name: str,
    entries: Sequence[Entry],
    seeds: range,
    parents: int,
    found: dict[str, Careers],
    predictors: dict[str, str],
) -> dict[str, object]:
    """The figures and what made them: the same experiment, the same bytes."""
    return {
        "experiment": name,
        "seeds": f"{seeds.start}:{len(seeds)}",
        "parents": parents,
        "algo": ALGO,
        "code_version": code_version(),
        "parameters": {entry.name: dict(entry.parameters) for entry in entries},
        "markets": {
            market: {
                "market_hash": read_market(MARKETS / f"{market}.yaml").hash,
                "costs_bp": [asdict(each) for each in _costs(careers)],
                **({"predictor": predictors[market]} if predictors[market] else {}),
            }
            for market, careers in found.items()
        },
    }
