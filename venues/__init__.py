"""The simulated market: lit books, dark pools and single dealers behind FIX acceptors."""
