"""For every test: nothing depends on how busy the machine is.

numpy and scikit-learn use one thread, told before they are loaded: the threads of one wait for one
another most of the time. Hypothesis judges no example, and no making of one, by its time.
"""

import os

from hypothesis import HealthCheck, settings

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

settings.register_profile("sluice", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sluice")
