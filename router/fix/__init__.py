"""FIX: framing, codec, dictionary, sessions, and the way between tags and the core's words."""
