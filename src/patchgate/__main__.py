"""`python -m patchgate`."""

from patchgate.cli import main

if __name__ == "__main__":
    main()
