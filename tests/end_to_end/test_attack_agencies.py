"""Attacks across agencies, analysts, restarts and loads; and on sensitive groups."""

import random
import shutil
import unittest

import attack_world
from attack_case import AttackCase, Question, shuffled
from attack_world import ALONE, WARDS, WOMEN
from attacker import among, attack
from partnership import COMPLETE, PARTIAL, USAGE

Q = Question
ANALYSTS = tuple(f"analyst{n}" for n in range(10))


def load_tests(loader, tests, pattern):
    return shuffled(tests)


class AgencyAttacks(AttackCase):
    analysts = ANALYSTS

    @classmethod
    def setUpClass(cls):
        records, _ = attack_world.make_records()
        other, _ = attack_world.make_records(rows=4000, seed=77)
        cls.start({"north": records, "south": other},
                  {"north": "standard", "south": "standard"})

    def merged(self, question, *words, code=COMPLETE):
        done = self.partners.query("--from", self.data_set, *question.words(), *words)
        self.assertEqual(done.code, code, done)
        return done.rows()

    def test_24_the_total_minus_ones_own_share(self):
        """An insider of one agency takes its true figures off the merged ones."""
        for question in (Q("ward", "weapon"), Q("ward", "age_band"), Q("outcome_group", "ward")):
            merged, own = self.merged(question), self.ask("north", question)
            for row, part in zip(merged, own):
                cell = self.lattice.cell(**{v: row[v] for v in question.by})
                self.assertEqual([row[v] for v in question.by], [part[v] for v in question.by])
                share = self.truths["south"].count(cell)
                # Nothing more follows than from north's own row.
                self.assertLessEqual(int(row["low"]) - share, int(part["low"]), (row, part))
                if row["high"]:
                    self.assertTrue(part["high"], (row, part))
                    self.assertGreaterEqual(int(row["high"]) - share, int(part["high"]))
        self.is_safe("north", [ALONE])

    def test_24_one_reports_one_is_silent(self):
        """With one agency silent, the other's share is what it had released."""
        question = Q("ward", "offence_class", "sex")
        self.partners.freeze("south")
        self.addCleanup(self.partners.heal)
        rows = self.merged(question, "--timeout", "2s", code=PARTIAL)
        self.partners.thaw("south")
        self.partners.heal()
        for row, part in zip(rows, self.ask("north", question)):
            self.assertEqual((row["status"], row["value"], row["high"]),
                             ("unavailable", "", ""), row)
            self.assertEqual(row["low"], part["low"], (row, part))
        self.is_safe("north", [WOMEN])

    def test_25_distinct_persons_are_never_united(self):
        """A or B minus A minus B would be who is known to both."""
        for row in self.merged(Q("ward", "sex"), "--measure", "distinct_persons"):
            self.assertIn(row.get("agency"), ("north", "south"), row)
        for measure in ("union:persons", "intersection:persons", "distinct_persons:all"):
            done = self.partners.query("--from", self.data_set, "--by", "ward",
                                       "--measure", measure)
            self.assertEqual((done.code, done.out), (USAGE, ""), done)

    def test_26_replay(self):
        """Another user, purpose, restart or restored state: the same bytes."""
        questions = [Q("ward", "weapon"), Q("lsoa", "sex"), Q("ward", "age_band", "sex")]

        def answers(**options):
            return [self.asked("north", *q.words(), **options).raw for q in questions]

        first = answers()
        self.assertNotIn(b"", first)
        self.assertEqual(answers(analyst="analyst3"), first)
        self.assertEqual(answers(purpose=("--purpose", "evaluation")), first)
        for name in ("north", "south", "coordinator"):
            self.assertEqual(self.partners.stop(name), 0)
        state = self.partners.folder / "state/north"
        copy = self.partners.folder / "backup"
        shutil.copytree(state, copy)
        shutil.rmtree(state)
        shutil.copytree(copy, state)
        self.partners.heal()
        self.assertEqual(answers(), first)
        self.partners.kill("north")
        self.partners.heal()
        self.assertEqual(answers(), first)

    def test_27_collusion(self):
        """Ten analysts share one attack, one question each."""
        questions = [Q("offence_class", "ward"), Q("ward", "sex"), Q("offence_class", "sex"),
                     Q("offence_class"), Q("ward", "offence_class", "sex"), Q("lsoa", "sex"),
                     Q("lad", "offence_class"), Q("msoa", "sex"), Q("pfa", "offence_class"),
                     Q("msoa", "offence_class", "sex")]
        self.chance.shuffle(questions)
        for analyst, question in zip(ANALYSTS, questions):
            self.ask("north", question, analyst=analyst)
        self.is_safe("north", [WOMEN])


class LoadAttacks(AttackCase):
    """Two loads that differ by one record."""

    SMALL = {"ward": "W2", "weapon": "VEH"}  # seven of them, then eight

    @classmethod
    def setUpClass(cls):
        records, _ = attack_world.make_records()
        cls.first = records + [cls.vehicle(records, n) for n in range(7)]
        cls.start({"north": cls.first}, {"north": "standard"})

    @staticmethod
    def vehicle(records, n):
        return {**records[n], "person": f"driver{n}", "weapon": "VEH", "lsoa": "L08"}

    def load_again(self, records):
        """Says whether the agency lets these records in."""
        attack_world.write_records(self.partners.folder / "data/north.csv", records)
        try:
            self.partners.load("north")
        except AssertionError:
            return False
        return True

    def test_19_before_and_after_an_insertion(self):
        """The same question daily, around the insertion of one record."""
        questions = [Q("ward", "weapon"), Q("weapon"), Q("lsoa", "weapon")]
        self.load_again(self.first)
        before = [self.ask("north", q) for q in questions]
        system = self.system("north")
        keep = self.sensitive("north", system)
        self.assertIn(self.lattice.cell(**self.SMALL), keep)
        again = self.first + [self.vehicle(self.first, 8)]
        if not self.load_again(again):
            return  # closed: a period is loaded once
        for question, rows in zip(questions, before):
            for row in self.asked("north", *question.words()).rows():
                # One person came in: every figure is what it was, or one more.
                cell = self.lattice.cell(**{v: row[v] for v in question.by})
                high = int(row["high"]) if row["high"] else 10**9
                system.bound(cell, max(0, int(row["low"] or 0) - 1), high)
        findings = attack(system, keep, attack_world.SEED)
        self.assertFalse(findings, self.charge("north", findings, questions, len(keep)))

    def test_20_a_late_record(self):
        """A record comes late: a cell of which fewer than ten changed stays pinned."""
        question = Q("ward", "month")
        self.load_again(self.first)
        before = self.asked("north", *question.words()).raw
        late = self.first + [self.vehicle(self.first, n) for n in range(20, 24)]
        self.load_again(late)
        self.assertEqual(self.asked("north", *question.words()).raw, before)

    def test_20_a_new_month(self):
        """Totals before and after a month came: their difference is that month."""
        months = attack_world.MONTHS
        before = among("month", *months[:-1])
        self.load_again([r for r in self.first if r["when"][:7] != months[-1]])
        questions = [Q("ward", "offence_class"), Q("ward", "sex"), Q("sex", "weapon")]
        for question in questions:
            done = self.asked("north", *question.words())
            self.assertEqual(done.code, COMPLETE, done)
            self.remember("north", "count", Q(*question.by, where=before), done.rows())
        self.load_again(self.first)
        self.ask_all("north", [*questions, Q("ward", "month")])
        self.truths["north"] = attack_world.Truth(self.lattice, self.first)
        self.is_safe("north", looked_at=80)

    def test_26_records_older_than_what_was_told(self):
        """Only the records come back from a backup, not what was told of them."""
        question, other = Q("ward", "role"), Q("ward", "domestic")
        extract = self.partners.folder / f"state/north/extract/{self.data_set}.db"
        self.load_again(self.first)
        self.ask("north", question)
        shutil.copy(extract, self.partners.folder / "older.db")
        self.load_again(self.first[:len(self.first) // 2])
        told = self.asked("north", *question.words()).raw
        self.assertEqual(self.partners.stop("north"), 0)
        shutil.copy(extract, self.partners.folder / "newer.db")
        shutil.copy(self.partners.folder / "older.db", extract)
        self.partners.heal()
        for asked in (question, other):
            done = self.asked("north", *asked.words())
            self.assertNotEqual(done.code, COMPLETE, done)
            self.assertEqual(done.out, "", done)
        self.assertIn("not vouched", self.partners.status("north"))
        shutil.copy(self.partners.folder / "newer.db", extract)
        self.assertEqual(self.partners.stop("north"), 0)
        self.partners.heal()
        self.assertEqual(self.asked("north", *question.words()).raw, told)


class SensitiveAttacks(AttackCase):
    """A ward where everybody had drunk: 17 of 17."""

    data_set, planted = "ed_attendances", ()
    SURE = 0.95

    @classmethod
    def setUpClass(cls):
        chance, records = random.Random(15), []
        for n in range(2600):
            area = chance.choice(attack_world.AREAS)
            if area["ward"] == "W4":
                continue
            records.append(cls.patient(chance, n, area["lsoa"], chance.choice("110")))
        for n in range(17):
            records.append(cls.patient(chance, 9000 + n, f"L{16 + n % 4}", "1"))
        cls.start({"plain": records, "zeros": records}, {"plain": "standard", "zeros": "hes"})

    @staticmethod
    def patient(chance, n, lsoa, drunk):
        return {"person": f"p{n}", "when": f"{chance.choice(attack_world.MONTHS)}-05 20:00",
                "age": chance.randint(12, 60), "lsoa": lsoa, "sex": chance.choice("MF"),
                "alcohol_drug": drunk, "intent": chance.choice(("ASSAULT", "ACCIDENT")),
                "admitted": chance.choice("01")}

    def test_15_a_group_that_is_all_alike(self):
        """Nobody learns that everyone of a group had it; nor by the complement."""
        for agency in ("plain", "zeros"):
            with self.subTest(agency):
                self.ask_all(agency, [
                    Q("ward"), Q("ward", "alcohol_drug"), Q("alcohol_drug"),
                    Q("lad", "alcohol_drug")])
                system = self.is_safe(agency)
                for ward in WARDS:
                    everyone = self.lattice.cell(ward=ward)
                    for code in "10":
                        some = self.lattice.restrict(everyone, "alcohol_drug", code)
                        low, _ = system.range_of({some: 1, everyone: -self.SURE})
                        self.assertLess(low, 0, f"{agency}: at least 95 % of {ward} "
                                                f"have alcohol_drug {code}")


if __name__ == "__main__":
    unittest.main()
