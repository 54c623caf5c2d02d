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
THIS = (sys.executable, "-m", "tests.fuzz")
TOO_DEAR = 3
PROGRESS_S = 60
HANG = 20
"""Seconds after which an input hangs."""


def main() -> int:
    """Run the targets that were asked for."""
    match sys.argv[1:]:
        case ["run", name, inputs, seconds, *options]:
            run(name, int(inputs), float(seconds), options)
        case ["judge", name, path]:
            return judge(name, Path(path))
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
        done = subprocess.run([*THIS, "run", name, inputs, seconds, *options], check=False)
        if done.returncode:
            return done.returncode
    return 0


def judge(name: str, path: Path) -> int:
    """What an input costs without instrumentation, in ms; TOO_DEAR if that is more than it may."""
    from tests.fuzz.targets import cheapest

    spent, over = cheapest(name, path.read_bytes())
    print(f"{spent / 1e6:.2f}")
    if over:
        print(f"{name}: {path}: {over}", file=sys.stderr)
    return TOO_DEAR if over else 0


class Run:
    """One target until it has had so many inputs or seconds."""

    def __init__(self, name: str, inputs: int, seconds: float) -> None:
        from tests.fuzz.cost import Meter, peak

        self._name, self._inputs, self._seconds = name, inputs, seconds
        self._meter, self._peak, self._base = Meter(slack=WATCHED), peak, peak()
        self._started, self._told = time.monotonic(), 0
        self._runs = self._slowest = 0

    def one(self, data: bytes) -> None:
        """One execution, which may be of many inputs."""
        from tests.fuzz.targets import play

        self._runs += 1
        meter = self._meter
        try:
            play(self._name, data, meter)
        except Exception:  # noqa: BLE001 (whatever it is, it is what was looked for)
            traceback.print_exc()
            self._fail(data, "failed")
        if meter.over:
            why, meter.over = meter.over[0], []
            if self._judged(data).returncode:
                self._fail(data, why)
        if meter.slowest_ns > self._slowest:
            self._slowest = meter.slowest_ns
            (CORPUS / f"slowest-{self._name}").write_bytes(data)
        spent = time.monotonic() - self._started
        if spent // PROGRESS_S > self._told:
            self._told += 1
            print(
                f"{self._name}: {meter.inputs} inputs, {spent:.0f} s", file=sys.stderr, flush=True
            )
        if meter.inputs >= self._inputs or spent >= self._seconds:
            self._end(spent)

    def _judged(self, data: bytes) -> subprocess.CompletedProcess[str]:
        path = CORPUS / f"suspect-{self._name}"
        path.write_bytes(data)
        return subprocess.run(
            [*THIS, "judge", self._name, path], check=False, stdout=subprocess.PIPE, text=True
        )

    def _fail(self, data: bytes, why: str) -> NoReturn:
        """Keep the input where the tests will play it from now on."""
        from tests.fuzz.targets import REGRESSIONS

        path = REGRESSIONS / f"{self._name}-{sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        print(f"{self._name}: {why}; the input is in {path}", flush=True)
        os._exit(1)

    def _end(self, spent: float) -> NoReturn:
        from tests.fuzz.targets import TARGETS

        slowest = (CORPUS / f"slowest-{self._name}").read_bytes()
        figures = {
            "target": self._name,
            "inputs": self._meter.inputs,
            "one_input": TARGETS[self._name].one_input,
            "executions": self._runs,
            "seconds": round(spent, 1),
            "peak_rss_mib": self._peak() >> 20,
            "grown_since_start_mib": (self._peak() - self._base) >> 20,
            "worst_growth_mib": round(self._meter.grown / 2**20, 1),
            "slowest_ms": float(self._judged(slowest).stdout),
            "slowest_ms_watched": round(self._meter.slowest_ns / 1e6, 2),
            "slowest_bytes": self._meter.slowest_bytes,
            "failures": 0,
        }
        print(json.dumps(figures), flush=True)
        os._exit(0)


def run(name: str, inputs: int, seconds: float, options: list[str]) -> NoReturn:
    """Fuzz one target; never returns."""
    import atheris

    with atheris.instrument_imports(include=["router.fix"]):
        from tests.fuzz import targets
    from tests.fuzz.mutate import crossed

    target = targets.TARGETS[name]
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    targets.REGRESSIONS.mkdir(exist_ok=True)
    for data in target.seeds():
        (corpus / sha256(data).hexdigest()[:16]).write_bytes(data)

    def mutation(data: bytes, most: int, seed: int) -> bytes:
        return target.mutation(data, most, random.Random(seed), atheris.Mutate)

    def crossing(one: bytes, other: bytes, most: int, seed: int) -> bytes:
        return crossed(one, other, most, random.Random(seed))

    limits = [f"-rss_limit_mb={MEMORY_MAX}", f"-timeout={HANG}", f"-max_len={target.size_max}"]
    quiet = ["-verbosity=0", f"-artifact_prefix={targets.REGRESSIONS}/{name}-"]
    argv = [sys.argv[0], *limits, *quiet, "-len_control=0", *options, str(corpus)]
    one = Run(name, inputs, seconds).one
    atheris.Setup(argv, one, custom_mutator=mutation, custom_crossover=crossing)
    atheris.Fuzz()
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
