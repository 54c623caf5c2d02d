"""Trials: parents worked by the whole core in simulated markets, and what they cost."""
