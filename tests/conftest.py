"""For every test: numpy and scikit-learn on one thread, told before they are loaded.

On a busy machine the threads of one wait for one another most of the time.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")
