"""What is set per deployment, a file for each subject; `settings.py` puts them together."""
