"""What Dialogue is about, without IO: rooms, event definitions, events, positions, buffers, pages, and ports.

Nothing here opens, reads, waits or knows a framework; only the ports' signatures are async.
"""
