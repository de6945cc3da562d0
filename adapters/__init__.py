"""Technologies behind the ports and in front of the services; one folder a technology, and none imports another."""
