"""The command `dialogue`."""
