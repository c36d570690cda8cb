"""`python -m topple` is the `topple` command."""

from topple.cli.app import main

if __name__ == "__main__":
    main()
