"""Counts, persons, sums, means and filters, against a count of the raw export."""

import collections
import csv
import datetime
import unittest

import partnership
from partnership import COMPLETE

AGENCY, LEFT, RIGHT = "riverside-police", "st-marys-ed", "queens-ed"
NO_LIMIT = float("inf")
FIRST, LAST = datetime.date(2024, 4, 1), datetime.date(2025, 3, 31)
KNIVES = ("KNIFE", "BLADED ARTICLE")
ROLES = {"VIC": "VICTIM", "SUS": "SUSPECT"}


def date(text):
    return datetime.datetime.strptime(text[:10], "%d/%m/%Y").date()


class Crime:
    """A row of the police export, in the words of the catalogue."""

    def __init__(self, row):
        self.day = date(row["Committed From"])
        self.sex = row["Sex"].strip() or "U"
        self.domestic = {"Y": "1", "N": "0"}.get(row["DA Flag"].strip(), "U")
        self.role = ROLES.get(row["Role"].strip(), "U")
        weapon = row["Weapon"].strip().upper()
        self.weapon = ("KNIFE" if weapon in KNIVES
                       else "GUN" if weapon == "FIREARM" else "OTHER")
        self.person = row["PersonRef"].strip()
        self.cost = float(row["Harm Cost"]) if row["Harm Cost"].strip() else None
        self.age = None
        if row["DOB"].strip():
            born = date(row["DOB"].strip())
            self.age = self.day.year - born.year - (
                (self.day.month, self.day.day) < (born.month, born.day))


FILTERS = {
    "domestic = '1' AND sex = 'M'": lambda c: c.domestic == "1" and c.sex == "M",
    "NOT domestic = '1'": lambda c: c.domestic != "1",
    "weapon = 'KNIFE' OR sex = 'F'": lambda c: c.weapon == "KNIFE" or c.sex == "F",
    "weapon = 'GUN' OR domestic = '1' AND sex = 'F'":
        lambda c: c.weapon == "GUN" or (c.domestic == "1" and c.sex == "F"),
    "sex IN ('M', 'F') AND NOT (domestic = '0' OR weapon IN ('KNIFE', 'GUN'))":
        lambda c: c.sex in "MF" and c.domestic != "0" and c.weapon == "OTHER",
    "month BETWEEN '2024-04' AND '2024-06'": lambda c: c.day < datetime.date(2024, 7, 1),
    "month >= '2025-01'": lambda c: c.day >= datetime.date(2025, 1, 1),
    "sex <> 'M'": lambda c: c.sex != "M",
    "age < 25": lambda c: c.age is not None and c.age < 25,
    "age >= 10 AND age < 18": lambda c: c.age is not None and 10 <= c.age < 18,
    "age >= 25": lambda c: c.age is not None and c.age >= 25,
}


class MeasureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic(AGENCY, LEFT, RIGHT, rows=20000)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()
        # Asked first: what is released before narrows what can be shown after.
        cls.measures = cls.partners.query(
            "--from", "police_incidents", "--by", "sex,domestic",
            "--measure", "count", "--measure", "distinct_persons",
            "--measure", "sum:harm_cost", "--measure", "mean:harm_cost")
        path = cls.partners.folder / f"data/{AGENCY}.csv"
        with open(path, newline="", encoding="utf-8") as text:
            crimes = [Crime(row) for row in csv.DictReader(text)]
        # Rows of other months are left out by the agent, too.
        cls.crimes = [c for c in crimes if FIRST <= c.day <= LAST]

    def ask(self, *words, output="csv"):
        done = self.partners.query(*words, output=output)
        self.assertEqual(done.code, COMPLETE, done)
        return done

    def holds(self, row, true, where):
        low = float(row["low"]) if row["low"] else -NO_LIMIT
        high = float(row["high"]) if row["high"] else NO_LIMIT
        self.assertLessEqual(low, true, where)
        self.assertGreaterEqual(high, true, where)
        if row["value"]:
            self.assertEqual(row["status"], "published", where)
            self.assertLessEqual(low, float(row["value"]), where)
            self.assertGreaterEqual(high, float(row["value"]), where)
        return row["status"] == "published"

    def test_every_measure_holds_the_truth(self):
        done = self.measures
        self.assertEqual(done.code, COMPLETE, done)
        groups = collections.defaultdict(list)
        for crime in self.crimes:
            for sex in (crime.sex, "Total"):
                for domestic in (crime.domestic, "Total"):
                    groups[sex, domestic].append(crime)
        shown = collections.Counter()
        for row in done.rows():
            group = groups[row["sex"], row["domestic"]]
            costs = [min(max(c.cost, 0), 50000) for c in group if c.cost is not None]
            persons = {c.person for c in group} - {""}
            truth = {
                "count": len(group),
                "distinct_persons": len(persons),
                "sum:harm_cost": sum(costs),
                "mean:harm_cost": sum(costs) / max(1, len(costs)),
            }[row["measure"]]
            if self.holds(row, truth, (row, truth)):
                shown[row["measure"]] += 1
                if row["measure"] == "count":
                    self.assertGreaterEqual(len(persons), 5, row)
                    self.assertGreaterEqual(len(group), 8, row)
        for measure in ("count", "distinct_persons", "sum:harm_cost", "mean:harm_cost"):
            self.assertGreaterEqual(shown[measure], 6, measure)

    def test_every_filter_holds_the_truth(self):
        shown = 0
        for text, passes in FILTERS.items():
            with self.subTest(text):
                done = self.ask("--from", "police_incidents", "--by", "role",
                                "--where", text)
                truth = collections.Counter()
                for crime in filter(passes, self.crimes):
                    truth.update((crime.role, "Total"))
                rows = done.rows()
                self.assertEqual(rows[-1]["role"], "Total")
                for row in rows:
                    shown += self.holds(row, truth[row["role"]], (row, truth))
        self.assertGreater(shown, 0)

    def test_a_sum_over_agencies_has_the_sum_of_their_intervals(self):
        words = ("--from", "ed_attendances", "--by", "weapon,age_core")
        merged, split = self.ask(*words).rows(), self.ask(*words, "--split", "agency").rows()
        parts = collections.defaultdict(list)
        for row in split:
            parts[row["weapon"], row["age_core"]].append(row)
        for row in merged:
            both = parts[row["weapon"], row["age_core"]]
            self.assertEqual({part["agency"] for part in both}, {LEFT, RIGHT})
            low = sum(int(part["low"]) for part in both)
            highs = [part["high"] for part in both]
            high = str(sum(map(int, highs))) if "" not in highs else ""
            self.assertEqual((int(row["low"]), row["high"]), (low, high), (row, both))
            statuses = {part["status"] for part in both}
            expected = statuses.pop() if len(statuses) == 1 else "bounded"
            self.assertEqual(row["status"], expected, (row, both))
            if expected == "published":
                self.assertEqual(int(row["value"]),
                                 sum(int(part["value"]) for part in both))

    def test_persons_of_several_agencies_are_side_by_side_never_added(self):
        result = self.ask("--from", "ed_attendances", "--by", "sex", "--measure",
                          "distinct_persons", output="json").json()
        self.assertEqual({row["agency"] for row in result["rows"]}, {LEFT, RIGHT})
        self.assertTrue([w for w in result["warnings"] if "never added" in w], result)


if __name__ == "__main__":
    unittest.main()
