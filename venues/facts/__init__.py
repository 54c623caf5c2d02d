"""Facts of a recorded market, the bands of real ones, and the verdict on a simulated one.

Reads recordings in the format OBS-1 (`tables`); knows nothing of how a market is simulated, except
`targets`, which reads what a market file promises. Sources of the bands: `real.json`.
"""
