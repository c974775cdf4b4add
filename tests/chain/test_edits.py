"""Edits: what each does, what each says, and every way to get one wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithaq import (
    Add,
    BarMarket,
    Chain,
    Change,
    Contract,
    Cooperate,
    DataError,
    Floor,
    GrantAccess,
    MithaqError,
    OpenMarket,
    Remove,
    Stake,
    Swap,
)
from mithaq.chain import Edit, edits_from_file, scenario_hash, table_names
from mithaq.chain.reading import CHECKS, key_of
from mithaq.chain.schema import table_schema
from mithaq.words.sentence import said
from mithaq.words.text import language
from tests.chain.folders import TABLES

NEW_FIELD = {"name": "new", "node": "South", "owners": "Beta", "capacity": 10, "a": 5}


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain.from_tables({n: pd.DataFrame(rows).fillna("") for n, rows in TABLES.items()})


def cell(chain: Chain, table: str, key: str, column: str) -> Any:
    schema = table_schema(table)
    return next(row[column] for row in chain.rows(table) if key_of(schema, row) == key)


def refused(chain: Chain, *edits: Edit) -> str:
    with pytest.raises(DataError) as caught:
        chain.with_edits(list(edits))
    assert caught.value.problems
    return str(caught.value)


class Watched(dict[str, Any]):
    """Tables that note which of them are read."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        super().__init__(tables)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


@pytest.mark.parametrize(("check", "named"), CHECKS)
def test_a_check_reads_no_table_that_it_does_not_name(
    chain: Chain, check: Callable[..., None], named: set[str]
) -> None:
    """Else an edit of that table would not be checked."""
    tables = Watched({name: chain.rows(name) for name in table_names()})
    check(tables, lambda *_: None)
    assert tables.read
    assert tables.read <= named


def test_tables_that_an_edit_only_looks_at_stay_the_same_objects(chain: Chain) -> None:
    (asset, *_) = chain.rows("terminals")
    changed = chain.with_edits([GrantAccess(asset["name"], "Beta")])
    assert changed.rows("pipelines") is chain.rows("pipelines")


class TestEach:
    def test_add_takes_the_defaults(self, chain: Chain) -> None:
        changed = chain.with_edits([Add("fields", NEW_FIELD)])
        assert cell(changed, "fields", "new", "royalty") == 0
        assert len(changed.rows("fields")) == len(chain.rows("fields")) + 1

    def test_change(self, chain: Chain) -> None:
        changed = chain.with_edits([Change("fields", "dunes", "capacity", 5)])
        assert cell(changed, "fields", "dunes", "capacity") == 5

    def test_change_of_a_row_with_a_long_key(self, chain: Chain) -> None:
        changed = chain.with_edits([Change("observed", "South|North|2010|pipeline", "bcm", 7)])
        assert cell(changed, "observed", "South|North|2010|pipeline", "bcm") == 7

    def test_remove(self, chain: Chain) -> None:
        assert not chain.with_edits([Remove("swaps", "trade")]).rows("swaps")

    def test_grant_access(self, chain: Chain) -> None:
        changed = chain.with_edits([GrantAccess("North-South", "Alpha")])
        assert cell(changed, "pipelines", "North-South", "access") == "Beta;Alpha"
        # What is open to all stays open to all.
        open_line = chain.with_edits([GrantAccess("line", "Alpha")])
        assert open_line.hash == chain.hash

    def test_bar_and_open(self, chain: Chain) -> None:
        barred = chain.with_edits([BarMarket("Alpha", "North")])
        assert cell(barred, "conduct", "Alpha|North", "may_sell") is False
        assert cell(barred, "conduct", "Alpha|North", "theta") == 0.4
        opened = barred.with_edits([OpenMarket("Alpha", "North")])
        assert opened.hash == chain.hash

    def test_open_a_market_of_few(self, chain: Chain) -> None:
        few = chain.with_edits([Change("markets", "South", "access", "Alpha")])
        opened = few.with_edits([OpenMarket("Beta", "South")])
        assert cell(opened, "markets", "South", "access") == "Alpha;Beta"

    def test_a_newcomer_faces_what_holds_others_back(self) -> None:
        firms = ["a", "b", "c", "d", "e"]
        shut = ["c", "d", "e"]
        market = Chain.from_tables(
            {
                "nodes": pd.DataFrame({"name": ["Hub"]}),
                "firms": pd.DataFrame({"name": firms}),
                "fields": pd.DataFrame(
                    {"name": ["well"], "node": "Hub", "owners": "a", "capacity": 10}
                ),
                "markets": pd.DataFrame(
                    {"name": ["Hub"], "node": "Hub", "elasticity": -1.0,
                     "reference_quantity": 50, "reference_price": 50}
                ),
                "conduct": pd.DataFrame(
                    {"firm": firms, "market": "Hub", "adder": [30.0, 50.0, 0.0, 0.0, -7.0],
                     "may_sell": [firm not in shut for firm in firms]}
                ),
            }
        )  # fmt: skip
        opened = market.with_edits([OpenMarket(firm, "Hub") for firm in shut])
        adders = [cell(opened, "conduct", f"{firm}|Hub", "adder") for firm in firms]
        assert adders == [30, 50, 40, 40, -7]
        assert market.with_edits([OpenMarket(f, "Hub") for f in reversed(shut)]).hash == opened.hash
        # who may sell already stays as it is, with an adder or without
        assert opened.with_edits([OpenMarket("a", "Hub")]).hash == opened.hash

    def test_cooperate(self, chain: Chain) -> None:
        changed = chain.with_edits([Cooperate("club", ("Alpha", "Beta"), 0.3, "North", 0.9)])
        assert cell(changed, "cooperation", "club|Alpha|North", "theta") == 0.9

    def test_stake_swap_contract_floor(self, chain: Chain) -> None:
        changed = chain.with_edits(
            [
                Stake("Beta", "Alpha", 0.1),
                Swap("other", "Beta", "Alpha", cap=2, ratio=0.5, nodes_a=("North",)),
                Contract("new", "Alpha", "South", annual_quantity=3, price=100),
                Floor("Beta", "South", 1.5),
            ]
        )
        assert cell(changed, "stakes", "Beta|Alpha", "share") == 0.1
        assert cell(changed, "swaps", "other", "nodes_a") == "North"
        assert pd.isna(cell(changed, "contracts", "new", "nominated"))
        assert cell(changed, "floors", "Beta|South", "quantity") == 1.5

    def test_in_order_and_the_base_stays(self, chain: Chain) -> None:
        before = chain.hash
        twice = [Change("fields", "dunes", "a", value) for value in (1, 2)]
        assert cell(chain.with_edits(twice), "fields", "dunes", "a") == 2
        assert cell(chain.with_edits(twice[::-1]), "fields", "dunes", "a") == 1
        assert chain.hash == before
        assert chain.with_edits([]) is chain

    def test_what_one_edit_adds_the_next_may_use(self, chain: Chain) -> None:
        changed = chain.with_edits(
            [
                Add("firms", {"name": "Gamma"}),
                Add("fields", NEW_FIELD | {"owners": "Gamma"}),
                BarMarket("Gamma", "South"),
            ]
        )
        assert cell(changed, "conduct", "Gamma|South", "may_sell") is False


class TestHash:
    @pytest.mark.parametrize("table", table_names())
    def test_remove_and_add_is_no_change(self, chain: Chain, table: str) -> None:
        row = {key: "" if value != value else value for key, value in chain.rows(table)[0].items()}
        key = key_of(table_schema(table), row)
        round_trip = chain.with_edits([Remove(table, key), Add(table, row)])
        assert round_trip.hash == chain.hash
        pd.testing.assert_frame_equal(round_trip.table(table), chain.table(table))

    def test_add_and_remove_is_no_change(self, chain: Chain) -> None:
        there_and_back = [Add("fields", NEW_FIELD), Remove("fields", "new")]
        assert chain.with_edits(there_and_back).hash == chain.hash

    def test_the_same_scenario_by_other_edits(self, chain: Chain) -> None:
        one = chain.with_edits([Add("fields", NEW_FIELD), Change("fields", "new", "a", "7.0")])
        other = chain.with_edits([Add("fields", NEW_FIELD | {"a": 7})])
        assert one.hash == other.hash != chain.hash

    def test_sources_and_notes_are_no_part_of_it(self, chain: Chain) -> None:
        noted = chain.with_edits([Change("fields", "dunes", "note", "seen from afar")])
        assert noted.hash == chain.hash

    def test_scenarios(self, chain: Chain) -> None:
        edits = [Stake("Beta", "Alpha", 0.1), Remove("swaps", "trade")]
        first = scenario_hash(chain.hash, edits)
        assert first == scenario_hash(chain.hash, list(edits))
        others = [edits[::-1], edits[:1], [Stake("Beta", "Alpha", 0.2), edits[1]]]
        assert len({first, *(scenario_hash(chain.hash, e) for e in others)}) == 4
        assert scenario_hash("other", edits) != first


BAD: dict[str, tuple[Edit, str]] = {
    "no such table": (Add("field", NEW_FIELD), "did you mean 'fields'"),
    "no such column": (Add("fields", NEW_FIELD | {"colour": "red"}), "no column 'colour'"),
    "a required cell is missing": (Add("fields", {"name": "x"}), "must be given"),
    "a bad number": (Add("fields", NEW_FIELD | {"capacity": -1}), "at least 0"),
    "there already": (Add("fields", NEW_FIELD | {"name": "dunes"}), "use change"),
    "an unknown node": (Add("fields", NEW_FIELD | {"node": "Sooth"}), "did you mean 'South'"),
    "change: no such row": (Change("fields", "dune", "a", 1), "did you mean 'dunes'"),
    "change: no such column": (Change("fields", "dunes", "cap", 1), "no column 'cap'"),
    "change: no such table": (Change("feilds", "dunes", "a", 1), "did you mean 'fields'"),
    "change: the key": (Change("fields", "dunes", "name", "x"), "name"),
    "change: nonsense": (Change("fields", "dunes", "capacity", "lots"), "not a number"),
    "change: NaN": (Change("fields", "dunes", "capacity", float("nan")), "NaN"),
    "change: an unknown owner": (Change("fields", "dunes", "owners", "Alfa"), "'Alpha'"),
    "remove: no such row": (Remove("fields", "dune"), "did you mean 'dunes'"),
    "remove: others need it": (Remove("nodes", "South"), "'South'"),
    "access: no such arc": (GrantAccess("lien", "Alpha"), "did you mean 'line'"),
    "access: no such firm": (GrantAccess("North-South", "Alfa"), "'Alfa'"),
    "access of all: no such firm": (GrantAccess("line", "Alfa"), "'Alfa'"),
    "open: no such market": (OpenMarket("Alpha", "Sooth"), "did you mean 'South'"),
    "open: no such firm": (OpenMarket("Alfa", "South"), "'Alfa'"),
    "bar: no such market": (BarMarket("Alpha", "Sooth"), "did you mean 'South'"),
    "bar: no such firm": (BarMarket("Alfa", "South"), "'Alfa'"),
    "cooperate: strength": (Cooperate("x", ("Alpha", "Beta"), 1.1, "North"), "at most 1"),
    "cooperate: text": (Cooperate("x", ("Alpha", "Beta"), "much"), "not a number"),  # type: ignore[arg-type]
    "cooperate: no such firm": (Cooperate("x", ("Alpha", "Alfa"), 1, "North"), "'Alfa'"),
    "cooperate: no name": (Cooperate("x", ("Alpha", "", "Beta"), 1, "North"), "firm: is empty"),
    "cooperate: in two groups": (Cooperate("x", ("Alpha", "Beta"), 1, "South"), "disjoint"),
    "stake: above 1": (Stake("Alpha", "Beta", 2), "at most 1"),
    "stake: text": (Stake("Alpha", "Beta", "half"), "not a number"),  # type: ignore[arg-type]
    "stake: in oneself": (Stake("Beta", "Beta", 0.5), "in itself"),
    "swap: with oneself": (Swap("x", "Beta", "Beta", cap=1), "with itself"),
    "swap: ratio": (Swap("x", "Alpha", "Beta", cap=1, ratio=0), "greater than 0"),
    "swap: text": (Swap("x", "Alpha", "Beta", cap="some"), "not a number"),  # type: ignore[arg-type]
    "contract: no such market": (Contract("x", "Alpha", "Sooth", 1, 1), "'Sooth'"),
    "contract: text": (Contract("x", "Alpha", "South", "q", "p"), "not a number"),  # type: ignore[arg-type]
    "floor: negative": (Floor("Alpha", "South", -1), "at least 0"),
    "floor: text": (Floor("Alpha", "South", None), "NaN"),  # type: ignore[arg-type]
}


class TestBad:
    @pytest.mark.parametrize("case", BAD)
    def test_one(self, chain: Chain, case: str) -> None:
        edit, words = BAD[case]
        assert words in refused(chain, edit)

    def test_all_at_once(self, chain: Chain) -> None:
        bad = [edit for case, (edit, _) in BAD.items() if case.startswith("change:")][:5]
        with pytest.raises(DataError) as caught:
            chain.with_edits([Remove("swaps", "trade"), *bad])
        assert [(p.file, p.row) for p in caught.value.problems] == [
            ("edits", number) for number in range(2, 7)
        ]

    def test_the_parent_is_no_edit(self, chain: Chain) -> None:
        with pytest.raises(TypeError, match="no edit of its own"):
            chain.with_edits([Edit()])


def test_diff_says_what_each_does(chain: Chain) -> None:
    edits = [
        Add("swaps", {"name": "x", "a": "Alpha"}),
        Change("fields", "dunes", "capacity", 5),
        Remove("swaps", "trade"),
        GrantAccess("line", "Alpha"),
        OpenMarket("Alpha", "South"),
        BarMarket("Alpha", "South"),
        Cooperate("x", ("Alpha", "Beta"), 0.5, "South"),
        Stake("Alpha", "Beta", 0.25),
        Swap("x", "Alpha", "Beta", cap=2, ratio=1.5),
        Contract("x", "Alpha", "South", 3, 100),
        Floor("Alpha", "South", 1.5),
    ]
    assert chain.diff(edits) == [
        "add to swaps: name x, a Alpha",
        "set capacity of dunes in fields to 5",
        "remove trade from swaps",
        "let Alpha use line",
        "open South to Alpha",
        "bar Alpha from South",
        "Alpha, Beta sell as one at strength 0.5 in South",
        "Alpha holds 25% of the profit of Beta",
        "Alpha and Beta swap up to 2 bcm/yr at 1.5 to 1",
        "Alpha sells 3 bcm/yr in South at 100 USD/1000 m3",
        "Alpha sells at least 1.5 bcm/yr in South",
    ]


class TestFile:
    def read(self, tmp_path: Path, text: str) -> list[Edit]:
        path = tmp_path / "edits.yaml"
        path.write_text(text, encoding="utf-8")
        return edits_from_file(path)

    def test_each_kind(self, tmp_path: Path) -> None:
        text = """
- {edit: add, table: firms, row: {name: Gamma}}
- {edit: change, table: fields, key: dunes, column: capacity, value: 5}
- {edit: remove, table: swaps, key: trade}
- {edit: grant_access, arc: line, firm: Alpha}
- {edit: open_market, firm: Alpha, market: South}
- {edit: bar_market, firm: Alpha, market: South}
- {edit: cooperate, group: x, firms: [Alpha, Beta], strength: 0.5, market: North}
- {edit: stake, holder: Alpha, firm: Beta, share: 0.25}
- {edit: swap, name: x, a: Alpha, b: Beta, cap: 2, nodes_a: [South]}
- {edit: contract, name: x, seller: Alpha, market: South, annual_quantity: 3, price: 100}
- {edit: floor, firm: Alpha, market: South, quantity: 1.5}
"""
        edits = self.read(tmp_path, text)
        assert edits[6] == Cooperate("x", ("Alpha", "Beta"), 0.5, "North")
        assert [edit.to_dict()["edit"] for edit in edits] == [
            line.split()[2].strip(",") for line in text.strip().splitlines()
        ]

    def test_nothing_is_no_edit(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, "") == []

    def test_every_mistake_with_its_place(self, tmp_path: Path) -> None:
        text = """
- {edit: chnage, table: fields, key: dunes, column: a, value: 1}
- {edit: stake, holder: Alpha}
- {edit: floor, firm: Alpha, market: South, quantity: 1, colour: red}
- just a word
- {table: fields}
- {edit: remove, table: swaps, key: trade}
- {edit: [1, 2]}
- {edit: stake, holder: Alpha, firm: Beta, share: half}
- {edit: cooperate, group: x, firms: Alpha, strength: 1}
- {edit: add, table: fields, row: dunes}
- {edit: change, table: fields, key: {a: 1}, column: a, value: 1}
"""
        with pytest.raises(DataError) as caught:
            self.read(tmp_path, text)
        places = [(p.file, p.row) for p in caught.value.problems]
        assert places == [("edits.yaml", number) for number in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11)]

    @pytest.mark.parametrize("text", ["edit: add", "[", "\t- x", "a: &a [*a]", "3"])
    def test_no_list_of_edits(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(DataError):
            self.read(tmp_path, text)

    def test_no_file_and_no_text(self, tmp_path: Path) -> None:
        with pytest.raises(DataError):
            edits_from_file(tmp_path / "nowhere.yaml")
        (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\xff")
        with pytest.raises(DataError):
            edits_from_file(tmp_path / "x.yaml")


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["fields", "dunes", "Alpha", "South", "line", "capacity"]),
    st.dates(),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=2),
    st.dictionaries(st.text(max_size=3), SCALARS, max_size=2),
)
KINDS = {
    "add": ("table", "row"),
    "change": ("table", "key", "column", "value"),
    "remove": ("table", "key"),
    "grant_access": ("arc", "firm"),
    "open_market": ("firm", "market"),
    "cooperate": ("group", "firms", "strength", "market", "theta"),
    "stake": ("holder", "firm", "share"),
    "swap": ("name", "a", "b", "cap", "ratio", "nodes_a"),
    "contract": ("name", "seller", "market", "annual_quantity", "price", "nominated"),
    "floor": ("firm", "market", "quantity"),
}


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_an_edits_file_holds_only_data_errors_come_out(
    chain: Chain, tmp_path: Path, data: st.DataObject
) -> None:
    import yaml

    kind = data.draw(st.sampled_from(list(KINDS)))
    entry = {"edit": kind, **{name: data.draw(VALUES, name) for name in KINDS[kind]}}
    path = tmp_path / "edits.yaml"
    path.write_text(yaml.safe_dump([entry], allow_unicode=True), encoding="utf-8")
    try:
        chain.with_edits(edits_from_file(path)).hash
    except MithaqError as error:
        assert isinstance(error, DataError)  # noqa: PT017


def test_every_mistake_of_a_list_of_edits_at_once(chain: Chain) -> None:
    """Cells that cannot be, and names that are only looked up when all edits are in."""
    edits = [
        Change("fields", "nothing", "a", 1),
        BarMarket("Nobody", "South"),
        Cooperate("friends", ("Alpha", "Beta"), 2.0),
    ]
    with pytest.raises(DataError) as caught:
        chain.with_edits(edits)
    text = str(caught.value)
    assert "'nothing'" in text and "'Nobody'" in text and "2 must be at most 1" in text


def test_edits_and_their_mistakes_are_said_in_every_language(chain: Chain, tmp_path: Path) -> None:
    path = tmp_path / "edits.yaml"
    path.write_text("- {edit: chnge}\n- {edit: floor, quantity: many}\n- 7\n", encoding="utf-8")
    with pytest.raises(DataError) as from_file:
        edits_from_file(path)
    with pytest.raises(DataError) as applied:
        chain.with_edits([Change("fields", "dune", "a", 1), Add("fields", {"name": "x"})])
    sentences = [problem.what for e in (from_file, applied) for problem in e.value.problems]
    sentences += [str(BarMarket("Alpha", "South")), str(Stake("Alpha", "Beta", 0.2))]
    assert len(sentences) == 7
    for lang in ("ar", "fr", "ru"):
        for sentence in sentences:
            assert said(sentence, language(lang)) != sentence
