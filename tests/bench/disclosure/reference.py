#!/usr/bin/env python3
"""What two published methods hide on the tables of make_tables.py.

usage: reference.py [--method interval,gauss] [--threshold 5,10] [--batch N]
                    [--known-marks] [--tsv FILE] [--patterns DIR]
                    TABLES_DIR [NAME..]

The yardsticks that docs/disclosure.md holds the engine against; slow on
purpose and written apart from it.
  interval  certificates repaired by linear programs, so that every small cell
            keeps its whole interval. One consistent table proves for all cells
            at once that each can be what it is there; what it takes to reach
            the targets of a batch of cells is found by one program, in which a
            shown cell may move at a cost by its size; shown cells that moved
            are hidden.
  gauss     Gaussian elimination (Langsrud 2024, 10.1007/978-3-031-69651-0_6):
            candidates by decreasing value are shown unless a small cell then
            lies in the span of the shown ones, or a sum of ones stands alone.
            Safe against exact recovery only.
Counts of 1..threshold-1 are hidden, zeros shown. Prints one line a run: hidden
cells, their total (small ones and complements together), CPU seconds. Needs
numpy and scipy (apt-get install python3-scipy).
"""
import argparse
import os
import random
import sys
import time

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cube import read_cube  # noqa: E402

MISSED = 30.0  # what one unit short of a target costs
TOLERANCE = 1e-6
PRIME = 67108859  # products stay whole in a double


class Classes:
    """Non-empty cells, those with the same people taken as one."""

    def __init__(self, cube):
        rng = random.Random(1)
        mark = [0] * len(cube.keys)
        self.leaf_of, below = [], [[] for _ in cube.keys]
        for leaf in cube.leaves():
            if cube.counts[leaf] == 0:
                continue
            bits = rng.getrandbits(128)
            for cell in cube.above(leaf):
                mark[cell] ^= bits
                below[cell].append(len(self.leaf_of))
            self.leaf_of.append(leaf)
        ids, self.of = {}, [-1] * len(cube.keys)
        for cell, m in enumerate(mark):
            if cube.counts[cell] > 0:
                self.of[cell] = ids.setdefault(m, len(ids))
        self.count = len(ids)
        self.value = np.zeros(self.count)
        self.members = np.zeros(self.count, dtype=np.int64)
        self.below = [None] * self.count
        for cell, c in enumerate(self.of):
            if c >= 0:
                self.value[c] = cube.counts[cell]
                self.members[c] += 1
                self.below[c] = below[cell]
        self.leaves = np.array([len(b) for b in self.below])
        self.relations = sorted({
            (self.of[parent], tuple(sorted(self.of[c] for c in children
                                           if self.of[c] >= 0)))
            for parent, children in cube.relations if self.of[parent] >= 0})
        self.relations = [r for r in self.relations if r[1] != (r[0],)]

    def matrix(self):
        rows, columns, data = [], [], []
        for i, (parent, children) in enumerate(self.relations):
            rows += [i] * (len(children) + 1)
            columns += [parent, *children]
            data += [-1.0] + [1.0] * len(children)
        return sparse.csc_matrix((data, (rows, columns)),
                                 shape=(len(self.relations), self.count))


class Interval:
    def __init__(self, classes, threshold, batch, known_marks=False):
        self.c, self.batch, self.known_marks = classes, batch, known_marks
        value = classes.value
        self.matrix = classes.matrix()
        self.small = value < threshold
        self.hidden = self.small.copy()
        self.low, self.high = value.copy(), value.copy()
        self.goal_low = np.maximum(1, classes.leaves).astype(float)
        self.goal_high = float(threshold - 1)
        self.rng = random.Random(1)

    def wanting(self):
        """[(class, +1 or -1)]: ends of intervals not reached yet."""
        up = np.flatnonzero(
            self.small & (self.high < self.goal_high - TOLERANCE))
        down = np.flatnonzero(
            self.small & (self.low > self.goal_low + TOLERANCE))
        return [(int(i), 1) for i in up], [(int(i), -1) for i in down]

    def push(self, goals):
        """One program towards all goals. False if it gave no table."""
        value, n = self.c.value, self.c.count
        shown = np.flatnonzero(~self.hidden)
        cost = np.zeros(n)
        cost[shown] = value[shown] / value.max()
        # Moves up of all, moves down of the shown, what is missed by a goal.
        costs = np.concatenate([cost, cost[shown], np.full(len(goals), MISSED)])
        low = np.where(self.hidden, 1 - value, 0)
        bounds = np.zeros((len(costs), 2))
        bounds[:n, 0], bounds[:, 1] = low, np.inf
        bounds[n:n + len(shown), 1] = value[shown] - 1
        if self.known_marks:
            small = np.flatnonzero(self.small)
            bounds[small, 1] = self.goal_high - value[small]
        equal = sparse.hstack([
            self.matrix, -self.matrix[:, shown],
            sparse.csc_matrix((self.matrix.shape[0], len(goals)))]).tocsc()
        rows = np.arange(len(goals))
        cells = np.array([g[0] for g in goals])
        signs = np.array([g[1] for g in goals], dtype=float)
        goal = np.where(signs > 0, self.goal_high, self.goal_low[cells])
        reach = sparse.csr_matrix(
            (np.concatenate([-signs, -np.ones(len(goals))]),
             (np.concatenate([rows, rows]),
              np.concatenate([cells, n + len(shown) + rows]))),
            shape=(len(goals), len(costs)))
        found = linprog(costs, A_ub=reach, b_ub=-signs * (goal - value[cells]),
                        A_eq=equal, b_eq=np.zeros(equal.shape[0]),
                        bounds=bounds, method="highs")
        if found.x is None:
            return False
        move = found.x[:n].copy()
        move[shown] -= found.x[n:n + len(shown)]
        table = value + move
        if (np.abs(self.matrix @ move).max(initial=0) > 1e-5
                or table.min() < 1 - 1e-5):
            return False
        self.hidden |= np.abs(move) > TOLERANCE
        self.low = np.minimum(self.low, table)
        self.high = np.maximum(self.high, table)
        return True

    def run(self):
        size, failed = self.batch, set()
        while True:
            up, down = ([g for g in side if g not in failed]
                        for side in self.wanting())
            if not up and not down:
                break
            before = len(up) + len(down)
            if before <= 20:
                size = 1
            self.rng.shuffle(up)
            self.rng.shuffle(down)
            if size == 1:
                goals = (up or down)[:1]
            else:
                half = size // 2
                goals = up[:max(half, size - len(down))]
                chosen = {g[0] for g in goals}
                goals += [g for g in down if g[0] not in chosen][
                    :size - len(goals)]
            hidden = self.hidden.sum()
            self.push(goals)
            after = sum(len([g for g in side if g not in failed])
                        for side in self.wanting())
            if after == before and self.hidden.sum() == hidden:
                if size == 1:
                    failed.add(goals[0])
                size = max(1, size // 4)
        return self.hidden, len(failed)


def reduce_mod(a):
    """Whole doubles below 2^53, to 0..PRIME-1, in place."""
    a -= np.floor(a * (1.0 / PRIME)) * PRIME
    a[a < 0] += PRIME
    a[a >= PRIME] -= PRIME
    return a


def gauss(classes, threshold):
    value = classes.value
    small = value < threshold
    leaf_value = np.zeros(len(classes.leaf_of))
    for c, below in enumerate(classes.below):
        if len(below) == 1:
            leaf_value[below[0]] = value[c]
    one = leaf_value == 1
    order = np.argsort(leaf_value == 1, kind="stable")  # ones last
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    one = one[order]
    columns = np.zeros((classes.count, len(order)))
    for c, below in enumerate(classes.below):
        columns[c, place[below]] = 1
    hidden = small.copy()
    undecided = np.ones(classes.count, dtype=bool)  # small ones stay so
    candidates = sorted(np.flatnonzero(~small), key=lambda c: -value[c])
    for c in candidates:
        undecided[c] = False
        at = np.flatnonzero(columns[c])
        if len(at) == 0:
            continue  # follows from what is shown
        column = columns[c, at]
        pivot = at[0]
        scale = reduce_mod(column * pow(int(column[0]), PRIME - 2, PRIME))
        rows = np.flatnonzero(undecided & (columns[:, pivot] != 0))
        factors = columns[rows, pivot]
        grid = np.ix_(rows, at)
        fresh = reduce_mod(columns[grid] +
                           reduce_mod((PRIME - factors)[:, None] * scale))
        reached = small[rows]
        lost = False
        if reached.any():
            inside = ~fresh[reached].any(axis=1)
            for row in rows[reached][inside]:
                if np.count_nonzero(columns[row]) == len(at):
                    lost = True
                    break
        # A sum of ones alone tells each of them, once they are 1 at least.
        if lost or one[at].all():
            hidden[c] = True
            continue
        columns[grid] = fresh
    return hidden, 0


def default_batch(classes):
    return 200 if classes.count < 20000 else 10000


def write_pattern(folder, name, cube, classes, hidden):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".csv"), "w",
              encoding="utf-8") as out:
        out.write(",".join(cube.names) + ",value,status,low,high\n")
        for key, n, c in zip(cube.keys, cube.counts, classes.of):
            kept = c < 0 or not hidden[c]
            out.write(",".join(key) + (
                f",{n},published,{n},{n}\n" if kept else ",,suppressed,1,\n"))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--method", default="interval,gauss")
    parser.add_argument("--threshold", default="5,10")
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--known-marks", action="store_true",
                        help="interval: a small cell's mark says "
                        "threshold-1 at most (not so in the published runs)")
    parser.add_argument("--tsv")
    parser.add_argument("--patterns", help="where to write what each hid")
    parser.add_argument("tables")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names = options.names or sorted(
        n for n in os.listdir(options.tables)
        if os.path.exists(os.path.join(options.tables, n, "table.csv")))
    for name in names:
        cube = read_cube(os.path.join(options.tables, name))
        for method in options.method.split(","):
            for threshold in map(int, options.threshold.split(",")):
                begin = time.process_time()
                classes = Classes(cube)
                if method == "gauss":
                    hidden, failed = gauss(classes, threshold)
                else:
                    hidden, failed = Interval(
                        classes, threshold,
                        options.batch or default_batch(classes),
                        options.known_marks).run()
                seconds = time.process_time() - begin
                cells = int(classes.members[hidden].sum())
                total = int((classes.members * classes.value)[hidden].sum())
                line = "\t".join(map(str, (
                    name, threshold, method, cells, total, f"{seconds:.2f}",
                    failed)))
                print(line, flush=True)
                if options.tsv:
                    with open(options.tsv, "a", encoding="utf-8") as out:
                        out.write(line + "\n")
                if options.patterns:
                    write_pattern(options.patterns,
                                  f"{name}-{threshold}-{method}", cube,
                                  classes, hidden)
    return 0


if __name__ == "__main__":
    sys.exit(main())
