"""`python -m topple` is the `topple` command."""

import sys


def main() -> None:
    """Run the command line; an interrupt ends it without a traceback while it is still being imported, too."""
    try:
        from topple.cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
