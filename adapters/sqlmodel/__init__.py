"""Keeps events and rooms in a SQL database.

Statements and transactions are written once, as sync functions over a SQLAlchemy `Connection`; a `Database` runs them.
What differs from one database to another is in a folder of its dialect. Rows never leave this folder.
"""
