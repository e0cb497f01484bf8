"""The command `nnrun`, also as `python -m nnrun`."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` looks for modules first where the user stands, and files there may be others':
    # one called numpy.py is not to take the place of NumPy.
    sys.path.append(sys.path.pop(0))

from nnrun.cli.app import main

if __name__ == "__main__":
    main()
