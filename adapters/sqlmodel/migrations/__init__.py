"""Alembic's migrations, run by `upgrade`; Alembic loads `env.py` and the versions by their paths."""
