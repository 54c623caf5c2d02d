"""Short-horizon predictor of the midpoint: trained offline, served as plain arrays.

Owns targets, training, scores and file. What serves is the core's (`router.core.observed` keeps the
features, `router.core.predictor` is the model, `router.core.foresight` asks it) and needs numpy
alone. Only `training` knows scikit-learn.
"""
