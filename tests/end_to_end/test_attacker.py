"""The attacker is attacked: his bounds are held against all possible tables."""

import csv
import itertools
import random
import tempfile
import unittest
from pathlib import Path

import numpy

from attacker import Contradiction, System, among, attack
from lattice import Lattice

CATALOGUE = """
code_list { id: "a" code { id: "1" in { level: "a2" code: "x" } }
  code { id: "2" in { level: "a2" code: "x" } } code { id: "U" in { level: "a2" code: "U" } } }
code_list { id: "b" code { id: "1" } code { id: "2" } }
code_list { id: "c" code { id: "1" } code { id: "2" } }
shared { id: "place" kind: PLACE level { variable: "lsoa" nests_in: ["msoa", "ward"] }
  level { variable: "msoa" } level { variable: "ward" } }
data_set { id: "d" uses: ["place"] period_from: "2024-04" period_to: "2025-03"
  dimension { id: "a" kind: CATEGORY level { variable: "a" code_list: "a" }
    level { variable: "a2" code_list: "a2" } }  # a comment
  dimension { id: "b" kind: CATEGORY level { variable: "b" code_list: "b" } }
  dimension { id: "c" kind: CATEGORY level { variable: "c" code_list: "c" } }
  dimension { id: "when" kind: TIME level { variable: "month" } level { variable: "quarter" }
    level { variable: "calendar_year" } level { variable: "financial_year" }
    level { variable: "academic_year" } }
  population { variable: "both" where: "a = '1' AND b IN ('1', '2')" } }
"""
AREAS = [("L1", "M1", "W1"), ("L2", "M1", "W1"), ("L3", "M1", "W2"), ("L4", "M2", "W2")]


def lattice():
    with tempfile.TemporaryDirectory() as folder:
        catalogue, places = Path(folder, "c.textproto"), Path(folder, "places.csv")
        catalogue.write_text(CATALOGUE)
        with open(places, "w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("lsoa", "msoa", "ward"))
            writer.writerows(AREAS)
        return Lattice(catalogue, "d", places)


def row(low, high, value="", status="suppressed", **key):
    return {**key, "measure": "count", "value": value, "status": status,
            "low": str(low), "high": "" if high is None else str(high)}


def printed(count, hide, base):
    """As a result would say it; `hide`: the hidden counts."""
    if count in hide:
        return row(hide[0], hide[-1])
    middle = (count + base // 2) // base * base
    return row(max(0, middle - base // 2), middle + base // 2, str(middle), "published")


class LatticeTest(unittest.TestCase):
    """The same people are one cell; sums are found along every tree."""

    @classmethod
    def setUpClass(cls):
        cls.all = lattice()

    def test_the_same_people_under_two_names_are_one_cell(self):
        cell = self.all.cell
        self.assertEqual(cell(a="1", a2="x"), cell(a="1"))
        self.assertEqual(cell(a2="U"), cell(a="U"))
        self.assertEqual(cell(both="1"), cell(a="1", b=["1", "2"]))
        self.assertEqual(cell(a="Total"), cell())
        self.assertIsNone(cell(a="1", a2="U"))
        self.assertEqual(cell(ward="W1"), cell(lsoa=["L1", "L2"]))
        self.assertEqual(cell(month="2024-05", financial_year="2024/25"),
                         cell(month="2024-05"))
        self.assertEqual(cell(calendar_year="2025"), cell(quarter="2025-Q1"))
        self.assertEqual(cell(academic_year="2023/24"),
                         cell(month=[f"2024-0{m}" for m in range(4, 9)]))

    def test_a_cell_is_the_sum_of_its_parts_along_every_tree(self):
        ward = self.all.cell(ward="W2")
        self.assertEqual(set(self.all.parts(ward, "lsoa")),
                         {self.all.cell(lsoa="L3"), self.all.cell(lsoa="L4")})
        self.assertEqual(set(self.all.parts(ward, "msoa")),
                         {self.all.cell(lsoa="L3"), self.all.cell(lsoa="L4")})
        self.assertEqual(len(self.all.parts(self.all.cell(), "both")), 2)

    def test_a_filter_is_a_sum_of_cells(self):
        system = System(self.all)
        where = among("a", "1") & ~among("b", "1") | among("c", "2")
        system.add(["ward"], where, [row(5, 9, ward="W1")])
        ((cells, low, high),) = system.sums
        self.assertEqual((low, high), (5, 9))
        self.assertEqual(len(set(cells)), len(cells))

    def test_a_cell_said_in_two_ways_is_a_contradiction(self):
        system = System(self.all)
        system.add(["a"], None, [row(0, 7, a="1")])
        with self.assertRaises(Contradiction):
            system.add(["a", "b"], None, [row(8, 12, "10", "published", a="1", b="Total")])

    def test_what_cannot_be_is_a_contradiction(self):
        system = System(self.all)
        system.add(["b"], None, [row(3, 3, b="1"), row(0, 2, b="Total")])
        with self.assertRaises(Contradiction):
            system.build()


class BoundsTest(unittest.TestCase):
    """Against every table of whole numbers, on some hundred tiny tables."""

    TOP = 3  # of a leaf

    @classmethod
    def setUpClass(cls):
        cls.all = lattice()
        values = numpy.arange(cls.TOP + 1, dtype=numpy.int16)
        cls.every = {n: numpy.stack(numpy.meshgrid(*[values] * n, indexing="ij"),
                                    axis=-1).reshape(-1, n) for n in (4, 6, 8)}

    def case(self, chance):
        """A random table, what is printed of it, and all tables that fit."""
        codes = {"a": ("1", "2", "U"), "b": ("1", "2"), "c": ("1", "2")}
        names = chance.choice((("a", "b"), ("b", "c"), ("b", "c", "a")))
        if len(names) == 3:
            codes["a"] = ("1", "2")
        leaves = list(itertools.product(*(codes[v] for v in names)))
        truth = numpy.array([chance.choice((0, 0, 1, 1, 2, 3)) for _ in leaves])
        every = self.every[len(leaves)]
        hide = chance.choice((range(0, 2), range(1, 2), range(0, 3), range(1, 3)))
        base = chance.choice((1, 1, 3))
        system = System(self.all)
        system.join(*names)
        for cell in list(system.index):  # codes that are not in this table
            for variable, code in itertools.product(names, ("U", "2")):
                if code not in codes[variable] and (
                        self.all.restrict(cell, variable, code) == cell):
                    system.bound(cell, 0, 0)
        cells = {}
        for key in itertools.product(*((*codes[v], "Total") for v in names)):
            inside = [all(k in ("Total", l) for k, l in zip(key, leaf)) for leaf in leaves]
            cell = self.all.cell(**dict(zip(names, key)))
            cells[cell] = numpy.array(inside)
            if "Total" not in key:
                system.bound(cell, 0, self.TOP)
        for cell, inside in cells.items():
            if chance.random() < 0.25:
                system.number(cell)  # not released
                continue
            said = printed(int(truth @ inside), hide, base)
            system.say([cell], said)
            figure = every @ inside
            every = every[(figure >= int(said["low"])) & (figure <= int(said["high"]))]
        if chance.random() < 0.5:  # a filter, as a sum of two or three cells
            some = chance.sample(sorted(cells), chance.choice((2, 3)))
            inside = sum(cells[c].astype(int) for c in some)
            low = max(0, int(truth @ inside) - chance.choice((0, 1)))
            system.say(some, row(low, low + 1))
            every = every[((every @ inside) >= low) & ((every @ inside) <= low + 1)]
        return system, cells, every, len(names)

    def test_bounds_are_those_of_all_tables_that_fit(self):
        chance, checked, loose = random.Random(20), 0, 0
        for _ in range(300):
            system, cells, every, _ = self.case(chance)
            system.build()
            for cell, inside in cells.items():
                figures = every @ inside
                true = int(figures.min()), int(figures.max())
                n = system.number(cell)
                self.assertLessEqual(int(system.least[n]), true[0])
                self.assertGreaterEqual(int(system.most[n]), true[1])
                if checked % 4 == 0:
                    low, high = system.bounds(cell)
                    self.assertLessEqual(low, true[0])
                    self.assertGreaterEqual(high, true[1])
                    loose += (low, high) != true
                    self.assertEqual(system.bounds(cell, integer=True), true)
                checked += 1
        self.assertGreater(checked, 3000)
        self.assertLess(loose, checked // 4 // 50)  # fractions rarely help

    def test_the_verdicts_are_those_of_all_tables_that_fit(self):
        chance, seen = random.Random(21), {"exact": 0, "narrow": 0, "ok": 0}
        for _ in range(200):
            system, cells, every, names = self.case(chance)
            keep = {c: (0, 2) for c in cells}
            found = {f.words: f for f in attack(system, keep, seed=chance.random())}
            for cell, inside in cells.items():
                figures = every @ inside
                low, high = int(figures.min()), int(figures.max())
                verdict = ("exact" if low == high else
                           "narrow" if low > 0 or high < 2 else "ok")
                finding = found.get(self.all.words(cell))
                said = finding.verdict if finding else "ok"
                seen[verdict] += 1
                if names == 2 and not system.sums:  # whole by themselves
                    self.assertEqual(said, verdict, finding)
                elif said != "ok":
                    self.assertNotEqual(verdict, "ok", finding)
        self.assertGreater(min(seen.values()), 100, seen)


class NaiveTest(unittest.TestCase):
    """A release that only hides small cells is broken, as it must be."""

    def test_small_cells_of_a_naive_release_are_found(self):
        chance, all_, exact = random.Random(22), lattice(), 0
        leaves = list(itertools.product(("L1", "L2", "L3", "L4"), ("1", "2", "U")))
        for turn in range(20):
            counts = {leaf: chance.choice((1, 3, 6, 9, 20, 33)) for leaf in leaves}
            system, keep = System(all_), {}
            system.bound(all_.cell(lsoa=["OUT", "U"]), 0, 0)
            for place, top in (("lsoa", 0), ("msoa", 1), ("ward", 2)):
                areas = sorted({(area[0], area[top]) for area in AREAS})
                names = {n for _, n in areas}
                rows = []
                for name, a in itertools.product((*names, "Total"), ("1", "2", "U", "Total")):
                    count = sum(counts[l, b] for (l, n), b in itertools.product(areas, "12U")
                                if name in (n, "Total") and a in (b, "Total"))
                    rows.append({**printed(count, range(1, 8), 1 if turn % 2 else 5),
                                 place: name, "a": a})
                    if count <= 7:
                        keep[all_.cell(**{place: name, "a": a})] = (1, 7)
                system.add([place, "a"], None, rows)
            findings = attack(system, keep)
            exact += sum(f.verdict == "exact" for f in findings)
            self.assertTrue(findings or not keep or turn % 2 == 0)
        self.assertGreater(exact, 20)


if __name__ == "__main__":
    unittest.main()
