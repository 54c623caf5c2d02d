"""What a venue can be told to do wrong, one misbehaviour a file: the file's name is the event's.

A file holds the keys of `detail` (a `Misbehaviour`) and what comes of them (a `Fault`).
"""
