"""What stands in front of every way in: hosts, origins, paths, HEAD. Plain ASGI; no framework and no service."""
