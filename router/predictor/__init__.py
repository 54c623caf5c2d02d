"""Short-horizon predictor of the midpoint: trained offline, served as plain arrays.

Owns its features, targets, models, scores and file. It ships off: nothing in the router asks it.
Only `training` knows scikit-learn; what serves (`features`, `model`, `file`) needs numpy alone.
"""
