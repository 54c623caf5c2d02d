"""Sluice: an adaptive smart order router. The daemon and everything that reads its journal."""
