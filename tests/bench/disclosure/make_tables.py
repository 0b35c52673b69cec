#!/usr/bin/env python3
"""Writes the tables on which the disclosure engine is measured.

usage: make_tables.py OUT_DIR [NAME..]

Invented people, seeded, so that every machine gets the same tables: the kinds
and sizes of the published comparison of suppression tools that
docs/disclosure.md holds ours against. OUT_DIR/NAME/table.csv is tidy (one row
a cell, margins as Total, the count in column n); OUT_DIR/NAME/hier.csv says
which codes add up to which (dim,tree,parent,child). Prints how near each table
comes to the one it stands for. Standard library only.
"""
import itertools
import math
import os
import random
import sys

TOTAL = "Total"


class Dimension:
    """Codes and the sums among them: trees of (parent, children)."""

    def __init__(self, name, trees, weights):
        self.name = name
        self.trees = trees  # {tree name: {parent: [children]}}
        self.weights = weights  # {leaf: weight}, in a fixed order
        self.leaves = list(weights)
        self.codes = [TOTAL]
        for tree in trees.values():
            for children in tree.values():
                self.codes += [c for c in children if c not in self.codes]
        self.above = {leaf: self._ancestors(leaf) for leaf in self.leaves}

    def _ancestors(self, leaf):
        found = [leaf]
        for code in found:
            for tree in self.trees.values():
                found += [p for p, children in tree.items()
                          if code in children and p not in found]
        return found


def flat(name, codes, weights):
    codes = list(codes)
    return Dimension(name, {name: {TOTAL: codes}}, dict(zip(codes, weights)))


def grouped(name, groups, weights):
    """groups: {parent: [leaves]}."""
    tree = {TOTAL: list(groups), **groups}
    leaves = [leaf for leaves in groups.values() for leaf in leaves]
    return Dimension(name, {name: tree}, dict(zip(leaves, weights)))


def uneven(count, spread, rng):
    """Log-normal weights: a few busy codes, many quiet ones."""
    return [math.exp(rng.gauss(0, spread)) for _ in range(count)]


def split(leaves, parts, prefix):
    """The leaves in order, in `parts` runs of nearly equal length."""
    cut = [len(leaves) * i // parts for i in range(parts + 1)]
    return {f"{prefix}{i + 1:02d}": leaves[cut[i]:cut[i + 1]]
            for i in range(parts)}


def wards(name, areas, parts, spread, rng):
    leaves = [f"L{i + 1:03d}" for i in range(areas)]
    return grouped(name, split(leaves, parts, "W"), uneven(areas, spread, rng))


def two_geographies(name, areas, first, second, spread, rng):
    """Wards and MSOAs that cut each other, over the same small areas."""
    leaves = [f"L{i + 1:03d}" for i in range(areas)]
    other = split(leaves[3:] + leaves[:3], second, "M")
    ward = split(leaves, first, "W")
    trees = {"ward": {TOTAL: list(ward), **ward},
             "msoa": {TOTAL: list(other), **other}}
    return Dimension(name, trees, dict(zip(leaves, uneven(areas, spread, rng))))


def months():
    codes = [f"2024-{m:02d}" for m in range(1, 13)]
    quarters = {f"2024-Q{q + 1}": codes[3 * q:3 * q + 3] for q in range(4)}
    return grouped("month", quarters, [1] * 12)


def offences(count, spread, rng):
    return flat("offence", [f"offence{i + 1:02d}" for i in range(count)],
                uneven(count, spread, rng))


def ages(spread, rng):
    """12 bands in 3 groups, and their total: 16 codes."""
    groups = {"under 18": ["0-9", "10-14", "15-17"],
              "18-34": ["18-20", "21-24", "25-29", "30-34"],
              "35 and over": ["35-39", "40-44", "45-54", "55-64", "65+"]}
    return grouped("age", groups, uneven(12, spread, rng))


def sexes(unknown=0.02):
    return flat("sex", ["F", "M", "U"], [0.5, 0.5, unknown])


def draw(dimensions, people, spread, void, rng):
    """{leaf key: count}: `people` thrown into cells of uneven weight, a share
    `void` of which nobody can be in."""
    keys = list(itertools.product(*(d.leaves for d in dimensions)))
    weights = []
    for key in keys:
        weight = math.exp(rng.gauss(0, spread))
        if rng.random() < void:
            weight = 0
        for d, code in zip(dimensions, key):
            weight *= d.weights[code]
        weights.append(weight)
    counts = {}
    sums = list(itertools.accumulate(weights))
    for key in rng.choices(keys, cum_weights=sums, k=people):
        counts[key] = counts.get(key, 0) + 1
    return counts


def with_margins(dimensions, leaves):
    cells = dict.fromkeys(itertools.product(*(d.codes for d in dimensions)), 0)
    for key, count in leaves.items():
        for above in itertools.product(
                *(d.above[code] for d, code in zip(dimensions, key))):
            cells[above] += count
    return cells


# ---- The traps: small tables, each with one way to be undone. ----

def literal(rows, columns, counts):
    dims = [flat("area", rows, [1] * len(rows)),
            flat("kind", columns, [1] * len(columns))]
    leaves = {(r, c): counts[i][j] for i, r in enumerate(rows)
              for j, c in enumerate(columns)}
    return dims, leaves


AREAS, KINDS = ["A", "B", "C", "D"], ["k1", "k2", "k3"]

TRAPS = {
    # The only small cell of its row and its column; its row is empty else.
    "a1": (AREAS, KINDS, [[3, 0, 0], [12, 25, 31], [9, 14, 22], [0, 17, 40]]),
    # Two ones in a row whose shown rest tells that they add up to 2.
    "a2": (AREAS, KINDS,
           [[1, 1, 30], [25, 31, 22], [14, 16, 28], [19, 23, 12]]),
    # All small, nothing left to hide behind but the margins.
    "a3": (AREAS, KINDS, [[1, 2, 3], [2, 1, 1], [3, 2, 1], [1, 1, 2]]),
    # 17 of 17 in one category: zeros beside it say so.
    "a4": (AREAS, KINDS, [[17, 0, 0], [12, 3, 21], [9, 14, 2], [11, 17, 40]]),
    # All small again, with zeros among them.
    "a5": (AREAS, KINDS, [[1, 0, 3], [2, 1, 0], [0, 2, 1], [1, 1, 0]]),
}


def trap_cube():
    """a6: no single sum gives a cell away, several together do."""
    dims = [flat("area", ["A", "B", "C"], [1] * 3),
            flat("kind", ["k1", "k2", "k3"], [1] * 3),
            flat("sex", ["F", "M"], [1] * 2)]
    small = {("A", "k1", "F"): 2, ("A", "k2", "M"): 3, ("B", "k1", "M"): 1,
             ("B", "k2", "F"): 4, ("C", "k3", "F"): 3, ("A", "k3", "M"): 2}
    keys = itertools.product(*(d.leaves for d in dims))
    return dims, {key: small.get(key, 11 + 7 * i % 29)
                  for i, key in enumerate(keys)}


# ---- The kinds. What was measured on each original, at thresholds 5 and 10:
# cells, then (cells of 1..4, their total), then (cells of 1..9, total). ----

ORIGINALS = {
    "m1": (30, (5, 12), (8, 34)),
    "p1": (168, None, (8, 60)),
    "p2": (45, (4, 10), (12, 71)),
    "p3": (1000, (348, 768), (513, 1878)),
    "m4": (7605, (2243, 4716), (3364, 12238)),
    "m5": (9100, (2511, 5425), (3782, 14010)),
    "m2": (10304, (3130, 6285), (4389, 14688)),
    "p4": (11800, (2367, 5545), (4046, 16886)),
    "m3": (29376, (9139, 19045), (13046, 45111)),
    "p5": (55845, (5450, 12167), (9402, 37506)),
    "m6": (101088, (33986, 69163), (46632, 152805)),
}

# name: (shape, people, spread of the cells, contrast of the codes, share of
# cells that nobody can be in, seed). Tuned to the originals once, by search.
KINDS_OF_TABLE = {
    "m2": (lambda r: [wards("area", 140, 20, .3, r), ages(.5, r), sexes()],
           9000, 1.012, 1.437, 0, 2),
    "m3": (lambda r: [flat("ward", [f"W{i + 1:02d}" for i in range(50)],
                           uneven(50, .4, r)),
                      offences(8, .8, r), ages(.5, r), sexes()],
           74742, 0.206, 0.789, 0, 3),
    "m4": (lambda r: [two_geographies("area", 80, 20, 16, .4, r),
                      offences(12, 1.0, r),
                      flat("quarter", ["Q1", "Q2", "Q3", "Q4"], [1] * 4)],
           12225, 1.559, 0.289, 0, 4),
    "m5": (lambda r: [wards("area", 60, 9, .5, r), offences(9, 1.0, r),
                      flat("month", [f"2024-{m:02d}" for m in range(1, 13)],
                           [1] * 12)],
           58500, 0.94, 1.14, 0, 5),
    "m6": (lambda r: [wards("area", 450, 35, .4, r), offences(12, .8, r),
                      ages(.5, r)],
           129616, 0.872, 1.014, 0.182, 6),
    "p3": (lambda r: [wards("area", 40, 9, .5, r),
                      flat("y", [f"y{i}" for i in range(1, 5)],
                           uneven(4, .5, r)),
                      flat("z", ["z1", "z2", "z3"], uneven(3, .5, r))],
           1183, .337, 2.518, .197, 42),
    "p4": (lambda r: [two_geographies("area", 80, 21, 16, .4, r),
                      offences(9, .8, r),
                      flat("group", [f"g{i}" for i in range(1, 10)],
                           uneven(9, .5, r))],
           81291, 0.899, 1.055, 0, 6),
    "p5": (lambda r: [wards("area", 64, 8, .5, r), months(),
                      offences(8, .9, r),
                      flat("group", ["g1", "g2", "g3", "g4"],
                           uneven(4, .5, r))],
           217864, 0.123, 1.379, 0.742, 15),
    "m1": (lambda r: [flat("ward", [f"W{i}" for i in range(1, 6)],
                           uneven(5, .5, r)), offences(4, .8, r)],
           369, 0.983, 1.786, 0, 2709),
    "p1": (lambda r: [flat("x", [f"x{i}" for i in range(1, 6)],
                           uneven(5, .3, r)),
                      flat("y", [f"y{i}" for i in range(1, 7)],
                           uneven(6, .3, r)),
                      flat("z", ["z1", "z2", "z3"], uneven(3, .3, r))],
           5377, 0.612, 1.841, 0, 451),
    "p2": (lambda r: [flat("x", [f"x{i}" for i in range(1, 9)],
                           uneven(8, .3, r)),
                      flat("y", [f"y{i}" for i in range(1, 5)],
                           uneven(4, .3, r))],
           623, 0.407, 2.656, 0, 696),
}


def table(name):
    if name == "a6":
        return trap_cube()
    if name in TRAPS:
        return literal(*TRAPS[name])
    shape, people, spread, contrast, void, seed = KINDS_OF_TABLE[name]
    rng = random.Random(seed)
    dimensions = shape(rng)
    for d in dimensions:
        d.weights = {code: w**contrast for code, w in d.weights.items()}
    return dimensions, draw(dimensions, people, spread, void, rng)


def write(folder, dimensions, cells):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "table.csv"), "w", encoding="utf-8") as out:
        out.write(",".join(d.name for d in dimensions) + ",n\n")
        out.writelines(f"{','.join(key)},{n}\n" for key, n in cells.items())
    with open(os.path.join(folder, "hier.csv"), "w", encoding="utf-8") as out:
        out.write("dim,tree,parent,child\n")
        for d in dimensions:
            for tree, nodes in d.trees.items():
                for parent, children in nodes.items():
                    out.writelines(f"{d.name},{tree},{parent},{child}\n"
                                   for child in children)


def small(cells, threshold):
    """How many cells of 1..threshold-1, and what they add up to."""
    counts = [n for n in cells.values() if 0 < n < threshold]
    return len(counts), sum(counts)


def pair(figures):
    return f"{figures[0]:,} / {figures[1]:,}" if figures else "-"


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 2
    names = sys.argv[2:] or list(TRAPS) + ["a6"] + list(ORIGINALS)
    print("| table | cells | original | non-empty | 1-4: cells / total "
          "| original | 1-9: cells / total | original |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        dimensions, leaves = table(name)
        cells = with_margins(dimensions, leaves)
        write(os.path.join(sys.argv[1], name), dimensions, cells)
        count, at5, at10 = ORIGINALS.get(name, (None, None, None))
        print(f"| {name} | {len(cells):,} | {f'{count:,}' if count else '-'} "
              f"| {sum(n > 0 for n in cells.values()):,} "
              f"| {pair(small(cells, 5))} | {pair(at5)} "
              f"| {pair(small(cells, 10))} | {pair(at10)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
