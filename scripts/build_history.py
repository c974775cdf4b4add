"""Write docs/explanation/history.md: four experiments of history, computed anew.

python scripts/build_history.py        (a minute or two: one of them solves a year in months twice)
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from gas import history


def main() -> None:
    history.PAGE.write_text(history.page(), encoding="utf-8")


if __name__ == "__main__":
    main()
