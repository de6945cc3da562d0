"""Counting what clients do: on this node, and over all nodes by way of Redis."""
