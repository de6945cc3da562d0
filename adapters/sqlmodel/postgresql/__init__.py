"""Where PostgreSQL differs: its connections, its transactions, the lanes that they run in, and its errors."""
