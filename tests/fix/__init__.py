"""Tests of router.fix: framing, codec, dictionary, sessions, the OMS client."""
