"""Trials: parents worked by the whole core in simulated markets, seed by seed, and what they cost."""
