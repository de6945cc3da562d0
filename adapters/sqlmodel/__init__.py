"""Keeps events and rooms in a SQL database: SQLite now.

Statements and transactions are written once, as sync functions over a SQLAlchemy `Connection`; `Database` runs them.
Rows never leave this folder.
"""
