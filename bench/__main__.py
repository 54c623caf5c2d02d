"""All benchmarks, one after the other, as one JSON object: every target, and whether it is met.

Run as `python -m bench [rounds]`. Each benchmark is a process of its own, so that none warms or
burdens another. What is noisy is on stderr; the exit code says that they ran, not that they met.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BENCHES = ("fix_codec", "fix_echo", "route", "journal", "learner", "predictor", "sim")


def run(name: str, arguments: list[str]) -> dict[str, Any]:
    """What one benchmark prints."""
    print(f"bench.{name} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", f"bench.{name}", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def machine() -> dict[str, object]:
    """What the figures were taken on, and how busy it was."""
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def main(arguments: list[str]) -> None:
    before = machine()
    results = {name: run(name, arguments) for name in BENCHES}
    ratios = {
        f"{name}.{what}": ratio
        for name, result in results.items()
        for what, ratio in result["ratios"].items()
    }
    whole = {
        "machine": before,
        "targets": {what: ratio for what, ratio in ratios.items() if "met" in ratio},
        "benches": results,
    }
    print(json.dumps(whole, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
