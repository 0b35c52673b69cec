"""The clock: twin worlds of whom no figure tells are not told apart by time either.

Attack 28. Whoever asks, sees when an answer comes and what it says of its own time.
Both twins are asked the same questions, such as show the same of both, one after the
other in an order by chance, so that the machine's noise is shared.
"""

import math
import statistics
import threading
import unittest

import attack_world
import test_attack_twins
from attack_case import shuffled
from partnership import COMPLETE
from test_attack_twins import TWINS

ASKED = 16  # questions of each twin in one sample
P = 0.01  # that two twins seem different by chance, in any of all comparisons
PLANTED = 0.25  # seconds: one step of the times at which first answers leave


def load_tests(loader, tests, pattern):
    return shuffled(tests)


def told_apart(left, right, chance, rounds=5000):
    """Mann-Whitney's U by permutation: p of two samples from one source."""
    both = sorted([(x, 0) for x in left] + [(x, 1) for x in right])
    ranks, at = [], 0
    while at < len(both):
        end = at
        while end < len(both) and both[end][0] == both[at][0]:
            end += 1
        ranks += [(at + end - 1) / 2] * (end - at)
        at = end
    mean = statistics.mean(ranks) * len(left)
    seen = abs(sum(r for r, (_, side) in zip(ranks, both) if side == 0) - mean)
    more = 0
    for _ in range(rounds):
        more += abs(sum(chance.sample(ranks, len(left))) - mean) >= seen - 1e-9
    return (more + 1) / (rounds + 1)


def signs_told_apart(differences):
    """Two-sided sign test of paired differences; ties say nothing."""
    plus = sum(d > 0 for d in differences)
    n = plus + sum(d < 0 for d in differences)
    tail = sum(math.comb(n, k) for k in range(min(plus, n - plus) + 1)) / 2 ** n
    return min(1.0, 2 * tail)


class TimeAttacks(test_attack_twins.TwinCase):
    VARIABLES = ("lad", "ward", "msoa", "lsoa", "weekday", "month", "quarter", "sex",
                 "domestic", "role", "outcome_group", "ethnicity5", "age_core",
                 "age_u25", "violence", "weapon_kind", "location_type")

    unasked = {}  # by twins: what none of the tests asked yet

    def fresh(self, twins):
        """As many questions as one sample has, asked of nobody before."""
        if twins not in self.unasked:
            self.unasked[twins] = self.alike_in(twins)
            self.chance.shuffle(self.unasked[twins])
        return [self.unasked[twins].pop() for _ in range(ASKED)]

    def alike_in(self, twins):
        """Pairs of variables by which both would be shown the same, to the margins.

        So too by coarser levels of each: in these, tables meet.
        """
        left, right = (self.truths[agency] for agency in twins)
        policy = self.policies[twins[0]]
        few = {"standard": 5, "hes": 3}[policy]
        cells = self.lattice

        def code(variable):  # of the person whom one world has more
            bits = right.leaf[cells.dimension_of[variable]][-1]
            return next(c for c, mask in cells.masks[variable].items() if mask & bits)

        def look(truth, cell):
            count = truth.count(cell)
            if count <= 7:
                return count == 0 and policy == "hes"  # zeros are shown
            return truth.distinct_persons(cell) < few, (count + 2) // 5

        def above(variable):
            """The variable, and those of its dimension made of whole codes of it."""
            return [v for v in self.VARIABLES
                    if cells.dimension_of[v] == cells.dimension_of[variable]
                    and all(any(m & mask == m for mask in cells.masks[v].values())
                            for m in cells.masks[variable].values())]

        same = {}

        def looks_same(*variables):
            if variables not in same:
                cell = cells.cell(**{v: code(v) for v in variables})
                same[variables] = look(left, cell) == look(right, cell)
            return same[variables]

        def fits(a, b):
            return all(looks_same(x) and looks_same(y) and looks_same(x, y)
                       for x in above(a) for y in above(b))

        return [(a, b) for n, a in enumerate(self.VARIABLES) for b in self.VARIABLES[:n]
                if cells.dimension_of[a] != cells.dimension_of[b] and fits(a, b)]

    def time_of(self, questions, twins, hinder=lambda agency: None):
        """Of each twin: seconds of each question, first answers and pinned ones."""
        first, again = ({agency: [] for agency in twins} for _ in range(2))
        for book in (first, again):
            for by in questions:
                order, rows = list(twins), []
                self.chance.shuffle(order)
                for agency in order:
                    hinder(agency)
                    done = self.asked(agency, "--by", ",".join(by), output="json")
                    self.assertEqual(done.code, COMPLETE, done)
                    result = done.json()
                    rows.append(result["rows"])
                    book[agency].append((done.seconds, result["agencies"][0]["elapsed_ms"]))
                self.assertEqual(*rows, (by, twins))
        for agency in twins:
            for _, said in first[agency]:
                self.assertTrue(said in (250, 500) or said % 1000 == 0, said)
        return first, again

    def suspects(self, questions, twins, **options):
        """(slower twin, first or again, clock) -> p and both medians, where p is low."""
        found = {}
        for name, book in zip(("first", "again"), self.time_of(questions, twins, **options)):
            for at, clock in enumerate(("wall", "elapsed_ms")):
                left, right = ([t[at] for t in book[agency]] for agency in twins)
                ranks = told_apart(left, right, self.chance)
                signs = signs_told_apart([a - b for a, b in zip(left, right)])
                slower = statistics.mean(left) > statistics.mean(right)
                found[twins[not slower], name, clock] = (
                    min(ranks, signs), statistics.median(left), statistics.median(right))
        compared = 2 * 2 * 2 * len(TWINS)
        return {key: said for key, said in found.items() if said[0] <= P / compared}

    def test_28_time(self):
        """Neither the clock on the wall nor elapsed_ms tells the twins apart.

        One retry, with other questions and new processes, as one process may be
        slower than its twin by itself: who is slower must be so again.
        """
        for twins in TWINS:
            with self.subTest(twins):
                before = self.suspects(self.fresh(twins), twins)
                if not before:
                    continue
                for agency in twins:
                    self.assertEqual(self.partners.stop(agency), 0)
                self.partners.heal()
                now = self.suspects(self.fresh(twins), twins)
                told = {key: (before[key], now[key]) for key in set(before) & set(now)}
                self.assertFalse(told, f"{twins}: slower twice, with p and both medians")

    def test_28_a_delay_would_be_seen(self):
        """The same test of a twin that is held up: it says so, and says who."""
        twins = TWINS[0]

        def hinder(agency):
            if agency == twins[1]:
                self.partners.freeze(agency)
                threading.Timer(PLANTED, self.partners.thaw, (agency,)).start()

        found = self.suspects(self.fresh(twins), twins, hinder=hinder)
        self.assertIn((twins[1], "again", "wall"), found)


if __name__ == "__main__":
    unittest.main()
