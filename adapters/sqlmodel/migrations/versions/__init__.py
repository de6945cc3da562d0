"""One migration a file; what was released is never changed."""
