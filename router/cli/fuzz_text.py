"""What `sluice fuzz` shows: a seed's script, a failure with its replay, the sums. Not a command."""

from __future__ import annotations

from collections.abc import Sequence

from router.simulation.many import Failure, Totals
from router.simulation.play import Outcome


def story(outcome: Outcome, keep: Sequence[int] | None = None) -> str:
    """A seed's script, or what is kept of it, and what came of it."""
    head = f"seed {outcome.seed}"
    lines = [head, *_script(outcome, range(len(outcome.script)) if keep is None else keep)]
    sums = f"{outcome.orders} orders, {outcome.executions} executions, {outcome.lives} lives"
    lines.append(f"  {outcome.at / 1e9:10.6f}  the end: {sums}")
    lines.append(f"  history {outcome.trace}")
    if outcome.rule:
        lines.append(f"  BROKEN {outcome.rule}: {outcome.text}")
    return "\n".join(lines)


def failure_text(failure: Failure) -> str:
    """The seed, what is broken, how to see it again, and the shortest script that breaks it."""
    outcome = failure.outcome
    lines = [
        f"seed {outcome.seed} breaks {outcome.rule} after {outcome.at / 1e9:.6f} s",
        f"  {outcome.text}",
        f"  again: sluice fuzz --from {outcome.seed} --seeds 1 --verbose",
    ]
    if failure.tries:
        kept, drawn = len(failure.keep), len(outcome.script)
        lines.append(f"  {kept} of {drawn} things do it too ({failure.tries} runs):")
        lines += _script(outcome, failure.keep)
        lines.append(f"  these alone: {replay_command(failure)}")
    return "\n".join(lines)


def replay_command(failure: Failure) -> str:
    """The command that plays what is left of the script."""
    seed = failure.outcome.seed
    keep = f" --keep {','.join(map(str, failure.keep))}" if failure.tries and failure.keep else ""
    return f"sluice fuzz --from {seed} --seeds 1{keep or ' --verbose'}"


def totals(seen: Totals, seconds: float) -> str:
    """One line of sums, and the history's digest."""
    rate = seen.seeds / seconds if seconds else 0.0
    return (
        f"{seen.seeds:,} seeds in {seconds:,.1f} s ({rate:.1f} a second): {seen.orders:,} orders, "
        f"{seen.executions:,} executions, {seen.lives:,} lives, {seen.broken} broken\n"
        f"history {seen.history}"
    )


def _script(outcome: Outcome, numbers: Sequence[int]) -> list[str]:
    return [f"  {number:3d} {outcome.script[number]}" for number in numbers]
