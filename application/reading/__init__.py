"""Looking back: pages, recovery and read marks; the buffer and the source as one list."""
