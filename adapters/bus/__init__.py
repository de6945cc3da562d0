"""Ways in which nodes tell one another where something happened; what is told is theirs to say."""
