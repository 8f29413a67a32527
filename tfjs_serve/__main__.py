"""`python -m tfjs_serve` is the command `tfjs-serve`."""

import sys

from tfjs_serve.cli import main

# Worker processes that are spawned import this module again: they must not start a server.
if __name__ == "__main__":
    sys.exit(main())
