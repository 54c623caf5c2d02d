"""For every test: numpy on one thread, which it hears only before it is loaded."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
