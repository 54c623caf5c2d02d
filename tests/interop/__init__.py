"""QuickFIX, an engine that is not ours, as the OMS of the real daemon."""
