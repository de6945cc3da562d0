"""One history of migrations for both databases, run by `upgrade`; Alembic loads the versions by their paths."""
