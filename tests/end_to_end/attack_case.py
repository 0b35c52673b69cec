"""What all attacks share: asking, remembering all that was released, judging it."""

import random
import unittest

import attack_world
from attacker import System, attack
from partnership import COMPLETE, PURPOSE

RANGES = {"standard": (0, 7), "hes": (1, 7)}
UNSEEN = 40  # cells that nobody was told of, looked at in one attack
LOOKED_AT = 200  # by linear programs; the planted ones first
PATIENCE = "300s"  # what is told counts here, not how soon


class Question:
    """One question on the lattice; `where` an attacker.Where."""

    def __init__(self, *by, where=None):
        self.by, self.where = by, where

    def words(self):
        words = ["--by", ",".join(self.by)]
        return words + (["--where", self.where.text] if self.where else [])

    def __repr__(self):
        return " ".join(self.words())


def shuffled(suite, last="test_99"):
    """The tests of a suite in the order of the seed; `last` ones at the end."""
    tests = []

    def flatten(item):
        if isinstance(item, unittest.TestCase):
            tests.append(item)
        else:
            for each in item:
                flatten(each)

    flatten(suite)
    by_class = {}
    for test in tests:
        by_class.setdefault(type(test), []).append(test)
    order = unittest.TestSuite()
    for group in by_class.values():
        group.sort(key=lambda t: t.id())
        random.Random(attack_world.SEED).shuffle(group)
        group.sort(key=lambda t: t._testMethodName.startswith(last))
        order.addTests(group)
    return order


class AttackCase(unittest.TestCase):
    """A class sets `policies` (agency -> policy), `records` and `analysts`."""

    analysts = ()
    data_set = attack_world.DATA_SET
    planted = attack_world.PLANTED.values()
    maxDiff = 2000

    @classmethod
    def start(cls, records, policies):
        cls.records, cls.policies = records, policies
        cls.partners = attack_world.open_partnership(
            records, policies, cls.analysts, cls.data_set)
        cls.addClassCleanup(cls.partners.close)
        cls.lattice = attack_world.lattice_of(cls.partners, cls.data_set)
        cls.truths = {a: attack_world.Truth(cls.lattice, r) for a, r in records.items()}
        cls.released = {agency: [] for agency in records}

    def setUp(self):
        self.chance = random.Random(f"{attack_world.SEED} {self.id()}")
        self.mine = {agency: [] for agency in self.records}

    # Asking.

    def asked(self, agency, *words, analyst=None, output="csv", purpose=PURPOSE):
        """One run of cairn."""
        profile = self.partners.folder / f"{analyst}.textproto" if analyst else None
        return self.partners.cairn(
            "query", "--from", self.data_set, "--agencies", agency, *words,
            *purpose, "--timeout", PATIENCE, "-o", output, timeout=330,
            profile=profile or self.partners.profile)

    def ask(self, agency, question, analyst=None, measures=("count",), **options):
        """Rows by measure; whatever is released is remembered."""
        words = [w for m in measures for w in ("--measure", m)]
        done = self.asked(agency, *question.words(), *words, analyst=analyst, **options)
        self.assertEqual(done.code, COMPLETE, done)
        rows = done.rows()
        self.assertTrue(rows, done)
        for measure in measures:
            own = [row for row in rows if row["measure"] == measure]
            self.remember(agency, measure, question, own)
        return rows

    def remember(self, agency, measure, question, rows):
        for book in (self.released, self.mine):
            book[agency].append((measure, question, rows))

    def ask_all(self, agency, questions, **options):
        questions = list(questions)
        self.chance.shuffle(questions)
        for question in questions:
            analyst = self.chance.choice(self.analysts) if self.analysts else None
            self.ask(agency, question, analyst=analyst, **options)

    # Judging.

    def system(self, agency, joins=(), measure="count", book=None):
        """Everything released of a measure, with the tables behind the filters."""
        system = System(self.lattice)
        for released, question, rows in (book or self.mine)[agency]:
            if released == measure:
                system.add(question.by, question.where, rows)
        for variables in joins:
            system.join(*variables)
        return system

    def sensitive(self, agency, system):
        """Cell -> the range that it must keep, or None: not to be known exactly."""
        keep, unseen, truth = {}, [], self.truths[agency]
        low, high = RANGES[self.policies[agency]]
        few = 5 if low == 0 else 3
        at_least = system.at_least(str(high)) if low else {}
        for cell in system.index:
            said = system.printed.get(cell)
            if said and said[1] == "published":
                continue
            count = truth.count(cell)
            if not said and 1 <= count <= high:
                unseen.append(cell)
            elif said and low <= count <= high:
                keep[cell] = (max(low, at_least.get(cell, 0)), high)
            elif count > high and truth.distinct_persons(cell) < few:
                keep[cell] = None
        unseen = self.chance.sample(unseen, min(UNSEEN, len(unseen)))
        return {**keep, **dict.fromkeys(unseen)}

    def holds(self, agency, system):
        """The truth is one of the tables that fit, or the attacker is fooled."""
        truth = self.truths[agency]
        for cell, number in system.index.items():
            count = truth.count(cell)
            low, high = system.low[number], system.high[number]
            self.assertTrue(low <= count <= high,
                            f"{agency}: {self.lattice.words(cell)} is {count} and was "
                            f"said to be {low}..{high}")

        names = {number: cell for cell, number in system.index.items()}
        for numbers, low, high in system.sums:
            figure = sum(truth.count(names[n]) for n in numbers)
            self.assertTrue(low <= figure <= high, (agency, figure, low, high))

    def is_safe(self, agency, planted=(), joins=(), book=None, known=(),
                looked_at=LOOKED_AT):
        """No small cell exact or narrowed, by all that was released."""
        system = self.system(agency, joins, book=book)
        self.holds(agency, system)
        for cell in known:
            count = self.truths[agency].count(cell)
            system.bound(cell, count, count)
        keep = self.sensitive(agency, system)
        for combination in planted:
            cell = self.lattice.cell(**combination)
            self.assertIn(cell, system.index, f"{combination} was not asked for")
        if known:
            keep = {c: None for c in keep if c not in known}
        first = [self.lattice.cell(**c) for c in self.planted]
        findings = attack(system, keep, attack_world.SEED, first, looked_at)
        asked = [q for _, q, _ in (book or self.mine)[agency]]
        self.assertFalse(findings, self.charge(agency, findings, asked, len(keep)))
        return system

    def charge(self, agency, findings, asked, of):
        exact = sum(f.verdict == "exact" for f in findings)
        words = [f"{agency}: {exact} exact and {len(findings) - exact} narrowed of {of} "
                 f"hidden cells, seed {attack_world.SEED}. Asked, in this order:"]
        words += [f"  {question}" for question in asked[:40]]
        words += ["What follows from the answers:"]
        words += [f"  {finding}" for finding in sorted(
            findings, key=lambda f: f.verdict)[:12]]
        return "\n".join(words)
