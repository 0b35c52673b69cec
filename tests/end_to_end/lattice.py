"""What cells there are: the public words of a partnership, read by themselves.

A cell is a set of people, named by the finest codes it takes in, so that the same
people under two names are one cell. Reads the catalogue and the places table; shares
no code with Cairn.
"""

import csv
import re


def read_textproto(text):
    """A message: field -> list of values, texts as str and messages as dict."""
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[{}:\[\],]|[^\s{}:\[\],"#]+|#.*', text)
    tokens = [t for t in tokens if t[0] not in "#,"]
    at = 0

    def value():
        nonlocal at
        at += 1
        token = tokens[at - 1]
        if token == "{":
            return message()
        return token[1:-1] if token[0] == '"' else token

    def message():
        nonlocal at
        fields = {}
        while at < len(tokens) and tokens[at] != "}":
            name = tokens[at]
            at += 1
            if tokens[at] == ":":
                at += 1
            if tokens[at] == "[":
                at += 1
                while tokens[at] != "]":
                    fields.setdefault(name, []).append(value())
                at += 1
            else:
                fields.setdefault(name, []).append(value())
        at += 1
        return fields

    return message()


def months_of(first, last):
    year, month = map(int, first.split("-"))
    while f"{year}-{month:02}" <= last:
        yield f"{year}-{month:02}"
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def time_codes(month):
    """The coarser codes that a month lies in, by variable."""
    year, number = int(month[:4]), int(month[5:])

    def split_year(first_month):
        start = year if number >= first_month else year - 1
        return f"{start}/{(start + 1) % 100:02}"

    return {"month": month, "quarter": f"{year}-Q{(number + 2) // 3}",
            "calendar_year": str(year), "financial_year": split_year(4),
            "academic_year": split_year(9)}


class Lattice:
    """Which sets of finest codes the codes of a data set's variables stand for."""

    def __init__(self, catalogue, data_set, places, without=()):
        """`catalogue` and `places` (CSV, finest area first) are paths. `without`:
        finest codes that results never show, by kind: ("PLACE", "OUT")."""
        root = read_textproto(catalogue.read_text(encoding="utf-8"))
        lists = {l["id"][0]: l for l in root["code_list"]}
        shared = {d["id"][0]: d for d in root.get("shared", ())}
        (self.data,) = [d for d in root["data_set"] if d["id"] == [data_set]]
        dimensions = [shared[name] for name in self.data.get("uses", ())]
        dimensions += self.data.get("dimension", ())
        with open(places, newline="", encoding="utf-8") as text:
            areas = list(csv.DictReader(text))
        self.without = without
        self.dimension_of = {}  # variable -> position
        self.masks = {}  # variable -> code -> bits of its finest codes
        self.leaves = []  # by dimension: finest code -> bit
        self.populations = {}  # variable -> [(variable, codes)], all to hold
        for position, dimension in enumerate(dimensions):
            self._add_dimension(position, dimension, lists, areas)
        for population in self.data.get("population", ()):
            self._add_population(population)
        self.full = tuple((1 << len(l)) - 1 for l in self.leaves)

    def _add_dimension(self, position, dimension, lists, areas):
        kind = dimension["kind"][0]
        levels = [level["variable"][0] for level in dimension["level"]]
        if kind == "TIME":
            months = months_of(self.data["period_from"][0], self.data["period_to"][0])
            leaves = {m: time_codes(m) for m in months}
        elif kind == "PLACE":
            leaves = {a[levels[0]]: {l: a[l] for l in levels if l in a} for a in areas}
            leaves["OUT"] = dict.fromkeys(levels, "OUT")
        elif kind == "WEEKDAY":
            leaves = {d: {levels[0]: d}
                      for d in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")}
        elif kind == "HOUR":
            leaves = {f"{h:02}": {levels[0]: f"{h:02}"} for h in range(24)}
        else:
            leaves = {}
            for code in lists[dimension["level"][0]["code_list"][0]]["code"]:
                above = {i["level"][0]: i["code"][0] for i in code.get("in", ())}
                leaves[code["id"][0]] = {levels[0]: code["id"][0], **above}
        leaves.setdefault("U", dict.fromkeys(levels, "U"))
        leaves = {l: a for l, a in leaves.items() if (kind, l) not in self.without}
        bits = {leaf: 1 << n for n, leaf in enumerate(leaves)}
        for level in levels:
            codes = {}
            for leaf, above in leaves.items():
                if level in above:
                    codes[above[level]] = codes.get(above[level], 0) | bits[leaf]
            self.dimension_of[level] = position
            self.masks[level] = codes
        self.leaves.append(bits)

    def _add_population(self, population):
        """Only those that are an AND of = and IN; others stand for themselves."""
        variable, parts = population["variable"][0], []
        for part in population["where"][0].split(" AND "):
            found = re.fullmatch(r"(\w+) (?:=|IN) \(?((?:'[^']*'(?:, )?)+)\)?", part)
            if not found:
                raise ValueError(f"{variable}: cannot read {part}")
            parts.append((found[1], re.findall(r"'([^']*)'", found[2])))
        self.dimension_of[variable] = len(self.leaves)
        self.populations[variable] = parts
        self.masks[variable] = {"1": 1, "0": 2}
        self.leaves.append({"1": 1, "0": 2})

    def restrict(self, cell, variable, code):
        """The part of a cell with a code (or a list of codes); None: nobody."""
        if variable in self.populations and code == "1":
            for inner, codes in self.populations[variable]:
                cell = cell and self.restrict(cell, inner, codes)
            return cell
        codes = [code] if isinstance(code, str) else code
        mask = 0
        for each in codes:
            mask |= self.masks[variable][each]
        position = self.dimension_of[variable]
        mask &= cell[position]
        return cell[:position] + (mask,) + cell[position + 1:] if mask else None

    def cell(self, **codes):
        """cell(sex="M", ward="W1"): Total may be said or left out."""
        found = self.full
        for variable, code in codes.items():
            if code != "Total" and found:
                found = self.restrict(found, variable, code)
        return found

    def parts(self, cell, variable):
        """A cell split by a variable: non-empty parts that are together the cell."""
        parts = (self.restrict(cell, variable, c) for c in self.masks[variable])
        return [part for part in parts if part]

    def words(self, cell):
        """A cell's name for people."""
        words = []
        for position, mask in enumerate(cell):
            if mask == self.full[position]:
                continue
            names = [f"{variable}={code}" for variable, codes in self.masks.items()
                     if self.dimension_of[variable] == position
                     for code, bits in codes.items() if bits == mask]
            leaves = [l for l, bit in self.leaves[position].items() if mask & bit]
            words.append(names[0] if names else "|".join(leaves))
        return " & ".join(words) or "everyone"
