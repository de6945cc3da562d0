"""Where SQLite differs: its file, its lock, its engines and its errors."""
