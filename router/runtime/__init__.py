"""The node and its two drivers: live (sockets, uvloop) and sim (a heap, virtual time)."""
