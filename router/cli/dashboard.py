"""Print the Grafana dashboard of `sluice health`'s metrics, as JSON to import."""

from __future__ import annotations

import json

from router.api.dashboard import dashboard
from router.cli.output import show


def command() -> None:
    """Print deploy/grafana/sluice.json. It is made from code: change router/api/dashboard.py."""
    show(json.dumps(dashboard(), indent=1))
