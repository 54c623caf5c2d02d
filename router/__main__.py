"""`python -m router` is `sluice`."""

from router.cli import main

main()
