"""What the inside needs from storage, as protocols; the docstrings are contracts, tested on every adapter."""
