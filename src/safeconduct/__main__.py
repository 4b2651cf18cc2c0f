"""`python -m safeconduct` is the command."""

from safeconduct.cli.main import main

main()
