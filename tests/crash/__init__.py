"""Kill -9 of the real daemon, over and over, and what the others say about it afterwards."""
