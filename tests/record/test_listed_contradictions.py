"""Each contradiction that the collected facts list is found by the check, or is none: with why."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from mithaq.record import CheckReport, check, load_case

SHARED = Path(__file__).resolve().parents[3] / "shared"
FOUND = {
    ("arms-35", "arms-75"): "arms-package-2006.arms_value",
    ("arms-6", "arms-75"): "arms-package-2006.arms_value",
    ("arms-6", "debt-2006"): "algerian-debt-2006.debt_cancelled",
    ("baltic-cost", "baltic-offer"): "baltic-lng.cost",
    ("bcm-2006", "swapped-bcm"): "sonatrach.annual_sales",
    ("elassel-2000", "elassel-award"): "el-assel.started",
    ("elassel-2008", "elassel-contract"): "el-assel-contract.signed",
    ("elassel-2025", "elassel-2026"): "el-assel.start_planned",
    ("elassel-2026", "elassel-dev"): "el-assel.start_planned",
    ("elassel-area", "elassel-award"): "el-assel.area",
    ("eu-40", "eu-alarm"): "european-union.gas_from_gazprom_and_sonatrach",
    ("find-2010", "find-2010-76"): "rhourde-sayah-2-find.year_printed",
    ("find-2010", "find-2010-rtl"): "rhourde-sayah-2-find.distance",
    ("find-2010-76", "find-2010-two"): ("el-assel-second-find-2010=rhourde-sayah-2-find.gas_rate"),
    ("galsi-2005", "galsi-holders"): "galsi.capacity",
    ("gap-1yr", "seed-07"): "break-of-a-year.gap_of_contact",
    ("gecf-15", "gecf-2008"): "gecf.members",
    ("gecf-2008", "gecf-oran-claim"): "gecf.founded",
    ("khelil-aug2006", "seed-35"): "khelil-moscow-2006.date",
    ("lapse-6aug", "lapse-july"): "gazprom-sonatrach-mou-2006.ended",
    ("lapse-aug", "lapse-july"): "gazprom-sonatrach-mou-2006.ended",
    ("lapse-july", "mou-gp-term"): "gazprom-sonatrach-mou-2006.ended",
    ("lapse-july", "seed-10"): "gazprom-sonatrach-mou-2006.ended",
    ("lapse-who", "seed-11"): "gazprom-sonatrach-mou-2006.ended_by",
    ("med-first", "putin-2006"): "medvedev-algiers-2010.label.polarity",
    ("medgaz", "medgaz-3bcm"): "medgaz.capacity",
    ("mou-gp", "mou-gp-11"): "gazprom-sonatrach-mou-2006.signed",
    ("mou-gp", "mou-gp-early"): "gazprom-sonatrach-mou-2006.signed",
    ("mou-gp", "mou-gp-hiwar"): "gazprom-sonatrach-mou-2006.signed",
    ("mou-gp", "seed-30"): ("gazprom-algiers-accord-may-2008=gazprom-sonatrach-mou-2006.signed"),
    ("person-shmatko", "seed-02"): "sergei-shmatko.office",
    ("seed-30", "visit-may2006"): "gazprom-visit-may-2006=gazprom-visit-may-2008.date",
    ("seed-31", "visit-may2006"): "gazprom-visit-may-2006=gazprom-visit-may-2008.date",
    ("stg-she-226", "stg-she-266"): (
        "sougueur-hadjret-ennous-pipeline.contract_value.money-in-usd"
    ),
    ("stg-she-award", "stg-she-dk"): "sougueur-hadjret-ennous-pipeline.diameter",
    ("stg-she-dk", "stg-she-sign"): (
        "sougueur-hadjret-ennous-pipeline.contract_value.money-in-usd"
    ),
    ("swap-8-4", "swap-gulf"): "gazprom-sonatrach-asset-swap.agreed_in_principle.polarity",
    ("tsgp-13", "tsgp-iga"): "trans-saharan-gas-pipeline.cost",
}
"""Pair of facts -> the contradiction that the check finds."""
FINDINGS = {
    ("office-hiwar", "seed-10"): ("act-after-lapse", "gazprom-sonatrach-mou-2006"),
    ("oran-opec", "seed-02"): ("party-in-doubt", "russian-delegation-oran-2008"),
}
"""Pair of facts -> the check whose finding tells of it; they need not exclude each other."""
NONE = {
    ("galsi-claim", "galsi-holders"): (
        "The press told of a stake that Gazprom might get; the list of holders is of those that "
        "had one. A proposal that did not come about contradicts nobody."
    ),
    ("med-2010", "med-3days"): (
        "Three days were announced, some hours were spent: a plan overtaken by the event."
    ),
}
"""Pair of facts -> why they do not contradict each other."""


@cache
def report() -> CheckReport:
    return check(load_case("algeria-russia"))


@pytest.mark.parametrize("pair", FOUND, ids="-".join)
def test_the_check_finds_it(pair: tuple[str, str]) -> None:
    (found,) = [c for c in report().contradictions if c.id == FOUND[pair]]
    assert len(found.sides) > 1


@pytest.mark.parametrize("pair", FINDINGS, ids="-".join)
def test_a_finding_tells_of_it(pair: tuple[str, str]) -> None:
    assert FINDINGS[pair] in {(item.key, item.subject) for item in report().problems}


@pytest.mark.parametrize("pair", NONE, ids="-".join)
def test_it_is_none_and_the_check_agrees(pair: tuple[str, str]) -> None:
    places = {("galsi-claim", "galsi-holders"): "galsi.parties",
              ("med-2010", "med-3days"): "medvedev-algiers-2010.duration"}  # fmt: skip
    assert NONE[pair]
    assert not [c.id for c in report().contradictions if c.id.startswith(places[pair])]


def test_the_list_is_that_of_the_collection() -> None:
    path = SHARED / "partnership" / "facts.yaml"
    if not path.exists():
        pytest.skip("the collected facts (shared/partnership) are not next to this repository")
    facts: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    listed = {tuple(sorted((f["id"], other))) for f in facts for other in f["contradicts"]}
    assert {*FOUND, *FINDINGS, *NONE} == listed
