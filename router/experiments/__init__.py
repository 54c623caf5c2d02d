"""Experiments: learners against one another where the truth is known, and in whole markets."""
