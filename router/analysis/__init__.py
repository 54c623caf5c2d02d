"""Readers of the journal: costs, explanations, replays. No order notices them."""
