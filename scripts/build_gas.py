"""Build the gas chains of the base years from the tables in ``data/sources``.

python scripts/build_gas.py               tables and reference pages, from stored parameters
python scripts/build_gas.py --calibrate   find the parameters again first (minutes)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from gas import build, calibrate, page, recent, recent_page, sources
from gas.sources import YEARS, output, reference_page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calibrate", action="store_true", help="find the parameters again")
    options = parser.parse_args()
    if options.calibrate:
        calibrate.calibrate_all()
        sources.forget()
    parameters = build.all_stored()
    for year in YEARS:
        built = build.tables(build.fixed(year), parameters)
        build.write(built, output(year))
        for division, rows in build.divided(build.fixed(year), built).items():
            build.write(rows, output(year) / division)
        text = page.page(year, parameters, page.fits(year, parameters))
        reference_page(year).write_text(text, encoding="utf-8")
    build_recent(parameters)


def build_recent(parameters: page.Parameters) -> None:
    """Write tables and page of 2023, which takes its conduct from 2010."""
    built = recent.tables(parameters)
    build.write(built, output(recent.YEAR))
    for division, rows in recent.divided(built).items():
        build.write(rows, output(recent.YEAR) / division)
    text = recent_page.text(recent_page.fit())
    reference_page(recent.YEAR).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
