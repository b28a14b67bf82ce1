"""`python -m filprofiler` is the command `fil-profile`."""

from ._launcher import main

if __name__ == "__main__":
    main()
