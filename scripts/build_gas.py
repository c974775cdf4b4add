"""Build the gas chain of 2010 from the tables in ``data/sources``.

python scripts/build_gas.py               tables and reference page, from stored parameters
python scripts/build_gas.py --calibrate   find the parameters again first (minutes)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from gas import build, calibrate, page
from gas.sources import OUTPUT, PAGE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calibrate", action="store_true", help="find the parameters again")
    options = parser.parse_args()
    base = build.fixed()
    if options.calibrate:
        calibrate.calibrate_all(base)
    parameters = {name: build.stored(name) for name in build.MEAN_ELASTICITIES}
    build.write(build.tables(base, parameters), OUTPUT)
    PAGE.write_text(page.page(base, parameters), encoding="utf-8")


if __name__ == "__main__":
    main()
