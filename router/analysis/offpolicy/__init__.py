"""Off-policy evaluation: what another learner would have earned, from one learner's log alone.

The arithmetic of docs/evaluation.md, a file for each part of it. Nothing here reads a journal:
`router.analysis.decision_log` makes the values that these functions take.
"""
