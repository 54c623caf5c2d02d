"""Deliberate defects, one a patch: the control of the simulation, which must find each of them."""
