"""`cairn protect` and `cairn attack` on small tables, from outside."""

import csv
import io
import itertools
import random
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from partnership import COMPLETE, REFUSED, ROOT, USAGE, run

POLICIES = {name: ROOT / f"policies/{name}.textproto"
            for name in ("standard", "hes", "exact", "strict")}
# t and base of each.
RULES = {"standard": (7, 5), "hes": (7, 5), "exact": (9, 1), "strict": (12, 5)}
SMALL = """area,sex,n
A,M,3
A,F,40
B,M,55
B,F,21
C,M,18
C,F,90
"""
WARDS = """dim,tree,parent,child
area,wards,W1,A
area,wards,W1,B
area,wards,Total,W1
area,wards,Total,C
area,districts,D1,A
area,districts,D1,C
area,districts,Total,D1
area,districts,Total,B
"""


def records(text):
    return list(csv.DictReader(io.StringIO(text)))


class TableTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="cairn-protect-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def protect(self, table, dims="area,sex", policy="standard", *words):
        return run("cairn", "protect", table, "--dims", dims, "--count", "n",
                   "--policy", str(POLICIES.get(policy, policy)), *words)

    def attack(self, table, dims="area,sex", policy="standard", *words):
        asked = ("--policy", str(POLICIES[policy])) if policy else ()
        return run("cairn", "attack", table, "--dims", dims, *asked, *words)

    def is_one_sentence(self, done, *says):
        self.assertEqual(done.code, USAGE, done)
        self.assertEqual(done.out, "", done)
        self.assertTrue(done.err.endswith("\n"), done)
        self.assertEqual(done.err.count("\n"), 1, done)
        self.assertLess(len(done.err), 600, done)
        for words in says:
            self.assertIn(words, done.err, done)

    # What is written.

    def test_every_cell_is_written_with_its_bin_or_its_mark(self):
        for policy in POLICIES:
            with self.subTest(policy):
                done = self.protect(self.file("t.csv", SMALL), policy=policy)
                self.assertEqual(done.code, COMPLETE, done)
                rows = records(done.out)
                self.assertEqual(list(rows[0]),
                                 ["area", "sex", "value", "status", "low", "high"])
                keys = [(row["area"], row["sex"]) for row in rows]
                listed = [tuple(line.split(",")[:2]) for line in SMALL.split("\n")[1:-1]]
                self.assertEqual(keys[:6], listed)  # in the order of the file
                self.assertEqual(set(keys), set(itertools.product(
                    ("A", "B", "C", "Total"), ("M", "F", "Total"))))
                self.check_rows(rows, self.truth(listed, SMALL), policy)

    @staticmethod
    def truth(listed, text):
        counts = {tuple(line.split(",")[:2]): int(line.split(",")[2])
                  for line in text.split("\n")[1:-1]}
        return lambda *at: sum(n for key, n in counts.items()
                               if all(a in ("Total", k) for a, k in zip(at, key)))

    def check_rows(self, rows, truth, policy):
        most, base = RULES[policy]
        least = 1 if policy == "hes" else 0
        for row in rows:
            count = truth(row["area"], row["sex"])
            if row["status"] == "published":
                self.assertTrue(count > most or least == 1 and count == 0, row)
                self.assertEqual(int(row["value"]), (count + base // 2) // base * base)
                self.assertLessEqual(int(row["low"]), count)
                self.assertLessEqual(count, int(row["high"]))
            else:
                self.assertEqual((row["status"], row["value"]), ("suppressed", ""))
                self.assertEqual(int(row["low"]), least)
                self.assertIn(row["high"], ("", str(most)))
            if least <= count <= most and count > 0:
                self.assertEqual(row["status"], "suppressed", row)

    def test_the_summary_counts_what_the_table_shows(self):
        done = self.protect(self.file("t.csv", SMALL))
        rows = records(done.out)
        said = dict(line.split(": ", 1) for line in done.err.splitlines())
        hidden = [row for row in rows if row["status"] == "suppressed"]
        self.assertEqual(int(said["cells shown"]), len(rows) - len(hidden))
        self.assertEqual(int(said["hidden primary"]), 1)
        self.assertEqual(int(said["hidden complement"]), len(hidden) - 1)
        truth = self.truth(None, SMALL)
        total = sum(truth(row["area"], row["sex"]) for row in hidden)
        self.assertEqual(int(said["hidden total"]), total)
        self.assertIn("%", said["share of total shown"])
        self.assertIn("seconds", said)

    def test_margins_given_or_left_out_make_one_table(self):
        whole = SMALL + "A,Total,43\nB,Total,76\nC,Total,108\nTotal,M,76\n" \
                        "Total,F,151\nTotal,Total,227\n"
        bare = self.protect(self.file("bare.csv", SMALL))
        full = self.protect(self.file("full.csv", whole))
        self.assertEqual(bare.code, COMPLETE, bare)
        key = lambda row: tuple(row.values())
        self.assertEqual(sorted(records(bare.out), key=key),
                         sorted(records(full.out), key=key))

    def test_the_same_table_gives_the_same_bytes(self):
        path = self.file("t.csv", SMALL)
        self.assertEqual(self.protect(path).raw, self.protect(path).raw)

    def test_a_cell_that_is_not_listed_is_a_zero_and_hidden_as_one(self):
        path = self.file("t.csv", SMALL.replace("A,M,3\n", ""))
        for policy, status in (("standard", "suppressed"), ("hes", "published")):
            rows = records(self.protect(path, policy=policy).out)
            cell, = [r for r in rows if (r["area"], r["sex"]) == ("A", "M")]
            self.assertEqual(cell["status"], status)

    def test_forms_and_files(self):
        path, out = self.file("t.csv", SMALL), str(self.folder / "out.csv")
        done = self.protect(path, "area,sex", "standard", "--out", out)
        self.assertEqual((done.code, done.out), (COMPLETE, ""), done)
        self.assertEqual(Path(out).read_bytes(), self.protect(path).raw)
        as_json = self.protect(path, "area,sex", "standard", "-o", "json")
        self.assertEqual(as_json.json(), records(self.protect(path).out))
        self.is_one_sentence(
            self.protect(path, "area,sex", "standard", "-o", "xlsx"), "csv")

    # Spreadsheets' habits.

    def test_byte_order_mark_windows_line_ends_and_quotes(self):
        text = '\ufeff"area","sex","n"\r\n' + "".join(
            '"{}, the ""old""",{},{}\r\n'.format(*line.split(","))
            for line in SMALL.split("\n")[1:-1])
        path = self.file("t.csv", text)
        done = self.protect(path)
        self.assertEqual(done.code, COMPLETE, done)
        self.assertEqual(records(done.out)[0]["area"], 'A, the "old"')
        safe = self.file("safe.csv", done.out)
        self.assertEqual(self.attack(safe).code, COMPLETE)

    # Safe.

    def test_what_is_protected_stands_the_attack(self):
        rng = random.Random(7)
        for seed in range(6):
            text = "area,sex,n\n" + "".join(
                f"a{i},s{j},{int(rng.expovariate(0.05))}\n"
                for i in range(rng.randint(2, 9)) for j in range(rng.randint(2, 5)))
            path = self.file("t.csv", text)
            for policy in POLICIES:
                for more in ((), ("--prune",)):
                    with self.subTest(seed=seed, policy=policy, more=more):
                        out = str(self.folder / "safe.csv")
                        done = self.protect(path, "area,sex", policy, "--out", out,
                                            *more)
                        self.assertEqual(done.code, COMPLETE, done)
                        found = self.attack(out, policy=policy)
                        self.assertEqual(found.code, COMPLETE, found)

    def test_trees_that_cross_are_protected_together(self):
        tree = self.file("h.csv", WARDS)
        out = str(self.folder / "safe.csv")
        for policy in POLICIES:
            with self.subTest(policy):
                done = self.protect(self.file("t.csv", SMALL), "area,sex", policy,
                                    "--hierarchy", tree, "--out", out)
                self.assertEqual(done.code, COMPLETE, done)
                areas = {row["area"] for row in records(Path(out).read_text())}
                self.assertEqual(areas, {"A", "B", "C", "W1", "D1", "Total"})
                found = self.attack(out, "area,sex", policy, "--hierarchy", tree)
                self.assertEqual(found.code, COMPLETE, found)

    def test_a_few_persons_are_hidden_whatever_they_did(self):
        text = "area,sex,n,p\n" + "".join(
            f"{line},{3 if line == 'B,M,55' else int(line.split(',')[2])}\n"
            for line in SMALL.split("\n")[1:-1])
        done = self.protect(self.file("t.csv", text), "area,sex", "standard",
                            "--persons", "p")
        self.assertEqual(done.code, COMPLETE, done)
        cell, = [r for r in records(done.out) if (r["area"], r["sex"]) == ("B", "M")]
        self.assertEqual((cell["status"], cell["high"]), ("suppressed", ""))

    # The attack.

    def test_a_table_without_complements_is_taken_apart(self):
        text = ("area,sex,value\nA,M,[c]\nA,F,40\nB,M,55\nB,F,20\n"
                "A,Total,43\nB,Total,75\nTotal,M,58\nTotal,F,60\nTotal,Total,118\n")
        for mark in ("[c]", "*", "c", ""):
            done = self.attack(self.file("p.csv", text.replace("[c]", mark)),
                               policy=None)
            self.assertEqual(done.code, REFUSED, done)
            self.assertEqual(records(done.out), [
                {"area": "A", "sex": "M", "low": "3", "high": "3", "verdict": "exact"}])
            self.assertIn("exact: 1", done.err)

    def test_two_ones_are_found(self):
        """Trap a2: two marks of 1 or more in a column that sums to 2."""
        text = ("area,sex,value,status,low,high\n"
                "A,M,,suppressed,1,7\nA,F,20,published,20,20\n"
                "B,M,,suppressed,1,7\nB,F,30,published,30,30\n"
                "Total,M,2,published,2,2\n")
        done = self.attack(self.file("p.csv", text))
        self.assertEqual(done.code, REFUSED, done)
        self.assertEqual({(r["low"], r["high"], r["verdict"])
                          for r in records(done.out)}, {("1", "1", "exact")})

    def test_two_answers_are_held_against_each_other(self):
        """Traps x1 to x4, as one table: under 18, under 17, and who is 17."""
        tree = self.file("h.csv", "dim,tree,parent,child\n"
                         "age,t,under 18,under 17\nage,t,under 18,17\n")
        text = ("age,value,status,low,high\nunder 18,45,published,43,47\n"
                "under 17,40,published,38,42\n17,,suppressed,0,7\n")
        done = self.attack(self.file("p.csv", text), "age", "standard",
                           "--hierarchy", tree)
        self.assertEqual(done.code, REFUSED, done)
        self.assertEqual(records(done.out)[0],
                         {"age": "17", "low": "1", "high": "7", "verdict": "narrow"})

    def test_a_rule_is_enough_for_bins(self):
        text = "sex,value\nM,*\nF,40\nTotal,45\n"
        done = self.attack(self.file("p.csv", text), "sex", "standard",
                           "--no-complements")
        self.assertEqual(done.code, REFUSED, done)
        self.assertEqual(records(done.out)[0]["low"], "1")
        self.assertEqual(records(done.out)[0]["high"], "7")
        self.is_one_sentence(
            self.attack(self.file("p.csv", text.replace("40", "41")), "sex"),
            "p.csv:3:", "41", "never shows")

    def test_what_is_not_listed_is_unknown(self):
        text = "sex,value\nM,*\nF,40\n"
        done = self.attack(self.file("p.csv", text), "sex")
        self.assertEqual(done.code, COMPLETE, done)
        self.assertEqual(records(done.out)[0],
                         {"sex": "M", "low": "0", "high": "", "verdict": "ok"})

    def test_a_table_that_contradicts_itself_is_refused(self):
        text = "sex,value\nM,*\nF,40\nTotal,35\n"
        self.is_one_sentence(self.attack(self.file("p.csv", text), "sex", None),
                             "p.csv", "contradict")

    # Bad input.

    def test_a_bad_table_gets_a_sentence_with_its_line(self):
        bad = {
            "empty file": ("", "empty"),
            "no rows": ("area,sex,n\n", "no rows"),
            "no dimension": ("are,sex,n\nA,M,3\n", "did you mean are?"),
            "no count": ("area,sex,m\nA,M,3\n", "'n' (--count)"),
            "a ragged row": (SMALL + "D,M\n", ":8: 2 fields"),
            "a cell twice": (SMALL + "A,M,3\n", ":8: the cell area=A, sex=M is "
                             "already on line 2"),
            "negative": (SMALL + "D,M,-3\n", ":8: n is '-3'"),
            "a fraction": (SMALL + "D,M,3.5\n", ":8: n is '3.5'"),
            "no number": (SMALL + "D,M,few\n", ":8: n is 'few'"),
            "an exponent": (SMALL + "D,M,1e3\n", ":8: n is '1e3'"),
            "no count in a row": (SMALL + "D,M,\n", ":8: n is empty"),
            "far too many": (SMALL + "D,M,99999999999999999999\n", "up to 1000000000000"),
            "no code": (SMALL + ",M,3\n", ":8: the code of area is empty"),
            "a small total": (SMALL + "total,M,3\n", ":8: area is 'total'"),
            "only Total": ("area,sex,n\nTotal,M,3\n", "Total in every row"),
            "a wrong margin": (SMALL + "Total,M,77\n", ":8: area=Total, sex=M is 77, "
                               "but its parts add up to 76"),
            "UTF-16": (SMALL.encode("utf-16"), "UTF-16"),
            "escapes": (SMALL + "\x1b[31m,M,-1\n", "n is '-1'"),
        }
        for name, (text, says) in bad.items():
            with self.subTest(name):
                path = self.file("t.csv", text)
                done = self.protect(path)
                self.is_one_sentence(done, path, says)
                self.assertNotIn("\x1b", done.err)

    def test_too_many_cells_are_refused_at_once(self):
        text = "area,sex,n\n" + "".join(f"a{i},s{i},9\n" for i in range(400))
        done = self.protect(self.file("t.csv", text))
        self.is_one_sentence(done, "401 x 401 cells", "100000")

    def test_bad_words_on_the_line(self):
        path = self.file("t.csv", SMALL)
        for words, says in (
            (("area,sex,area",), "named twice"),
            (("area,,sex",), "beside a comma"),
            (("a,b,c,d,e",), "at most 4"),
            (("area,n",), "the same column"),
            (("area,value",), "column of the result"),
        ):
            with self.subTest(words):
                self.is_one_sentence(self.protect(path, *words), says)
        self.is_one_sentence(self.protect(path, policy=str(self.folder / "no")), "no")
        self.is_one_sentence(self.protect(str(self.folder / "no.csv")), "no such file")
        self.is_one_sentence(self.protect(str(self.folder)), "folder")
        self.is_one_sentence(
            self.protect(path, "area,sex", "standard", "--persons", "q"), "--persons")

    def test_more_persons_than_records_are_refused(self):
        path = self.file("t.csv", "area,n,p\nA,30,31\nB,40,3\n")
        self.is_one_sentence(self.protect(path, "area", "standard", "--persons", "p"),
                             ":2:", "31 persons")

    def test_a_bad_hierarchy_gets_a_sentence_with_its_line(self):
        path = self.file("t.csv", SMALL)
        for name, text, says in (
            ("a cycle", WARDS + "area,x,A,W1\n", "part of itself"),
            ("two parents", WARDS + "area,wards,W2,A\n", "two parents"),
            ("a triple twice", WARDS + "area,wards,W1,A\n", ":10: the same is on line 2"),
            ("Total as a child", WARDS + "area,x,W1,Total\n", "only be a parent"),
            ("another dimension", WARDS + "ares,x,W1,A\n", "did you mean area?"),
            ("no such column", "dim,parent,child\n", "'tree'"),
            ("a code in no tree", WARDS.replace("area,wards,Total,C\n", "")
             .replace("area,districts,D1,C\n", ""), "in no tree"),
            ("empty", "", "empty"),
        ):
            with self.subTest(name):
                tree = self.file("h.csv", text)
                done = self.protect(path, "area,sex", "standard", "--hierarchy", tree)
                self.is_one_sentence(done, says)
                self.assertRegex(done.err, re.escape(str(self.folder)) + r"/[ht]\.csv:")

    def test_a_bad_published_table_gets_a_sentence_with_its_line(self):
        head = "sex,value,status,low,high\n"
        for text, says in (
            (head + "M,3,hidden,0,7\n", ":2: status is 'hidden'"),
            (head + "M,3,suppressed,0,7\n", "only a published cell"),
            (head + "M,,suppressed,9,7\n", "low is 9 but high is 7"),
            (head + "M,12,published,13,17\n", "outside its low 13"),
            (head + "M,12,published,x,17\n", "low is 'x'"),
            (head + "M,few,published,,\n", "value is 'few'"),
            ("sex,n\nM,3\n", "'value'"),
        ):
            with self.subTest(says):
                self.is_one_sentence(
                    self.attack(self.file("p.csv", text), "sex"), "p.csv:", says)


if __name__ == "__main__":
    unittest.main()
