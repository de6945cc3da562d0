"""Keeps events and rooms in memory alone: for tests, and for servers whose history may end with the process.

Real adapters of the ports, no mocks: one `MemoryStore` holds the state, and nothing here does IO.
"""
