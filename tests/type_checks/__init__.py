"""What type checkers say of code that users write: `code/` holds files as they would be in somebody's project, and
`test_users_code.py` has mypy and pyright judge them. In them, a line that must be refused ends with `# wrong`."""
