"""Experiments: worlds, plays, figures."""
