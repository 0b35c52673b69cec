"""A tidy table with its margins, read for the programs beside this file."""
import csv
import itertools
import os

TOTAL = "Total"


class Cube:
    """Cells by number: keys, counts and the sums that tie them.

    relations: [(parent cell, [child cells])], from the trees of hier.csv, for
    every combination of the other dimensions' codes.
    """

    def __init__(self, names, keys, counts, trees):
        self.names = names
        self.keys = keys
        self.counts = counts
        self.trees = trees  # by dimension: {(tree, parent): [children]}
        self.number = {key: i for i, key in enumerate(keys)}
        self.relations = self._relations()
        self._above = [self._ancestors(d) for d in range(len(names))]

    def _ancestors(self, d):
        parents = {}
        for (_, parent), children in self.trees[d].items():
            for child in children:
                parents.setdefault(child, []).append(parent)
        above = {}
        for code in {key[d] for key in self.keys}:
            found = [code]
            for c in found:
                found += [p for p in parents.get(c, ()) if p not in found]
            above[code] = found
        return above

    def _relations(self):
        by_code = [{} for _ in self.names]
        for key in self.keys:
            for d, code in enumerate(key):
                by_code[d].setdefault(code, []).append(key)
        found = []
        for d, nodes in enumerate(self.trees):
            for (_, parent), children in nodes.items():
                for key in by_code[d].get(parent, ()):
                    row = [self.number.get(key[:d] + (c,) + key[d + 1:])
                           for c in children]
                    if None in row:
                        raise SystemExit(
                            f"{self.names[d]}={parent}: a part of "
                            f"{'/'.join(key)} has no row in the table")
                    found.append((self.number[key], row))
        return found

    def leaves(self):
        """The cells without parts."""
        inner = [{parent for _, parent in nodes} for nodes in self.trees]
        return [i for i, key in enumerate(self.keys)
                if not any(code in inner[d] for d, code in enumerate(key))]

    def above(self, cell):
        """The cells that `cell`'s people are also in, itself included."""
        return (self.number[key] for key in itertools.product(
            *(self._above[d][code] for d, code in enumerate(self.keys[cell])))
            if key in self.number)

    def non_empty_leaves(self):
        """By cell: how many of the leaves below it are not empty."""
        below = [0] * len(self.keys)
        for leaf in self.leaves():
            if self.counts[leaf] > 0:
                for cell in self.above(leaf):
                    below[cell] += 1
        return below


def read_trees(path, names):
    trees = [{} for _ in names]
    with open(path, newline="", encoding="utf-8") as source:
        for row in csv.DictReader(source):
            if row["dim"] in names:
                trees[names.index(row["dim"])].setdefault(
                    (row["tree"], row["parent"]), []).append(row["child"])
    return trees


def read_cube(folder):
    """The cube of FOLDER/table.csv and FOLDER/hier.csv."""
    with open(os.path.join(folder, "table.csv"), newline="",
              encoding="utf-8") as source:
        rows = csv.reader(source)
        names = next(rows)[:-1]
        keys, counts = [], []
        for row in rows:
            keys.append(tuple(row[:-1]))
            counts.append(int(row[-1]))
    return Cube(names, keys, counts,
                read_trees(os.path.join(folder, "hier.csv"), names))
