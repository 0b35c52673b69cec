#!/usr/bin/env python3
"""What an outsider can infer from a protected table, by linear programming.

usage: audit.py TABLE_DIR PUBLISHED.csv --largest-hidden N [--zeros-hidden]
                [--exact-only] [--seconds S]

TABLE_DIR holds the truth (table.csv, hier.csv), PUBLISHED.csv what was released
of it: dimensions, value, status, low, high. Written apart from the engine: it
knows only the printed intervals and the sums. For every hidden small cell:
  exact   one whole number is left
  narrow  more than one, but not all of 1..N (0..N where zeros are hidden; from
          as many as there are non-empty finest cells below it)
  open    not settled in the time allowed; never counted as safe
Exit 1 unless all are safe. Needs numpy and scipy.
"""
import argparse
import csv
import math
import os
import random
import sys
import time

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cube import read_cube  # noqa: E402

TOLERANCE = 1e-6


def read_published(cube, path):
    """(status, low, high) by cell; low and high as printed, none = inf."""
    found = [None] * len(cube.keys)
    with open(path, newline="", encoding="utf-8") as source:
        for row in csv.DictReader(source):
            key = tuple(row[name] for name in cube.names)
            found[cube.number[key]] = (
                row["status"], float(row["low"] or 0),
                float(row["high"]) if row["high"] else math.inf, row["value"])
    if None in found:
        raise SystemExit(f"{path}: no row for "
                         f"{'/'.join(cube.keys[found.index(None)])}")
    return found


class Auditor:
    def __init__(self, cube, published, largest, zeros_hidden,
                 exact_only=False):
        self.exact_only = exact_only
        count = np.array(cube.counts, dtype=float)
        low = np.array([p[1] for p in published])
        high = np.array([p[2] for p in published])
        outside = np.flatnonzero((count < low) | (count > high))
        if len(outside):
            raise SystemExit(
                f"{'/'.join(cube.keys[outside[0]])}: the printed interval does "
                "not hold the truth")
        hidden = np.array([p[0] == "suppressed" for p in published])
        least = 0 if zeros_hidden else 1
        self.small = np.flatnonzero(
            (count >= least) & (count <= largest) & hidden)
        self.bare = int(((count >= least) & (count <= largest)
                         & ~hidden).sum())
        below = np.array(cube.non_empty_leaves())
        self.goal = {int(c): (0.0 if zeros_hidden else max(1.0, below[c]),
                              float(largest)) for c in self.small}
        self.free = np.flatnonzero(low < high)
        column = {int(c): i for i, c in enumerate(self.free)}
        rows, columns, data, right = [], [], [], []
        for parent, children in cube.relations:
            terms = [(column[c], 1.0) for c in children if c in column]
            if parent in column:
                terms.append((column[parent], -1.0))
            if not terms:
                continue
            fixed = sum(low[c] for c in children if c not in column)
            right.append((0 if parent in column else low[parent]) - fixed)
            for j, factor in terms:
                rows.append(len(right) - 1)
                columns.append(j)
                data.append(factor)
        self.matrix = sparse.csc_matrix(
            (data, (rows, columns)), shape=(len(right), len(self.free)))
        self.right, self.column = np.array(right), column
        self.bounds = np.stack([low[self.free], high[self.free]], axis=1)
        self.low = {int(c): count[c] for c in self.small}
        self.high = dict(self.low)
        for c in self.small:
            if int(c) not in column:  # printed interval of one number
                self.goal[int(c)] = (max(1.0, below[c]), float(largest))

    def _keep(self, x):
        """A table was found: what every small cell is there, it can be."""
        if np.abs(self.matrix @ x - self.right).max(initial=0) > 1e-5:
            return False
        for c in self.small:
            j = self.column.get(int(c))
            if j is not None:
                self.low[c] = min(self.low[c], x[j])
                self.high[c] = max(self.high[c], x[j])
        return True

    def _wanting(self):
        return [(int(c), s) for c in self.small for s in (1, -1)
                if not self._reached(int(c), s)]

    def _reached(self, c, sign):
        if self.exact_only and (math.floor(self.high[c] + TOLERANCE) >
                                math.ceil(self.low[c] - TOLERANCE)):
            return True  # two whole numbers are possible
        goal = self.goal[c]
        return (self.high[c] >= goal[1] - TOLERANCE if sign > 0
                else self.low[c] <= goal[0] + TOLERANCE)

    def _towards(self, goals):
        """One program towards many ends at once."""
        n, k = len(self.free), len(goals)
        reach = sparse.csr_matrix(
            (np.concatenate([[-s for _, s in goals], -np.ones(k)]),
             (np.tile(np.arange(k), 2),
              [self.column[c] for c, _ in goals] + list(range(n, n + k)))),
            shape=(k, n + k))
        limit = [-s * self.goal[c][1 if s > 0 else 0] for c, s in goals]
        found = linprog(
            np.concatenate([np.zeros(n), np.ones(k)]), A_ub=reach, b_ub=limit,
            A_eq=sparse.hstack([self.matrix,
                                sparse.csc_matrix((len(self.right), k))]),
            b_eq=self.right,
            bounds=np.vstack([self.bounds, np.tile([0, np.inf], (k, 1))]),
            method="highs")
        return found.x is not None and self._keep(found.x[:n])

    def _end(self, c, sign):
        """The true end of one cell's interval; None if the solver gave up."""
        cost = np.zeros(len(self.free))
        cost[self.column[c]] = -sign
        found = linprog(cost, A_eq=self.matrix, b_eq=self.right,
                        bounds=self.bounds, method="highs")
        if found.status == 3:
            return sign * math.inf
        if found.x is None:
            return None
        self._keep(found.x)
        return found.x[self.column[c]]

    def run(self, seconds):
        """(exact, narrow, open) among the hidden small cells."""
        stop = time.monotonic() + seconds
        rng, size = random.Random(1), 400
        alone = {c for c in self.small if int(c) not in self.column}
        wanting = [g for g in self._wanting() if g[0] not in alone]
        while wanting and size >= 25 and time.monotonic() < stop:
            before = len(wanting)
            rng.shuffle(wanting)
            sides, goals = set(), []
            for goal in wanting:
                if goal[0] not in sides and len(goals) < size:
                    sides.add(goal[0])
                    goals.append(goal)
            self._towards(goals)
            wanting = [g for g in self._wanting() if g[0] not in alone]
            if len(wanting) > before - max(1, len(goals) // 10):
                size //= 4
        ends, unsettled = {}, set()
        rng.shuffle(wanting)
        for c, sign in wanting:
            if self._reached(c, sign):
                continue
            if time.monotonic() > stop:
                unsettled.add(c)
                continue
            end = self._end(c, sign)
            if end is None:
                unsettled.add(c)
            else:
                ends[c, sign] = end
        exact = narrow = 0
        for c in map(int, self.small):
            if c in alone:
                exact += 1
                continue
            if c in unsettled:
                continue
            if self._reached(c, 1) and self._reached(c, -1):
                continue
            least = math.ceil(ends.get((c, -1), self.low[c]) - 1e-5)
            most = math.floor(ends.get((c, 1), self.high[c]) + 1e-5)
            goal = self.goal[c]
            if most <= least:
                exact += goal[0] < goal[1]
            elif least > goal[0] or most < goal[1]:
                narrow += 1
        return exact, narrow, len(unsettled)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("published")
    parser.add_argument("--largest-hidden", type=int, required=True)
    parser.add_argument("--zeros-hidden", action="store_true")
    parser.add_argument("--exact-only", action="store_true",
                        help="look for exact cells only; narrow ones are not "
                        "counted")
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    cube = read_cube(options.table)
    auditor = Auditor(cube, read_published(cube, options.published),
                      options.largest_hidden, options.zeros_hidden,
                      options.exact_only)
    exact, narrow, unsettled = auditor.run(options.seconds)
    print(f"{len(auditor.small)} hidden small cells: {exact} exact, {narrow} "
          f"narrow, {unsettled} open; {auditor.bare} small cells shown")
    return 1 if exact or narrow or unsettled or auditor.bare else 0


if __name__ == "__main__":
    sys.exit(main())
