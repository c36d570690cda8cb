"""The command line: `python -m docs.site`."""

import sys

from docs.site.build import main

if __name__ == "__main__":
    sys.exit(main())
