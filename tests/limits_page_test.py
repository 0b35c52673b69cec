"""docs/limits.md is true: each row's value is the one in the code it names."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "s": 1}
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<number>\d+) ?(?P<unit>[A-Za-z]*) \| "
                 r"`(?P<file>[^`]+)` (?P<name>\S+) \| (?P<past>[^|]+) \|$")


def rows():
    for line in (ROOT / "docs/limits.md").read_text().splitlines():
        if line.startswith("|") and "`" in line.split("|")[3]:
            yield line, ROW.match(line)


def in_code(file, name):
    """The number that stands for the name in the code."""
    text = re.sub(r"//[^\n]*", "", (ROOT / file).read_text())
    if name[0].isdigit():
        return int(name.replace("'", "")) if name in text else None
    found = re.search(rf"\b{name}(?:\s*=\s*|,\s*|\()([^;]*);", text)
    if not found:
        return None
    value = re.sub(r"(size_t|int64_t|absl::Seconds|absl::Milliseconds)", "",
                   found[1]).replace("'", "")
    value = value.replace("{", "(").replace("}", ")").strip()
    while value.count(")") > value.count("("):
        value = value[:-1]
    assert re.fullmatch(r"[\d\s()<*]+", value), (file, name, found[1])
    number = eval(value)  # digits, shifts and products only
    return number / 1000 if re.search(r"(Ms|_MS)$", name) else number


class LimitsPage(unittest.TestCase):
    def test_every_row_can_be_read(self):
        found = list(rows())
        self.assertGreater(len(found), 45)
        for line, match in found:
            self.assertIsNotNone(match, line)

    def test_every_value_is_the_one_in_the_code(self):
        for line, match in rows():
            with self.subTest(line):
                self.assertIn(match["unit"], UNITS)
                self.assertEqual(in_code(match["file"], match["name"]),
                                 int(match["number"]) * UNITS[match["unit"]])

    def test_no_limit_of_the_code_is_left_out(self):
        """Constants whose name says that they are one, where input is read."""
        page = (ROOT / "docs/limits.md").read_text()
        inner = {  # of search and layout, not of what comes in
            "kMaxQuoted", "kMaxNewtonSteps", "kMaxRounds", "kMaxChanges",
            "kMaxIndexed", "kMaxLooked", "kMaxShownBytes", "kMaxProblems",
            "kMaxRemembered", "kMaxTreeSize", "kMaxHashes", "kMaxNameBytes",
            "kMaxEntryInteger", "kMaxAxes", "kMaxYear", "kMaxSerial", "kMaxNoise",
            "kMaxRows", "kMaxCellCharacters", "kMaxWork", "kMaxName", "kMaxCode",
            "kMaxCodeBytes", "kMaxSnapshotRows",
            "kMaxPlainInteger", "kMaxLogFileBytes", "kMaxProofBytes", "kMaxCells"}
        for folder in ("core", "agent", "coordinator", "cli"):
            for path in sorted((ROOT / folder).rglob("*.[ch]*")):
                for name in re.findall(r"\b(kMax\w+)(?: = |\()", path.read_text()):
                    self.assertTrue(name in page or name in inner,
                                    f"{path}: {name} is not in docs/limits.md")


if __name__ == "__main__":
    unittest.main()
