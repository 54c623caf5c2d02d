"""Algos say how much of a parent is due now, and how urgently: one file each."""
