"""Measurements of a real server process over real WebSockets: `make bench`.

Nothing here is a timed test. What counts are ratios within one run; the rows about the machine say how fast it was
then.
"""
