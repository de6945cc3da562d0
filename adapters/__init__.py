"""Technologies behind the ports and in front of the services; one folder a technology.

None imports another, but for `wire`, whose forms every way in shares.
"""
