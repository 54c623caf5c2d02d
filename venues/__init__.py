"""The simulated market: lit books, dark pools and single dealers behind FIX acceptors."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded, as in `router`
