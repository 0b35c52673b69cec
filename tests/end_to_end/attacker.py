"""An attacker who shares nothing with Cairn but its public words.

He knows the catalogue and the places table (lattice.py) and how a result is printed.
Whatever was released to anyone goes into one system of cells, in which margins,
roll-ups, named groups and filters are all sums of other cells. Then bounds are
propagated to a fixed point, and a linear program gives the least and the greatest
value that each cell of interest can still have.

numpy and scipy (HiGHS) do the arithmetic: Debian's python3-scipy.
"""

import itertools
import math
import random

import numpy
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

OPEN = 10**9  # no upper bound: more than any figure here, and sums of it fit
TOLERANCE = 1e-6


class Where:
    """A filter: its text, and which combinations of codes it lets through."""

    def __init__(self, text, variables, passes):
        self.text, self.variables, self.passes = text, variables, passes

    def __and__(self, other):
        return Where(f"({self.text}) AND ({other.text})",
                     self.variables | other.variables,
                     lambda codes: self.passes(codes) and other.passes(codes))

    def __or__(self, other):
        return Where(f"({self.text}) OR ({other.text})",
                     self.variables | other.variables,
                     lambda codes: self.passes(codes) or other.passes(codes))

    def __invert__(self):
        return Where(f"NOT ({self.text})", self.variables,
                     lambda codes: not self.passes(codes))


def among(variable, *codes, text=None):
    """variable IN (codes); `text` where it is to be written in another way."""
    listed = ", ".join(f"'{code}'" for code in codes)
    return Where(text or f"{variable} IN ({listed})", {variable},
                 lambda row: row[variable] in codes)


class Contradiction(AssertionError):
    """What was released cannot all be true, or was said in two ways."""


class System:
    """Everything that was released of one data set, agency, epoch and measure."""

    def __init__(self, lattice):
        self.lattice = lattice
        self.index = {}  # cell -> number
        self.low, self.high = [], []
        self.printed = {}  # cell -> (value, status, low, high)
        self.variables = []
        self.sums = []  # (numbers, low, high): what filters said
        self.facts = {}
        self.built = None

    def number(self, cell):
        if cell not in self.index:
            self.index[cell] = len(self.low)
            self.low.append(0)
            self.high.append(OPEN)
            self.built = None
        return self.index[cell]

    # What is known.

    def use(self, variables):
        self.variables += [v for v in variables if v not in self.variables]

    def join(self, *variables):
        """All cells of a table that was not released, as unknowns."""
        self.use(variables)
        cells = {self.lattice.full}
        for variable in variables:
            cells |= {p for c in cells for p in self.lattice.parts(c, variable)}
        for cell in cells:
            self.number(cell)

    def say(self, cells, row):
        """That the sum over cells lies where a printed row says."""
        status = row["status"]
        if status == "not_applicable":
            return
        if (status == "published") != (row["value"] not in ("", None)):
            raise Contradiction(f"a {status} row with value {row['value']!r}")
        low = int(row["low"]) if row["low"] not in ("", None) else 0
        high = int(row["high"]) if row["high"] not in ("", None) else OPEN
        self.built = None
        if status == "unavailable":  # of a part of the period, or of the agencies
            if len(cells) == 1:
                self.bound(cells[0], low, OPEN)
            return
        if len(cells) != 1:
            self.sums.append(([self.number(c) for c in cells], low, high))
            return
        (cell,) = cells
        said = (row["value"], status, row["low"], row["high"])
        if self.printed.setdefault(cell, said) != said:
            raise Contradiction(f"{self.lattice.words(cell)} was "
                                f"{self.printed[cell]} and is {said}")
        self.bound(cell, low, high)

    def bound(self, cell, low, high):
        n = self.number(cell)
        self.low[n], self.high[n] = max(self.low[n], low), min(self.high[n], high)
        self.built = None

    def add(self, by, where, rows):
        """A whole answer; rows are dicts with the columns of a CSV result."""
        self.use(by)
        filtered = sorted(where.variables) if where else []
        self.use(filtered)
        masks = self.lattice.masks
        admitted = [{}]
        if where:
            self.join(*by, *filtered)
            choices = itertools.product(*(masks[v] for v in filtered))
            admitted = [dict(zip(filtered, codes)) for codes in choices]
            admitted = [codes for codes in admitted if where.passes(codes)]
        for row in rows:
            cell = self.lattice.cell(**{v: row[v] for v in by})
            cells = []
            for codes in admitted:
                part = cell
                for variable, code in codes.items():
                    part = part and self.lattice.restrict(part, variable, code)
                if part:
                    cells.append(part)
            self.say(cells, row)

    # What follows.

    def build(self):
        """The sums that tie the cells, as rows of two sparse matrices."""
        if self.built:
            return
        relations, partial = set(), set()
        for cell, parent in self.index.items():
            for variable in self.variables:
                parts = self.lattice.parts(cell, variable)
                known = [self.index[p] for p in parts if p in self.index]
                if not known or parent in known:
                    continue
                target = relations if len(known) == len(parts) else partial
                target.add((parent, tuple(sorted(known))))
        rows = [((p, *c), [-1] + [1] * len(c), 0, 0) for p, c in relations]
        rows += [((p, *c), [-1] + [1] * len(c), -OPEN * len(c), 0) for p, c in partial]
        rows += [(c, [1] * len(c), low, high) for c, low, high in self.sums]
        sizes = [len(columns) for columns, _, _, _ in rows]
        self.columns = numpy.array(
            [n for columns, _, _, _ in rows for n in columns], dtype=numpy.int64)
        self.signs = numpy.array(
            [s for _, signs, _, _ in rows for s in signs], dtype=numpy.int64)
        self.row_of = numpy.repeat(numpy.arange(len(rows)), sizes)
        self.row_low = numpy.array([r[2] for r in rows], dtype=numpy.int64)
        self.row_high = numpy.array([r[3] for r in rows], dtype=numpy.int64)
        self.built = True
        self._propagate()
        self._matrices()

    def _propagate(self, passes=500):
        low = numpy.array(self.low, dtype=numpy.int64)
        high = numpy.array(self.high, dtype=numpy.int64)
        plus, rows, columns = self.signs > 0, self.row_of, self.columns
        for _ in range(passes if len(self.row_low) else 0):
            least = numpy.where(plus, low[columns], -high[columns])
            most = numpy.where(plus, high[columns], -low[columns])
            least_of = numpy.zeros(len(self.row_low), dtype=numpy.int64)
            most_of = least_of.copy()
            numpy.add.at(least_of, rows, least)
            numpy.add.at(most_of, rows, most)
            # What is left for one entry when the others do their utmost.
            most_left = self.row_high[rows] - (least_of[rows] - least)
            least_left = self.row_low[rows] - (most_of[rows] - most)
            new_low, new_high = low.copy(), high.copy()
            numpy.maximum.at(new_low, columns, numpy.where(plus, least_left, -most_left))
            numpy.minimum.at(new_high, columns, numpy.where(plus, most_left, -least_left))
            if (new_low > new_high).any():
                n = int(numpy.argmax(new_low > new_high))
                cell = next(c for c, m in self.index.items() if m == n)
                raise Contradiction(f"{self.lattice.words(cell)} would be at least "
                                    f"{new_low[n]} and at most {new_high[n]}")
            if (new_low == low).all() and (new_high == high).all():
                break
            low, high = new_low, new_high
        self.least, self.most = low, high

    def _matrices(self):
        shape = (len(self.row_low), len(self.low))
        self.rows_with = [[] for _ in self.low]
        for row, column in zip(self.row_of.tolist(), self.columns.tolist()):
            self.rows_with[column].append(row)
        matrix = sparse.csr_matrix((self.signs.astype(float),
                                    (self.row_of, self.columns)), shape=shape)
        equal = self.row_low == self.row_high
        below = ~equal & (self.row_high < OPEN)
        above = ~equal & (self.row_low > 0)
        self.equal, self.equal_to = matrix[equal], self.row_low[equal]
        self.at_most = sparse.vstack([matrix[below], -matrix[above]])
        self.limit = numpy.concatenate([self.row_high[below], -self.row_low[above]])

    def solve(self, objective, caps=None, integer=False, presolve=True):
        """A point of least objective ({number: weight}); None if it is unbounded."""
        self.build()
        weights = numpy.zeros(len(self.low))
        for n, weight in objective.items():
            weights[n] = weight
        low = self.least.astype(float)
        high = numpy.where(self.most >= OPEN // 2, numpy.inf, self.most)
        for n, cap in (caps or {}).items():
            high[n] = min(high[n], cap)
        if integer:
            rows = []
            if self.equal.shape[0]:
                rows.append(LinearConstraint(self.equal, self.equal_to, self.equal_to))
            if self.at_most.shape[0]:
                rows.append(LinearConstraint(self.at_most, -numpy.inf, self.limit))
            # The presolve of HiGHS in scipy 1.10 has cut off the best whole
            # numbers of one table in some hundred.
            found = milp(weights, constraints=rows, bounds=Bounds(low, high),
                         integrality=numpy.ones(len(weights)),
                         options={"presolve": False})
        else:
            found = linprog(weights, A_ub=self.at_most, b_ub=self.limit,
                            A_eq=self.equal, b_eq=self.equal_to,
                            bounds=numpy.stack([low, high], axis=1),
                            method="highs", options={"presolve": presolve})
        if found.status == 2 and presolve and not integer:
            # Seen of a system that the truth fits: the presolve again.
            return self.solve(objective, caps, presolve=False)
        if found.status == 3:
            return None
        if found.status != 0:
            raise Contradiction(f"no table fits what was released: {found.message}")
        return found.x

    def at_least(self, top):
        """By cell: the least it can be when all that one knows is who is nobody.

        Where zeros are shown, every other cell is at least 1, and a margin at least
        the number of its entries that are not zero: the mark of a hidden margin says
        so. No rule can take that back. `top`: the upper end of a small cell's mark.
        """
        plain = System(self.lattice)
        plain.index, plain.variables = self.index, self.variables
        zero = {self.index[c] for c, said in self.printed.items() if said[2:] == ("0", "0")}
        plain.low = [min(1, low) for low in self.low]
        for cell, (_, status, low, high) in self.printed.items():
            if status == "suppressed" and high != top:  # a margin: what is below it
                plain.low[self.index[cell]] = int(low)
        plain.high = [0 if n in zero else OPEN for n in range(len(self.low))]
        plain.build()
        return {cell: int(plain.least[n]) for cell, n in self.index.items()}

    def bounds(self, cell, **options):
        """The least and greatest whole number that a cell can be; None: no limit."""
        n = self.number(cell)
        least, most = self.solve({n: 1}, **options), self.solve({n: -1}, **options)
        high = None if most is None else math.floor(most[n] + TOLERANCE)
        return math.ceil(least[n] - TOLERANCE), high

    def strangers(self, cells):
        """Some of the cells, no two of which stand in one sum."""
        chosen, taken = [], set()
        for cell in cells:
            rows = set(self.rows_with[self.number(cell)])
            if not rows & taken:
                taken |= rows
                chosen.append(cell)
        return chosen

    def range_of(self, weights):
        """The interval of a weighted sum of cells ({cell: weight})."""
        of = {self.number(c): w for c, w in weights.items()}
        least = self.solve(of)
        most = self.solve({n: -w for n, w in of.items()})
        def total(x):
            return math.inf if x is None else sum(w * x[n] for n, w in of.items())

        return (-math.inf if least is None else total(least)), total(most)


class Finding:
    """What an attacker knows of one sensitive cell: exact, narrow or ok."""

    def __init__(self, verdict, words, low, high, keep):
        self.verdict, self.words = verdict, words
        self.low, self.high, self.keep = low, high, keep

    def __repr__(self):
        rule = "" if self.keep is None else f" (should be {self.keep[0]}..{self.keep[1]})"
        return f"{self.verdict}: {self.words} is {self.low}..{self.high}{rule}"


def judge(system, cell, low, high, keep):
    if high is not None and low >= high:
        verdict = "exact"
    elif keep and (low > keep[0] or (high is not None and high < keep[1])):
        verdict = "narrow"
    else:
        verdict = "ok"
    return Finding(verdict, system.lattice.words(cell), low, high, keep)


def attack(system, sensitive, seed=1, first=(), most=10**9):
    """The findings that are not ok.

    `sensitive`: cell -> (low, high), the whole range that it must keep; or None: it
    must not be known exactly. All are held against the propagated bounds; the linear
    programs look at those named `first` and at others, `most` in all. One solution
    proves for many cells at once that they can be as large (as small) as the rule
    says; those that no solution proves get two programs of their own.
    """
    system.build()
    chance, findings, open_cells = random.Random(seed), [], {}
    for cell, keep in sensitive.items():
        if cell not in system.index:
            continue
        n = system.index[cell]
        high = int(system.most[n])
        found = judge(system, cell, int(system.least[n]),
                      None if high >= OPEN // 2 else high, keep)
        if found.verdict == "ok":
            open_cells[cell] = keep
        else:
            findings.append(found)
    others = [c for c in open_cells if c not in first]
    chance.shuffle(others)
    looked_at = [c for c in first if c in open_cells] + others
    open_cells = {c: open_cells[c] for c in looked_at[:most]}
    lowest = {n: math.inf for n in map(system.number, open_cells)}
    highest = dict.fromkeys(lowest, -math.inf)

    def learn(point):
        for n in lowest:
            lowest[n] = min(lowest[n], point[n])
            highest[n] = max(highest[n], point[n])

    def proved(cell, keep, side):
        n = system.number(cell)
        if keep is None:
            return highest[n] - lowest[n] >= 1
        return (lowest[n] <= keep[0] + TOLERANCE if side < 0 else
                highest[n] >= keep[1] - TOLERANCE)

    for side in (1, -1):
        tried = set()
        while True:
            pending = [c for c, k in open_cells.items()
                       if c not in tried and not proved(c, k, side)]
            if not pending:
                break
            chance.shuffle(pending)
            # Everybody at once first; then such as share no sum.
            batch = pending if not tried else system.strangers(pending)
            if tried and len(batch) < 3:
                break
            tried.update(batch if tried else ["all"])
            caps = {system.number(c): open_cells[c][1] if open_cells[c] else
                    system.least[system.number(c)] + 100 for c in batch}
            try:
                point = system.solve({system.number(c): -side * chance.uniform(1, 2)
                                      for c in batch}, caps)
            except Contradiction:
                continue  # the caps were too much; each gets its own program
            learn(point)
    for cell, keep in open_cells.items():
        if proved(cell, keep, 1) and proved(cell, keep, -1):
            continue
        found = judge(system, cell, *system.bounds(cell), keep)
        if found.verdict != "ok":  # an accusation is worked out twice
            found = judge(system, cell, *system.bounds(cell, presolve=False), keep)
        if found.verdict != "ok":
            findings.append(found)
    return findings
