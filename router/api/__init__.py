"""Readers that serve: what the journal and the signs of life say, over HTTP."""
