"""The report in a browser: nothing spills, nothing is asked of the network, Arabic runs left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mithaq.show.report import render
from mithaq.show.speech import speech
from tests.show import samples

pytestmark = pytest.mark.browser
WIDTHS = (1280, 390)
LANGUAGES = ("en", "ar", "fr", "ru")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

OUTSIDE = """() => {
  const spilled = [];
  for (const svg of document.querySelectorAll('svg[role=img]')) {
    if (!svg.getBoundingClientRect().width) continue;
    const view = svg.viewBox.baseVal;
    for (const text of svg.querySelectorAll('text')) {
      const box = text.getBBox();
      if (box.x < view.x - 1 || box.y < view.y - 1 || box.x + box.width > view.width + 1
          || box.y + box.height > view.height + 1)
        spilled.push(`${svg.getAttribute('aria-labelledby')}: ${text.textContent}`);
    }
  }
  return spilled;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with driver.sync_playwright() as run:
        made = run.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample page in every language."""
    made = tmp_path_factory.mktemp("pages")
    for lang in LANGUAGES:
        names = {**samples.NAMES["en"], **samples.NAMES.get(lang, {})}
        text = render(samples.material(), speech(lang, names.get))
        (made / f"{lang}.html").write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_page(browser: Any, folder: Path, lang: str, width: int) -> None:
    asked: list[str] = []
    told: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    address = (folder / f"{lang}.html").as_uri()
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert asked == [address] and told == []
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth") == page.evaluate(f"{root}.clientWidth") == width
    direction = page.evaluate(f"getComputedStyle({root}).direction")
    assert direction == ("rtl" if lang == "ar" else "ltr")
    assert page.evaluate(OUTSIDE) == []
    shown = page.evaluate("[...document.querySelectorAll('svg[role=img]')].filter(s => "
                          "s.getBoundingClientRect().width).length")  # fmt: skip
    assert shown == 11
    page.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_text_is_dark_enough_and_large_enough(browser: Any, folder: Path, lang: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((folder / f"{lang}.html").as_uri())
    sizes = page.evaluate(
        "[...document.querySelectorAll('p, li, td, th, dt, dd, summary')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 11.5
    page.close()
