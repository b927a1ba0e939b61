"""`python -m kinetic` is the command `kinetic`."""

import sys

from kinetic.cli import main

if __name__ == "__main__":
    sys.exit(main())
