"""`python -m fercurate`."""

from fercurate.cli import main

main()
