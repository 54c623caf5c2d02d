"""Tests of the journal's readers."""
