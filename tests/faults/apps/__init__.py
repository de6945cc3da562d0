"""Applications that the servers of these tests run, as `dialogue serve apps.NAME:dialogue` with the folder around this
one on the path. What a test wants of one comes over the environment."""
