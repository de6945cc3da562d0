"""The one way in which the application's own code is called."""
