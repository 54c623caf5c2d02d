"""FIX: framing, codec, dictionary, sessions, and the translation between tags and the core's words."""
