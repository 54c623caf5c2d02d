"""How an experiment is run and told. Not a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ways:
    """What the command line says of it."""

    jobs: int
    """Processes."""
    plot: Path | None
    """Where a picture goes."""
    out: Path | None
    """The folder of rows and figures."""
    quiet: bool
    as_json: bool
    predictors: Path | None = None
    """The folder of a predictor for each market."""
