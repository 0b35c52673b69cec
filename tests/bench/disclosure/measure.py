#!/usr/bin/env python3
"""Protects the tables of make_tables.py, measures and audits what comes out.

usage: measure.py --bin DIR [--reference TSV] [--rules RULE,..] [--out DIR]
                  [--policies DIR] [--audit SECONDS] TABLES_DIR [NAME..]

Runs `cairn protect` on each table under each rule:
  t5, t10        counts of 1-4 or 1-9 hidden, zeros shown, no rounding: every
                 small cell keeps its whole interval
  t5-prune ..    the same with --prune
  t5-exact ..    the same with --exact-only: no small cell exactly known
  standard-prune, t5-exact-prune ..  both, or a shipped policy, with --prune
  standard, hes  the shipped policies, with rounding; and standard-unrounded,
                 hes-unrounded: the same without, to be held against them
and prints one Markdown row each: cells shown, hidden small cells, complements,
what the hidden cells add up to, the share of non-empty cells shown, CPU seconds
of the whole program, and what an outsider can infer (audit.py: exact / narrow
/ open). Beside them the totals of the reference methods: on the same table
where --reference names what reference.py --tsv wrote, and of the original
tables as published. Needs numpy and scipy for the audit; --audit 0 leaves it
out. Exit 1 if a run failed or a cell is not safe.
"""
import argparse
import os
import re
import resource
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cube import read_cube  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))

# Of the originals (make_tables.py): hidden cells, their total; at thresholds 5
# and 10.
PUBLISHED = {
    "interval": {
        ("m1", 5): (11, 127), ("m1", 10): (18, 334), ("p1", 10): (44, 640),
        ("p2", 5): (8, 45), ("p2", 10): (23, 299), ("p3", 5): (684, 10163),
        ("p3", 10): (802, 23183), ("m4", 5): (4432, 37015),
        ("m4", 10): (5217, 69819), ("m5", 5): (4165, 24811),
        ("m5", 10): (5244, 46375), ("m2", 5): (5676, 69098),
        ("m2", 10): (6451, 99804), ("p4", 5): (4421, 31932),
        ("p4", 10): (6366, 90930), ("m3", 10): (22751, 1138834),
        ("p5", 5): (11664, 124990), ("p5", 10): (15298, 250856),
        ("m6", 10): (70210, 2443403)},
    "gauss": {
        ("m1", 5): (8, 50), ("m1", 10): (11, 91), ("p1", 10): (30, 368),
        ("p2", 5): (8, 45), ("p2", 10): (15, 110), ("p3", 5): (451, 1672),
        ("p3", 10): (586, 3184), ("m4", 5): (3773, 20884),
        ("m4", 10): (4019, 25074), ("m5", 5): (3514, 15732),
        ("m5", 10): (4316, 23929), ("m2", 5): (4943, 32086),
        ("m2", 10): (5337, 37961), ("m3", 10): (16501, 113314)},
}

PLAIN = """profile: "bench"
method: SUPPRESS_AND_ROUND
largest_hidden_count: {largest}
rounding_base: 1
minimum_persons: 1
zeros: SHOWN
"""
ALL_RULES = ("t5", "t10", "t5-prune", "t10-prune", "t5-exact", "t10-exact",
             "standard", "standard-unrounded", "hes", "hes-unrounded")


class Rule:
    """A policy file, what is asked for beside it, and what it promises."""

    def __init__(self, name, policies, folder):
        self.name, self.options = name, []
        stem, *extras = name.split("-")
        self.exact_only = "exact" in extras
        if self.exact_only:
            self.options.append("--exact-only")
        if "prune" in extras:
            self.options.append("--prune")
        if re.fullmatch(r"t\d+", stem):
            self.threshold = int(stem[1:])
            text = PLAIN.format(largest=self.threshold - 1)
        else:
            self.threshold = None
            with open(os.path.join(policies, stem + ".textproto"),
                      encoding="utf-8") as source:
                text = source.read()
            if "unrounded" in extras:
                text = re.sub(r"rounding_base: \d+", "rounding_base: 1", text)
        self.largest = int(re.search(r"largest_hidden_count: (\d+)", text)[1])
        self.zeros_hidden = "zeros: HIDDEN" in text
        self.path = os.path.join(folder, name + ".textproto")
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(text)

    def small(self, count):
        return (0 if self.zeros_hidden else 1) <= count <= self.largest


def protect(binary, folder, cube, rule, path):
    """CPU seconds of the program; its last words on stderr."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(path, "w", encoding="utf-8") as out:
        done = subprocess.run(
            [binary, "protect", os.path.join(folder, "table.csv"), "--dims",
             ",".join(cube.names), "--count", "n", "--hierarchy",
             os.path.join(folder, "hier.csv"), "--policy", rule.path, "-o",
             "csv", *rule.options],
            stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"exit {done.returncode}")
    return (after.ru_utime + after.ru_stime - before.ru_utime -
            before.ru_stime), done.stderr.strip()


def read_reference(path):
    found = {}
    with open(path, encoding="utf-8") as source:
        for line in source:
            name, threshold, method, cells, total, seconds, _ = line.split("\t")
            found[method, name, int(threshold)] = (
                int(cells), int(total), float(seconds))
    return found


def beside(rule, name, reference):
    """The reference's cells / total on this table, and on the original."""
    if rule.threshold is None:
        return "-", "-"
    method = "gauss" if rule.exact_only else "interval"
    ours = reference.get((method, name, rule.threshold))
    theirs = PUBLISHED[method].get((name, rule.threshold))
    return (f"{ours[0]:,} / {ours[1]:,} ({ours[2]:.2f} s)" if ours else "-",
            f"{theirs[0]:,} / {theirs[1]:,}" if theirs else "-")


def verdict(cube, published, rule, seconds):
    from audit import Auditor
    auditor = Auditor(cube, published, rule.largest, rule.zeros_hidden,
                      rule.exact_only)
    exact, narrow, unsettled = auditor.run(seconds)
    words = f"{exact} / {'-' if rule.exact_only else narrow} / {unsettled}"
    if auditor.bare:
        words += f", {auditor.bare} small cells shown"
    bad = exact + auditor.bare + unsettled
    bad += 0 if rule.exact_only else narrow
    return words, bad == 0


def measure(options, name, rule, reference):
    folder = os.path.join(options.tables, name)
    cube = read_cube(folder)
    path = os.path.join(options.out, f"{name}-{rule.name}.csv")
    seconds, words = protect(os.path.join(options.bin, "cairn"), folder, cube,
                             rule, path)
    if options.verbose:
        print(words, file=sys.stderr)
    from audit import read_published
    published = read_published(cube, path)
    hidden = [i for i, p in enumerate(published) if p[0] == "suppressed"]
    small = sum(rule.small(cube.counts[i]) for i in hidden)
    total = sum(cube.counts[i] for i in hidden)
    filled = sum(n > 0 for n in cube.counts)
    shown = filled - sum(cube.counts[i] > 0 for i in hidden)
    inferred, safe = ("-", True) if options.audit <= 0 else verdict(
        cube, published, rule, options.audit)
    same, original = beside(rule, name, reference)
    print(f"| {name} | {rule.name} | {len(cube.keys):,} "
          f"| {len(cube.keys) - len(hidden):,} | {small:,} "
          f"| {len(hidden) - small:,} | {len(hidden):,} / {total:,} | {same} "
          f"| {original} | {100 * shown / max(filled, 1):.1f} % "
          f"| {seconds:.3f} | {inferred} |", flush=True)
    return safe


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--reference")
    parser.add_argument("--rules", default=",".join(ALL_RULES))
    parser.add_argument("--out", default="build/bench/protected")
    parser.add_argument("--policies", default=os.path.join(
        HERE, "..", "..", "..", "policies"))
    parser.add_argument("--audit", type=float, default=60)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("tables")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    reference = read_reference(options.reference) if options.reference else {}
    names = options.names or sorted(
        (n for n in os.listdir(options.tables)
         if os.path.exists(os.path.join(options.tables, n, "table.csv"))),
        key=lambda n: os.path.getsize(
            os.path.join(options.tables, n, "table.csv")))
    rules = [Rule(r, options.policies, options.out)
             for r in options.rules.split(",")]
    print("| table | rule | cells | shown | hidden small | complements "
          "| hidden: cells / total | reference, same table "
          "| reference, original | non-empty shown | CPU s "
          "| exact / narrow / open |")
    print("|---" * 12 + "|")
    good = True
    for name in names:
        for rule in rules:
            try:
                good = measure(options, name, rule, reference) and good
            except (RuntimeError, OSError) as error:
                print(f"| {name} | {rule.name} | failed: {error} |", flush=True)
                good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
