"""The command line as a module, for processes that start it: ``python -P -m workbench.cli plot RUN``."""

from workbench.cli import main

if __name__ == "__main__":
    main()
