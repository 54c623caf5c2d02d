"""The OMS side: scenarios of the order state matrices, played with the whole node."""
