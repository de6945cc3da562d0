"""Keeps events in the application's own storage, through its hooks `on_cleanup` and `on_load`, as the ancestor does.

Positions, and the newest events of each stream, live in memory; one server runs over such a storage.
"""
