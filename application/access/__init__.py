"""What a user may do, in which room: asked in one place, on every way in."""
