"""Small markets for trials: the shipped baseline with changes, read as a market file is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from config.settings import DEFAULT_CONFIG

MARKETS = DEFAULT_CONFIG.parent / "markets"
SHORT = {"session.start": "15:50:00", "session.u_shape": [1.0]}
"""The last ten minutes of a day are the day."""
PARENTS = {"side": "both", "qty_adv": [0.0005], "horizon_s": [120], "start": "15:54:00"}


def written(
    folder: Path,
    changes: Mapping[str, object] | None = None,
    **more: object,
) -> Path:
    """A market file: `changes` are dotted paths, `more` are keys of the file itself."""
    shutil.copy(MARKETS / "baseline.yaml", folder)
    document = {
        "id": "small",
        "vocabulary": 1,
        "extends": "baseline",
        "set": {**SHORT, **(changes or {})},
        "parents": PARENTS,
        **more,
    }
    path = folder / "small.yaml"
    path.write_text(json.dumps(document, indent=1))
    return path
