"""Taking over the ancestor's table `messages`, on each database in its own way."""
