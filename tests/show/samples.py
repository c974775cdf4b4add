"""Hand-made dictionaries of the shapes that the rooms give; figures here are invented."""

from __future__ import annotations

import math
from typing import Any

from mithaq.show.material import Material

NAMES = {
    "en": {
        "algeria": "Algeria",
        "russia": "Russia",
        "gazprom": "Gazprom",
        "sonatrach": "Sonatrach",
        "gazprom-sonatrach-mou-2006": "Memorandum of Gazprom and Sonatrach, 2006",
        "lukoil-sonatrach-mou-2006": "Memorandum of Lukoil and Sonatrach, 2006",
        "visit-2006": "Visit to Moscow",
        "visit-2008": "Gazprom delegation in Algiers",
        "office": "Gazprom's office in Algiers",
        "el-assel": "El Assel",
        "baltic": "Baltic LNG",
        "khelil": "Chakib Khelil",
        "place": "A place for Sonatrach in Russia",
        "evil": '<script>alert(1)</script> & "co"',
    },
    "ar": {
        "algeria": "الجزائر",
        "russia": "روسيا",
        "gazprom": "غازبروم",
        "sonatrach": "سوناطراك",
        "Gazprom": "غازبروم",
        "Sonatrach": "سوناطراك",
        "Algeria": "الجزائر",
        "Russia": "روسيا",
        "gazprom-sonatrach-mou-2006": "مذكرة تفاهم غازبروم وسوناطراك 2006",
        "lukoil-sonatrach-mou-2006": "مذكرة تفاهم لوك أويل (Lukoil) وسوناطراك",
        "visit-2006": "زيارة إلى موسكو",
        "visit-2008": "وفد غازبروم في الجزائر",
        "office": "مكتب غازبروم في الجزائر",
        "el-assel": "العسل",
        "baltic": "مشروع Baltic LNG",
        "khelil": "شكيب خليل",
        "place": "مكانة لسوناطراك في روسيا",
    },
}

SOURCES = [
    {
        "id": "elwatan-83288",
        "publisher": "El Watan",
        "published": "2007-12-31",
        "lang": "fr",
        "published_basis": "stated",
        "url": "https://example.org/elwatan/83288",
    },
    {
        "id": "elfadjr-94038",
        "publisher": "الفجر",
        "published": "2008-12-17/2008-12-31",
        "lang": "ar",
        "published_basis": "inferred",
        "url": "https://example.org/alfadjr/94038",
        "title": "مقال",
    },
    {
        "id": "ria-20081215",
        "publisher": "РИА Новости",
        "published": "2008-12-15",
        "lang": "ru",
        "published_basis": "stated",
        "url": "javascript:alert(1)",
    },
    {"id": "undated", "publisher": "<img src=x onerror=alert(1)>", "lang": "en", "url": ""},
]

STATE: dict[str, Any] = {
    "at": "2008-12-31",
    "known": None,
    "left_out": {"unknown": 1, "inferred": 0},
    "agreements": [
        {
            "id": "gazprom-sonatrach-mou-2006",
            "kind": "memorandum_of_understanding",
            "stage": "lapsed",
            "parties": ["gazprom", "sonatrach"],
            "since": "2006-08-04",
            "until": "2007-08-06",
            "basis": "reported",
            "renewed": False,
            "possible": [],
            "sources": 12,
            "contradictions": ["c1"],
        },
        {
            "id": "lukoil-sonatrach-mou-2006",
            "kind": "memorandum_of_understanding",
            "stage": "may_have_lapsed",
            "parties": ["sonatrach"],
            "since": "2006-08-04",
            "until": None,
            "basis": "inferred",
            "renewed": None,
            "possible": [],
            "sources": 3,
            "contradictions": [],
        },
        {
            "id": "evil",
            "kind": "other",
            "stage": "unknown",
            "parties": ["evil"],
            "since": "2006",
            "until": None,
            "basis": "reported",
            "renewed": None,
            "possible": ["lapsed", "in_force"],
            "sources": 1,
            "contradictions": [],
        },
    ],
    "commitments": [
        {
            "id": "place",
            "debtor": ["gazprom"],
            "creditor": ["sonatrach"],
            "territory": ["russia"],
            "segment": ["production"],
            "status": "not_met",
            "promised": "2006-08",
            "delivered": None,
        }
    ],
    "projects": [
        {
            "id": "baltic",
            "parties": ["gazprom"],
            "territory": ["russia"],
            "segment": "liquefaction",
            "status": "cancelled",
            "since": "2008-02-07",
        }
    ],
    "presences": [
        {
            "id": "office",
            "party": "gazprom",
            "presence_kind": "office",
            "territory": ["algeria"],
            "since": "2008-06-16",
            "status": "open",
        }
    ],
    "roles": [
        {
            "person": "khelil",
            "party": "algeria",
            "role": "minister_of_energy",
            "since": "1999",
            "until": None,
        }
    ],
    "contacts": [
        {
            "between": ["algeria", "russia"],
            "last": "2008-12-17",
            "longest_gap_days": 340,
            "gap_days": 14,
        }
    ],
}

CHECK: dict[str, Any] = {
    "contradictions": [
        {
            "id": "c1",
            "subject": "gazprom-sonatrach-mou-2006",
            "property": "signed",
            "kind": "date",
            "sides": [
                {"value": "2006-08-04", "sources": ["elwatan-83288", "ria-20081215"]},
                {"value": "2006-08-11", "sources": ["elfadjr-94038"]},
                {"value": "2006-01/2006-04", "sources": ["unsourced"]},
            ],
            "resolution": None,
        },
        {
            "id": "c2",
            "subject": "evil",
            "property": "quantity",
            "kind": "value",
            "sides": [
                {
                    "value": {
                        "number": "3.5",
                        "unit": "GUSD",
                        "measures": "arms_value",
                        "about": True,
                    },
                    "sources": ["undated"],
                },
                {
                    "value": {"number": "6-7.5", "unit": "GUSD", "measures": "arms_value"},
                    "sources": ["elwatan-83288"],
                },
            ],
            "resolution": {"value": "<b>6</b>", "reason": "said twice", "by": "editor"},
        },
    ],
    "problems": [
        {
            "key": "unsourced",
            "subject": "evil",
            "sentence": "no source for <i>signed</i>",
            "where": "agreements.yaml, row 3",
        }
    ],
}

BALANCE: dict[str, Any] = {
    "between": ["algeria", "russia"],
    "index": {
        "count": 0.0,
        "volume": None,
        "money": 0.0,
        "known": {"count": 1.0, "volume": 0.0, "money": 0.5},
    },
    "grants": [
        {
            "grantor": "algeria",
            "grantee": "gazprom",
            "territory": "algeria",
            "subject": "el-assel",
            "segment": "exploration",
            "promised": None,
            "delivered": True,
            "counts_in_totals": True,
            "sources": ["elwatan-83288"],
        },
        {
            "grantor": "algeria",
            "grantee": "gazprom",
            "territory": "algeria",
            "subject": "evil",
            "segment": "transport",
            "promised": None,
            "delivered": True,
            "counts_in_totals": True,
            "sources": ["ria-20081215"],
        },
        {
            "grantor": "algeria",
            "grantee": "gazprom",
            "territory": "algeria",
            "subject": "evil",
            "segment": "transport",
            "promised": None,
            "delivered": False,
            "counts_in_totals": True,
            "sources": ["unsourced"],
        },
        {
            "grantor": "russia",
            "grantee": "sonatrach",
            "territory": "russia",
            "subject": "place",
            "segment": "production",
            "promised": "2006-08",
            "delivered": None,
            "counts_in_totals": True,
            "sources": ["elfadjr-94038"],
        },
    ],
}


def _event(
    subject: str, subject_kind: str, kind: str, start: str, end: str = "", **more: Any
) -> dict[str, Any]:
    return {
        "id": f"{subject}-{kind}-{start}",
        "subject": subject,
        "subject_kind": subject_kind,
        "kind": kind,
        "date": f"{start}/{end}" if end else start,
        "start": start,
        "end": end or start,
        "lasting": bool(end),
        "uncertain": False,
        "disputed": False,
        "modality": "actual",
        "polarity": "affirmed",
        "sources": 2,
        "source_ids": ["elwatan-83288", "ria-20081215"],
        **more,
    }


TIMELINE = [
    _event("visit-2006", "meeting", "date", "2006-05-29", "2006-05-31"),
    _event("gazprom-sonatrach-mou-2006", "agreement", "signed", "2006-08-04"),
    _event("gazprom-sonatrach-mou-2006", "agreement", "signed", "2006-08-11", disputed=True),
    _event("gazprom-sonatrach-mou-2006", "agreement", "ended", "2007-08-06"),
    _event("lukoil-sonatrach-mou-2006", "agreement", "signed", "2006-08-04"),
    _event("baltic", "project", "proposed", "2006-03-01", "2006-03-31", uncertain=True),
    _event("baltic", "project", "cancelled_on", "2008-02-07"),
    _event("office", "presence", "opened", "2008-06-16"),
    _event("place", "commitment", "promised", "2006-08-01", "2006-08-31", modality="planned"),
    _event("visit-2008", "meeting", "date", "2008-05-29", "2008-05-31", uncertain=True),
    _event("el-assel", "award", "awarded", "2008-12-13"),
    _event("el-assel", "award", "in_force_from", "2009-05-01", "2009-05-31", uncertain=True),
    _event("evil", "statement", "date", "2008-12-17", "2008-12-31", uncertain=True),
    _event("evil", "award", "delivered", "2008-01-01", "2008-12-31", polarity="denied"),
]

PLACES: dict[str, tuple[float, float]] = {
    "Russia": (60.5, 66.0),
    "Ukraine": (49.0, 31.5),
    "Belarus": (53.5, 28.0),
    "Moldova": (47.0, 28.8),
    "Poland": (52.0, 19.4),
    "Germany": (51.0, 10.4),
    "France": (46.7, 2.5),
    "Italy": (42.9, 12.1),
    "Spain": (40.3, -3.6),
    "Portugal": (39.6, -8.0),
    "United Kingdom": (52.9, -1.5),
    "Netherlands": (52.3, 5.5),
    "Belgium": (50.6, 4.6),
    "Norway": (61.5, 8.8),
    "Austria": (47.6, 14.1),
    "Czech Republic": (49.8, 15.3),
    "Slovakia": (48.7, 19.5),
    "Hungary": (47.1, 19.4),
    "Romania": (45.9, 24.9),
    "Bulgaria": (42.7, 25.2),
    "Greece": (39.3, 22.6),
    "Turkey": (39.1, 34.0),
    "Algeria": (31.5, 3.0),
    "Tunisia": (34.8, 9.6),
    "Morocco": (32.5, -6.3),
    "Libya": (28.5, 17.5),
    "Egypt": (28.5, 30.0),
    "Qatar": (25.3, 51.2),
    "Nigeria": (6.0, 6.0),
    "Trinidad and Tobago": (10.4, -61.3),
    "Azerbaijan": (40.3, 47.7),
    "Iran": (33.0, 53.0),
    "Turkmenistan": (39.0, 59.0),
    "Japan": (36.0, 138.0),
}

_PIPES = [
    ("Russia", "Ukraine", 105, 143),
    ("Russia", "Belarus", 50, 50),
    ("Ukraine", "Slovakia", 70, 92),
    ("Slovakia", "Czech Republic", 30, 35),
    ("Slovakia", "Austria", 28, 45),
    ("Austria", "Italy", 22, 37),
    ("Belarus", "Poland", 32, 33),
    ("Poland", "Germany", 27, 27),
    ("Czech Republic", "Germany", 24, 35),
    ("Norway", "Germany", 28, 45),
    ("Norway", "United Kingdom", 26, 46),
    ("Norway", "France", 15, 18),
    ("Norway", "Belgium", 11, 15),
    ("Netherlands", "Germany", 22, 60),
    ("Netherlands", "Italy", 7, 20),
    ("Algeria", "Tunisia", 26, 33),
    ("Tunisia", "Italy", 25, 33),
    ("Algeria", "Morocco", 10, 12),
    ("Morocco", "Spain", 9.6, 12),
    ("Libya", "Italy", 9.4, 11),
    ("Ukraine", "Romania", 20, 26),
    ("Romania", "Bulgaria", 17, 18),
    ("Bulgaria", "Turkey", 12, 14),
    ("Bulgaria", "Greece", 2.1, 3),
    ("Russia", "Turkey", 8, 16),
    ("Azerbaijan", "Turkey", 4.4, 7),
    ("Iran", "Turkey", 7.8, 10),
    ("Ukraine", "Hungary", 7, 13),
    ("Turkmenistan", "Russia", 10, 50),
    ("Germany", "France", 8, 20),
]
_SHIPS = [
    ("Algeria", "France", 6),
    ("Algeria", "Spain", 5),
    ("Algeria", "Turkey", 4),
    ("Qatar", "United Kingdom", 14),
    ("Qatar", "Belgium", 6),
    ("Qatar", "Italy", 6),
    ("Nigeria", "Spain", 7.5),
    ("Nigeria", "France", 3.5),
    ("Trinidad and Tobago", "Spain", 3),
    ("Egypt", "Spain", 2.6),
    ("Qatar", "Japan", 10),
]


def market() -> dict[str, Any]:
    """An equilibrium with invented prices and flows."""
    prices = {name: 240.0 + 6.0 * (hash_of(name) % 23) for name in PLACES}
    flows = [
        {"from": a, "to": b, "mode": "pipeline", "bcm": float(bcm), "capacity": float(room)}
        for a, b, bcm, room in _PIPES
    ]
    flows += [
        {"from": a, "to": b, "mode": "lng", "bcm": float(bcm), "capacity": None}
        for a, b, bcm in _SHIPS
    ]
    exporters = {
        "Russia": 129.0,
        "Algeria": 47.0,
        "Norway": 99.0,
        "Netherlands": 54.0,
        "Libya": 9.4,
    }
    importers = ("Italy", "Germany", "France", "Spain", "United Kingdom")
    pairs = [
        {
            "exporter": e,
            "importer": i,
            "observed": round(v / (2 + (hash_of(e + i) % 7)), 1),
            "model": round(v / (2 + (hash_of(i + e) % 7)), 1),
        }
        for e, v in exporters.items()
        for i in importers
    ]
    return {
        "status": "solved",
        "certificate": {"max_violation": 3.2e-9},
        "prices": prices,
        "sales": [],
        "flows": flows,
        "payoffs": {
            "Gazprom": 31250.0,
            "treasury of Russia": 12000.0,
            "Sonatrach": 9800.5,
            "consumers in Italy": 22000.0,
            "operator of Transmed": 310.0,
            "buyers in Spain": 4.0,
        },
        "fit": {
            "year": 2010,
            "wape": 0.213,
            "parameters": 61,
            "benchmarks": {"unchanged": 0.18, "scaled": 0.15, "ras": 0.08},
            "exporters": [
                {"exporter": e, "model": v * 1.04, "observed": v} for e, v in exporters.items()
            ],
            "pairs": pairs,
        },
        "size": {"variables": 1123, "rows": 570},
        "seconds": {"load": 0.21, "build": 0.02, "solve": 0.02, "certify": 0.01},
    }


def hash_of(text: str) -> int:
    """A small number that is the same in every run."""
    return sum(ord(char) * (place + 1) for place, char in enumerate(text))


def _party(kind: str, *shares: float, spread: float = 0.4) -> dict[str, Any]:
    legs = dict(zip(("exploration", "production", "transport", "marketing"), shares, strict=True))
    worth = math.fsum(shares)
    width = spread * sum(map(abs, shares))
    ends = {"low": worth - width, "high": worth + width}
    return {"worth": worth, **ends, "legs": legs, "kind": kind, "same_sign": 0.9}


PARTIES = {
    "Sonatrach": _party("firm", -12.5, 41.0, 88.0, 130.0),
    "Gazprom": _party("firm", 60.0, -20.0, 15.0, 240.0, spread=0.1),
    "Algeria": _party("state", 30.0, 45.0, 95.0, 150.0),
    "Russia": _party("state", 60.0, -8.0, 24.0, 280.0),
    "Norway": _party("seller", -2.0, -3.0, -8.0, 110.0),
    "Qatargas": _party("seller", -1.0, -1.0, -11.0, 40.0),
    "Tiny": _party("seller", 0.0, 0.0, 0.0, 0.1),
    "treasury of Ukraine": _party("treasury", 0.0, 1.0, -4.0, -21.0),
    "consumers in Europe": _party("consumers", 12.0, 20.0, 40.0, -1480.0),
}

WORTH: dict[str, Any] = {
    "agreement": "gazprom-sonatrach-mou-2006",
    "equilibria": 96,
    "parties": PARTIES,
    "reciprocity": {
        "index": 0.42,
        "gains": {"Sonatrach": 41.0, "Gazprom": 17.2},
        "side_payment": {"from": "Sonatrach", "to": "Gazprom", "musd_per_year": 11.9},
    },
    "floors": {"without": PARTIES, "with": PARTIES},
    "entry": {"without": PARTIES, "with": PARTIES},
    "drivers": {"Sonatrach": [{"driver": "baltic.capacity", "swing": 55.0}]},
    "assumptions": [
        {"text": "Everything else stays <b>", "basis": "method"},
        {
            "id": "baltic.capacity",
            "text": "Baltic LNG: capacity",
            "right_name": {"en": "Baltic LNG", "ar": "مشروع Baltic LNG"},
            "parameter": "capacity",
            "value": 5.0,
            "low": 3.0,
            "high": 7.2,
            "unit": "Mt/year",
            "basis": "claim",
            "reason": "announced size",
            "sources": ["ria-20081215"],
        },
    ],
}


SUPPLY = [
    {
        "field": field,
        "firm": firm,
        "node": node,
        "capacity": capacity,
        "a": a,
        "b": 0.2,
        "g": g,
        "output": 0.8 * capacity,
        "cost": a + 20.0,
    }
    for field, firm, node, capacity, a, g in (
        ("Hassi R'Mel", "Sonatrach", "Algeria", 90.0, 20.0, -6.0),
        ("Urengoy", "Gazprom", "Russia", 180.0, 30.0, 0.0),
    )
]
SOLD = [
    {
        "year": None,
        "period": period,
        "market": market,
        "node": market,
        "price": price,
        "bcm": bcm,
    }
    for period, market, price, bcm in (
        ("Summer", "Italy", 290.0, 30.0),
        ("Winter", "Italy", 360.0, 50.0),
        ("Winter", "Spain", 330.0, 0.0),
    )
]
STORAGE = [
    {"period": "Summer", "share": 0.5, "injected": 40.0, "withdrawn": 0.0, "level": 55.0},
    {"period": "Winter", "share": 0.5, "injected": 0.0, "withdrawn": 40.0, "level": 15.0},
]


def material(**changes: Any) -> Material:
    """A whole material; ``changes`` replaces parts of it."""
    parts: dict[str, Any] = {
        "case": {
            "id": "sample",
            "title": {
                "en": "Algeria and Russia: the memorandum of 2006",
                "ar": "الجزائر وروسيا: مذكرة 2006",
            },
            "description": {
                "en": "What was agreed, what became of it, and what it was worth.",
                "ar": "ماذا اتُّفق عليه، وماذا بقي منه، وكم كان يساوي.",
            },
        },
        "state": STATE,
        "check": CHECK,
        "timeline": TIMELINE,
        "sources": SOURCES,
        "balance": BALANCE,
        "market": market(),
        "worth": WORTH,
        "nodes": [
            {"name": n, "country": n, "latitude": a, "longitude": b} for n, (a, b) in PLACES.items()
        ],
        "observed_prices": {"Italy": 343.0, "Germany": 303.7, "France": 320.0, "Spain": 330.0},
        "supply": SUPPLY,
        "sold": SOLD,
        "storage": STORAGE,
        "working_gas": 80.0,
        "partners": ["Sonatrach", "Gazprom", "Algeria", "Russia"],
        "run": {"date": "2008-12-31", "record": "00" * 32, "mithaq": "0.1.0"},
    }
    return Material(**{**parts, **changes})
