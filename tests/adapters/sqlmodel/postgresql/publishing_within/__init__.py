"""Publishing in a transaction of the application's own.

`test_function.py` is the SQL function by itself; the others call it from Python, as an application does: `shop.py` is
one, `test_kept.py` where to begin.
"""
