"""Fuzzing of framer, codec, dictionary and session, and what it found (`make fuzz`)."""
