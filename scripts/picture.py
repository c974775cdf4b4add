"""Draw the picture of the README, docs/images/report.png: the report in English and in Arabic.

    python scripts/picture.py [CASE]

Needs what requirements/browser.lock holds and a Chromium on the path. The figures are computed
anew, so the picture shows what the report says today.
"""

from __future__ import annotations

import base64
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from mithaq.record import load_case
from mithaq.show.material import gather, names_of
from mithaq.show.report import render
from mithaq.show.speech import speech

TARGET = Path(__file__).parent.parent / "docs/images/report.png"
VIEWS = (("en", "body"), ("ar", "#map"))
WIDTH, HEIGHT, SCALE = 1100, 1120, 0.67


def chromium() -> str:
    """The path of a Chromium."""
    found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    return next(found)


def shot(browser: Any, page_file: Path, place: str) -> str:
    """One view of the page as a PNG in base64."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(page_file.as_uri())
    page.evaluate(f"document.querySelector('{place}').scrollIntoView({{behavior: 'instant'}})")
    return base64.b64encode(page.screenshot()).decode("ascii")


def main(case: str) -> None:
    """Compute once, draw both languages, put the views side by side."""
    driver: Any = import_module("playwright.sync_api")
    record = load_case(case)
    material = gather(record)
    with tempfile.TemporaryDirectory() as folder, driver.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        views = []
        for lang, place in VIEWS:
            path = Path(folder) / f"{lang}.html"
            path.write_text(render(material, speech(lang, names_of(record, lang))), "utf-8")
            views.append(shot(browser, path, place))
        size = f"width:{WIDTH * SCALE:.0f}px;height:{HEIGHT * SCALE:.0f}px"
        images = "".join(f'<img style="{size}" src="data:image/png;base64,{v}">' for v in views)
        page = browser.new_page(
            viewport={"width": int(2 * WIDTH * SCALE) + 14, "height": int(HEIGHT * SCALE)}
        )
        style = "margin:0;display:flex;gap:14px;background:#d9dce1"
        page.set_content(f'<body style="{style}">{images}</body>', wait_until="load")
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(TARGET))
        browser.close()
    print(f"{TARGET.name}: {TARGET.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "algeria-russia")
