"""`python -m dialogue`."""

from dialogue.entrypoints.cli.main import main

if __name__ == "__main__":
    main()
