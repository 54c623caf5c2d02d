"""The journal: what happened, durable before a byte leaves, and the fold that brings it back."""
