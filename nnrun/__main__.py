"""The command `nnrun`, also as `python -m nnrun`."""

from nnrun.cli.app import main

if __name__ == "__main__":
    main()
