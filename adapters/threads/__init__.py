"""Runs functions that block in threads of the process."""
