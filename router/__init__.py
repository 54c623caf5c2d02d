"""Sluice: an adaptive smart order router. The daemon and everything that reads its journal."""

import os

# A matrix of eight venues is slower on two threads than on one (performance.md), and numpy hears
# this only if it is said before it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
