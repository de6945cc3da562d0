"""What Dialogue does: publish, join and sync, page, fan out. It knows the domain and anyio, and no framework."""
