"""`make fuzz`: runs the targets under atheris, one after the other, and says what they cost.

By environment: FUZZ_TARGET (all of them), FUZZ_INPUTS (100000, of each target), FUZZ_SECONDS (no
limit), FUZZ_SEED (another each time).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import traceback
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

CORPUS = Path("build/fuzz")
"""What was found worth keeping; a next run begins with it."""
MEMORY_MAX = 1_024
"""MiB of the whole process with its corpus, before the fuzzer gives up."""
WATCHED = 3
"""Instrumented code is slower by more than this: what costs less than so many times its bound is
surely within it, and what costs more is measured again without."""
HANG = 20
"""Seconds after which an input hangs."""


def main() -> int:
    """Run the targets that were asked for."""
    match sys.argv[1:]:
        case ["run", name, inputs, seconds, *options]:
            run(name, int(inputs), float(seconds), options)
        case ["dear", name, path]:
            return dear(name, Path(path))
    from tests.fuzz.targets import TARGETS

    chosen = os.environ.get("FUZZ_TARGET", "").split() or list(TARGETS)
    for name in chosen:
        if name not in TARGETS:
            print(f"FUZZ_TARGET {name}: allowed: {' '.join(TARGETS)}", file=sys.stderr)
            return 2
        inputs = os.environ.get("FUZZ_INPUTS", "100000")
        seconds = os.environ.get("FUZZ_SECONDS", "inf")
        seed = os.environ.get("FUZZ_SEED")
        options = [f"-seed={seed}"] if seed else []
        this = [sys.executable, "-m", "tests.fuzz"]
        done = subprocess.run([*this, "run", name, inputs, seconds, *options], check=False)
        if done.returncode:
            return done.returncode
    return 0


def dear(name: str, path: Path) -> int:
    """Without instrumentation: 3 if the input costs more than it may."""
    from tests.fuzz.targets import costs_too_much

    why = costs_too_much(name, path.read_bytes())
    if why:
        print(f"{name}: {path}: {why}")
    return 3 if why else 0


def run(name: str, inputs: int, seconds: float, options: list[str]) -> NoReturn:
    """Fuzz one target until it has had so many inputs or seconds; never returns."""
    import atheris

    with atheris.instrument_imports(include=["router.fix"]):
        from tests.fuzz import targets
    from tests.fuzz.cost import Meter, peak
    from tests.fuzz.mutate import crossed

    target = targets.TARGETS[name]
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    targets.REGRESSIONS.mkdir(exist_ok=True)
    for data in target.seeds():
        (corpus / sha256(data).hexdigest()[:16]).write_bytes(data)
    meter, started, runs, base = Meter(slack=WATCHED), time.monotonic(), 0, peak()

    def one(data: bytes) -> None:
        nonlocal runs
        runs += 1
        try:
            targets.play(name, data, meter)
        except Exception:  # noqa: BLE001 (whatever it is, it is what was looked for)
            traceback.print_exc()
            kept = keep(name, data)
            print(f"{name}: failed; the input is in {kept}", flush=True)
            os._exit(1)
        if meter.over:
            suspect(name, data, meter.over.pop())
            meter.over.clear()
        spent = time.monotonic() - started
        if meter.inputs >= inputs or spent >= seconds:
            summary(spent)

    def summary(spent: float) -> None:
        figures = {
            "target": name,
            "inputs": meter.inputs,
            "one_input": target.one_input,
            "executions": runs,
            "seconds": round(spent, 1),
            "peak_rss_mib": peak() >> 20,
            "grown_since_start_mib": (peak() - base) >> 20,
            "worst_growth_mib": round(meter.grown / 2**20, 1),
            "slowest_ms": round(meter.slowest_ns / 1e6, 2),
            "slowest_bytes": meter.slowest_bytes,
            "failures": 0,
        }
        print(json.dumps(figures), flush=True)
        os._exit(0)

    def mutation(data: bytes, most: int, seed: int) -> bytes:
        return target.mutation(data, most, random.Random(seed), atheris.Mutate)

    def crossing(one: bytes, other: bytes, most: int, seed: int) -> bytes:
        return crossed(one, other, most, random.Random(seed))

    limits = [f"-rss_limit_mb={MEMORY_MAX}", f"-timeout={HANG}", f"-max_len={target.size_max}"]
    quiet = ["-verbosity=0", f"-artifact_prefix={targets.REGRESSIONS}/{name}-"]
    argv = [sys.argv[0], *limits, *quiet, "-len_control=0", *options, str(corpus)]
    atheris.Setup(argv, one, custom_mutator=mutation, custom_crossover=crossing)
    atheris.Fuzz()
    sys.exit(1)


def keep(name: str, data: bytes) -> Path:
    """Write an input where the tests will play it from now on."""
    from tests.fuzz.targets import REGRESSIONS

    REGRESSIONS.mkdir(exist_ok=True)
    path = REGRESSIONS / f"{name}-{sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path


def suspect(name: str, data: bytes, why: str) -> None:
    """An input that was too dear under instrumentation is judged without it."""
    path = CORPUS / f"suspect-{name}"
    path.write_bytes(data)
    judged = subprocess.run([sys.executable, "-m", "tests.fuzz", "dear", name, path], check=False)
    if judged.returncode:
        kept = keep(name, data)
        print(f"{name}: {why}; the input is in {kept}", flush=True)
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
