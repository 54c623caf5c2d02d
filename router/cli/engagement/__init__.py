"""The parts of a rules-of-engagement document: tables, codes, and scenarios that are played."""
