"""Benchmarks: each prints one JSON object; subjects are interleaved, medians of rounds."""
