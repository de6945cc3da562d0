"""Ways of finding out who a client is."""
