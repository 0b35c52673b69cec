"""The attacks of a patient analyst on one agency (design notes, attacks 1 to 36).

Each is made from outside with `cairn`, on planted records, under the standard
policy and under one that shows zeros. What it was told is then judged by the
independent attacker: no hidden small cell may be exact or narrowed. The order of
tests and of questions is shuffled; CAIRN_SEED repeats one order.
"""

import itertools
import unittest

import attack_world
from attack_case import AttackCase, Question, shuffled
from attack_world import (ALONE, CHILDREN, LAST_LSOA, ONES, PROLIFIC, RICH, UNIQUE,
                          WARDS, WOMEN, ZERO_ROW, ZERO_SMALL)
from attacker import among, attack
from partnership import COMPLETE, USAGE

Q = Question
AGENCIES = ("plain-a", "zeros-a")


def load_tests(loader, tests, pattern):
    return shuffled(tests)


class LatticeAttacks(AttackCase):
    analysts = ("ann", "bob", "cem")

    @classmethod
    def setUpClass(cls):
        records, _ = attack_world.make_records()
        cls.start({"plain-a": records, "zeros-a": records},
                  {"plain-a": "standard", "zeros-a": "hes"})

    def attack(self, *questions, planted=(), joins=(), known=()):
        for agency in AGENCIES:
            with self.subTest(agency):
                self.ask_all(agency, questions)
                self.is_safe(agency, planted, joins, known=known)

    def test_01_total_minus_the_rest(self):
        """A total, and all of its parts but one."""
        rest = ~among("offence_class", "HOM")
        self.attack(
            Q("ward"), Q("ward", "offence_class"), Q("offence_class"),
            Q("ward", "sex", where=rest), Q("ward", "sex", "offence_class"),
            Q("sex", where=rest & among("ward", "W1")),
            planted=[WOMEN])

    def test_02_a_chain_of_margins(self):
        """A cube with all its faces: rows, columns and slices together."""
        variables = ("ward", "age_core", "domestic")
        questions = [Q(*some) for n in (1, 2, 3)
                     for some in itertools.combinations(variables, n)]
        self.attack(*questions)

    def test_03_a_row_of_ones(self):
        """A row whose few entries are all one."""
        self.attack(Q("outcome_group", "ward"), Q("outcome_group"), Q("ward"),
                    Q("ward", where=among("outcome_group", "not_public_interest")),
                    Q("outcome_group", "lad"),
                    planted=[ONES, {**ONES, "ward": "W0"}])

    def test_04_a_row_with_one_entry(self):
        """A row of zeros but for one: its total is its entry."""
        self.attack(Q("location_type", "ward"), Q("location_type"), Q("ward"),
                    Q("weapon", "ward"), Q("weapon"), Q("weapon", "lad"),
                    planted=[{**ZERO_ROW, "ward": "W2"}, {**ZERO_SMALL, "ward": "W1"}])

    def test_05_a_ward_minus_its_areas(self):
        """A ward, each of its areas but one, and the middle areas that cross it."""
        knife = among("weapon", "KNIFE")
        most = among("lsoa", "L00", "L01", "L02")
        self.attack(Q("ward", "weapon"), Q("lsoa", "weapon"), Q("msoa", "weapon"),
                    Q("lad", "weapon"), Q("ward", where=knife), Q("lsoa", where=knife),
                    Q("weapon", where=most), Q("sex", where=most & knife),
                    planted=[LAST_LSOA, {**LAST_LSOA, "lsoa": "L02"}])

    def test_06_one_age_minus_another(self):
        """Under 18 minus under 16, by bands, groups, named groups and ranges."""
        def under(age, *bands):
            return among("age_band", *bands, text=f"age < {age}")

        sixteen = under(16, "0-4", "5-9", "10-13", "14-15")
        eighteen = under(18, "0-4", "5-9", "10-13", "14-15", "16-17")
        self.attack(Q("ward", "age_band"), Q("ward", "age_core"), Q("ward", "age_u25"),
                    Q("age_band"), Q("age_core"), Q("ward"),
                    Q("ward", where=sixteen), Q("ward", where=eighteen),
                    planted=[ALONE, CHILDREN])
        for off_the_edge in ("age < 17", "age BETWEEN 10 AND 16", "age = 17"):
            done = self.asked("plain-a", "--by", "ward", "--where", off_the_edge)
            self.assertEqual((done.code, done.out), (USAGE, ""), done)

    def test_07_everyone_minus_males(self):
        """One analyst asks for everyone, another for males."""
        of = among("offence_class", "HOM", "STALK")
        for agency in AGENCIES:
            with self.subTest(agency):
                self.ask(agency, Q("ward", "offence_class"), analyst="ann")
                self.ask(agency, Q("ward", where=of), analyst="ann")
                self.ask(agency, Q("ward", "offence_class", where=among("sex", "M")),
                         analyst="bob")
                self.ask(agency, Q("ward", where=of & ~among("sex", "M")), analyst="cem")
                self.is_safe(agency, [WOMEN])

    def test_08_one_question_in_a_hundred_dresses(self):
        """The same question written in other words is told the same, to the byte."""
        sexes, codes = ["M", "F"], ["KNIFE", "GUN"]
        for agency in AGENCIES:
            answers = set()
            for n in range(50):
                self.chance.shuffle(sexes)
                self.chance.shuffle(codes)
                weapon = self.chance.choice((
                    "weapon IN ('{0}', '{1}')", "weapon='{0}' or weapon = '{1}'",
                    "NOT NOT weapon IN ('{1}','{0}', '{1}')",
                    "NOT (weapon <> '{0}' AND weapon <> '{1}')",
                    "(weapon_kind = '{0}' OR weapon = '{1}')")).format(*codes)
                sex = self.chance.choice((
                    "sex IN ('{0}','{1}')", "sex NOT IN ('X', 'U')",
                    "NOT (sex = 'X' OR sex='U')", "  sex = '{1}' OR sex = '{0}'",
                    "sex IN ('{0}', '{1}') AND sex IN ('M','F','X','U')")).format(*sexes)
                parts = [f"({weapon})", f"({sex})"]
                self.chance.shuffle(parts)
                done = self.asked(agency, "--by", "ward", "--where", " AND ".join(parts),
                                  analyst=self.chance.choice(self.analysts))
                self.assertEqual(done.code, COMPLETE, done)
                answers.add(done.raw)
            self.assertEqual(len(answers), 1, agency)

    def test_09_averaging(self):
        """One set of people in a hundred partitions; the mean of the sums."""
        target = among("age_band", "16-17")
        variables = ("sex", "offence_class", "weapon", "location_type", "domestic",
                     "outcome_group", "ethnicity5", "role")
        for agency in AGENCIES:
            with self.subTest(agency):
                for n in range(50):
                    variable = variables[n % len(variables)]
                    codes = list(self.lattice.masks[variable])
                    half = self.chance.sample(codes, self.chance.randint(1, len(codes) - 1))
                    for part in (among(variable, *half), ~among(variable, *half)):
                        self.ask(agency, Q("ward", where=target & part))
                self.is_safe(agency, [ALONE])

    def test_10_a_general_tracker(self):
        """q(C) = q(C or T) + q(C or not T) - q(all), T about half of everyone."""
        target = among("ward", "W4") & among("age_band", "16-17")
        for agency in AGENCIES:
            with self.subTest(agency):
                for tracker in (among("sex", "M"), among("domestic", "1"),
                                among("location_type", "HOME", "SHOP")):
                    (by,) = tracker.variables
                    self.ask(agency, Q(by, where=target | tracker))
                    self.ask(agency, Q(by, where=target | ~tracker))
                    self.ask(agency, Q(by))
                self.is_safe(agency, [ALONE])

    def test_11_an_individual_tracker(self):
        """C through C and not A, where A singles out one known person."""
        group = among("ward", "W4") & among("sex", "F")
        one = among("age_band", "16-17")
        self.attack(Q("domestic", where=group), Q("domestic", where=group & ~one),
                    Q("ward", "sex", where=~one), Q("ward", "sex"), planted=[ALONE])

    def test_12_padding_with_people_one_knows(self):
        """A small group together with a known one, to pass the threshold."""
        padding = among("age_band", "14-15", "10-13")
        known = [self.lattice.cell(ward="W5", age_band="14-15")]
        self.attack(Q("sex", where=among("ward", "W5") & padding), Q("ward", "age_band"),
                    Q("ward", where=padding), planted=[CHILDREN], known=known)

    def test_13_a_scan_over_the_rounding_boundary(self):
        """A group with paddings of many sizes never says more than its own mark."""
        target = among("age_band", "10-13")
        paddings = ["14-15", "16-17", "18-19", "20-24", "25-34", "35-44"]
        for agency in AGENCIES:
            with self.subTest(agency):
                for n in range(1, len(paddings) + 1):
                    for bands in itertools.combinations(paddings, n):
                        if self.chance.random() < 0.4:
                            self.ask(agency, Q("ward", where=target
                                               | among("age_band", *bands)))
                self.ask(agency, Q("ward", "age_band"))
                self.is_safe(agency, [CHILDREN])

    def test_16_mean_and_count_to_the_sum_of_one(self):
        """The mean of S, and of S and one more person."""
        one = among("age_band", "16-17")
        group = among("ward", "W4")
        measures = ("count", "sum:harm_cost", "mean:harm_cost")
        for agency in AGENCIES:
            with self.subTest(agency):
                for question in (Q("sex", where=group), Q("sex", where=group & ~one),
                                 Q("ward", "age_band"), Q("ward", "age_core"), Q("ward")):
                    self.ask(agency, question, measures=measures)
                self.is_safe(agency, [ALONE])
                self.money_is_safe(agency, self.lattice.cell(**ALONE))

    def money_is_safe(self, agency, cell):
        """The cost of the one person in the cell is not known to within 10 %."""
        system = self.system(agency, measure="sum:harm_cost")
        truth = self.truths[agency].harm_cost(cell)
        low, high = system.bounds(cell)
        self.assertLessEqual(low, truth)
        if high is not None:
            self.assertGreaterEqual(high, truth)
            self.assertGreater(high - low, 0.2 * truth, (agency, low, high, truth))

    def test_17_a_sum_that_is_one_persons(self):
        """Twelve events, one of which has nearly all of the cost."""
        measures = ("count", "sum:harm_cost")
        for agency in AGENCIES:
            with self.subTest(agency):
                for question in (Q("ward", "location_type"), Q("location_type"), Q("ward"),
                                 Q("location_type", "lad")):
                    self.ask(agency, question, measures=measures)
                self.is_safe(agency, [RICH])
                self.money_is_safe(agency, self.lattice.cell(**RICH))
        for measure in ("min:harm_cost", "max:harm_cost", "median:harm_cost",
                        "percentile:harm_cost"):
            done = self.asked("plain-a", "--by", "ward", "--measure", measure)
            self.assertEqual((done.code, done.out), (USAGE, ""), done)

    def test_18_one_prolific_person(self):
        """Fifteen events of one person pass a rule on events, not one on persons."""
        for agency in AGENCIES:
            with self.subTest(agency):
                rows = []
                for question in (Q("ward", "weapon"), Q("weapon"), Q("lsoa", "weapon")):
                    rows += self.ask(agency, question, measures=("count", "distinct_persons"))
                self.is_safe(agency, [PROLIFIC])
                for row in rows:
                    if row["weapon"] == PROLIFIC["weapon"]:
                        self.assertNotIn(row["value"], ("15", "10", "20"), row)

    def test_21_rolling_sums(self):
        """Year to date minus year to date, and windows of six months."""
        months = attack_world.MONTHS
        windows = [months[:n] for n in range(1, 12)]
        windows += [months[n:n + 6] for n in range(1, 7)]
        self.attack(*(Q("outcome_group", where=among("month", *window))
                      for window in windows), Q("outcome_group", "month"),
                    Q("outcome_group", "quarter"), Q("month"),
                    Q("outcome_group", "calendar_year"), planted=[ONES])

    def test_22_margins_agree_in_every_order(self):
        """A x B, A, B and the total in all orders: one cell is told in one way."""
        variables = ("sex", "domestic", "role", "age_core", "age_u25", "violence",
                     "weapon_kind", "ethnicity5", "quarter", "lad")
        pairs = [p for p in itertools.combinations(variables, 2)
                 if set(p) != {"age_core", "age_u25"}]
        self.chance.shuffle(pairs)
        for order, (a, b) in zip(itertools.permutations(range(4)), pairs):
            questions = (Q(a, b), Q(a), Q(b), Q("pfa"))
            for agency in AGENCIES:
                for n in order:
                    self.ask(agency, questions[n])
        for agency in AGENCIES:
            with self.subTest(agency):
                self.is_safe(agency)  # a cell told in two ways is a Contradiction

    def test_23_a_cube_from_its_faces(self):
        """All six pairs and four triples of four variables, then the cells behind."""
        variables = ("ward", "age_core", "sex", "domestic")
        faces = [Q(*some) for n in (2, 3)
                 for some in itertools.combinations(variables, n)]
        self.attack(*faces, joins=[variables])

    def test_30_what_the_marks_say(self):
        """One who knows the rule reads more from a mark than it says.

        A small cell's mark is the range of the rule. So a hidden margin whose mark
        has another upper end is not small: nothing may follow from that.
        """
        for agency in AGENCIES:
            with self.subTest(agency):
                self.ask_all(agency, [Q("sex", "age_u25"), Q("sex", "age_core", "lad"),
                                      Q("weapon_kind", "age_u25"), Q("weapon", "sex"),
                                      Q("weapon", "lad"), Q("outcome_group", "ward")])
                system = self.system(agency)
                low, top = (1, 7) if agency == "zeros-a" else (0, 7)
                keep = self.sensitive(agency, system)
                readable = [c for c, said in system.printed.items()
                            if said[1] == "suppressed" and said[3] not in ("", str(top))]
                counts = [self.truths[agency].count(c) for c in readable]
                if not counts or min(counts) <= top:
                    continue  # the mark says nothing about the count
                for cell in readable:
                    system.bound(cell, top + 1, 10**9)
                findings = attack(system, keep, attack_world.SEED)
                asked = [q for _, q, _ in self.mine[agency]]
                self.assertFalse(findings, self.charge(agency, findings, asked, len(keep)))

    def test_31_an_insider(self):
        """The one person of a cell of one learns nothing exactly of another cell."""
        questions = [Q("ward", "age_band"), Q("age_band"), Q("outcome_group", "ward"),
                     Q("ward", "offence_class"), Q("ward")]
        for agency in AGENCIES:
            with self.subTest(agency):
                self.ask_all(agency, questions)
                for me in (ALONE, {**ONES, "ward": "W0"}, {**ONES, "ward": "W1"}):
                    self.is_safe(agency, known=[self.lattice.cell(**me)])

    def tables_behind(self, agency):
        """The tables whose cells the filters added up: whoever asks is told them."""
        behind = {}
        for _, question, _ in self.released[agency]:
            if question.where:
                variables = sorted({*question.by, *question.where.variables})
                behind[tuple(variables)] = Q(*variables)
        return behind.values()

    def test_99_everything_together(self):
        """All that all attacks were told, in one system, and all that they may ask."""
        for agency in AGENCIES:
            with self.subTest(agency):
                self.assertTrue(self.released[agency],
                                "nothing was told before: run the other rows with it")
                for question in self.tables_behind(agency):
                    self.ask(agency, question)
                self.is_safe(agency, book=self.released, looked_at=60)


if __name__ == "__main__":
    unittest.main()
