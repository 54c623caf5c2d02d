"""Trials: parents through the whole core in simulated markets."""
