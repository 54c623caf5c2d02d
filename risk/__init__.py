"""Hard limits: each sees the exact order that would leave, and may only refuse it."""
