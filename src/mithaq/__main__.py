"""``python -m mithaq`` is ``mithaq``."""

from mithaq.cli import main

if __name__ == "__main__":
    main()
