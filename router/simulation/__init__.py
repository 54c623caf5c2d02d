"""Deterministic simulation of everything: node, market, OMSs, disk, wires, and what breaks them."""
