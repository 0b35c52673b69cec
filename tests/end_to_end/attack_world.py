"""A small police area with planted people, and what was released about them.

No record is about a real person. Two agencies follow the standard policy and two
that of NHS England (zeros shown); each pair holds the same records but for one:
`plain-a` and `plain-b`, `zeros-a` and `zeros-b` are twin worlds D and D + 1.
"""

import csv
import itertools
import os
import random
import sys

import numpy

import lattice
import partnership
from partnership import ROOT, Agency, Partnership, quoted

CATALOGUE = ROOT / "policies/catalogue.textproto"
DATA_SET = "police_incidents"
MONTHS = list(lattice.months_of("2024-04", "2025-03"))
SEED = int(os.environ.get("CAIRN_SEED") or random.randrange(10**6))
print(f"CAIRN_SEED={SEED}", file=sys.stderr)

WARDS = [f"W{n}" for n in range(6)]
# Finest areas, four to a ward and six to a middle area: the two trees cross.
AREAS = [dict(lsoa=f"L{n:02}", msoa=f"M{n // 6}", ward=f"W{n // 4}", lad=f"D{n // 12}",
              imd_decile=str(n * 7 % 10 + 1), utla=f"T{n // 12}", pfa="P0", region="R0")
         for n in range(24)]
WARD_OF = {area["lsoa"]: area["ward"] for area in AREAS}

# Column of the records -> codes and how often.
SHARES = {
    "offence_class": dict(VWI=22, VWOI=25, STALK=9, SEX_OTH=4, ROB=8, WEAP=5, PUB=12,
                          DRUG=6, OTHER=9),
    "weapon": dict(KNIFE=9, GUN=1, BLUNT=4, BODY=46, SEXUAL=3, OTHER=6, NONE=28, U=3),
    "domestic": {"1": 30, "0": 66, "U": 4},
    "role": dict(VICTIM=80, SUSPECT=20),
    "sex": dict(M=57, F=40, X=1, U=2),
    "ethnicity": dict(W1=66, W9=6, M1=3, A2=9, A3=4, B1=4, B2=4, O9=2, U=2),
    "location_type": dict(HOME=38, STREET=36, LICENSED=10, SHOP=7, SCHOOL=3,
                          TRANSPORT=3, OTHER=3),
    "outcome_group": dict(no_suspect=40, evidential=25, open=16, charged=12,
                          out_of_court=5, other_body=2),
}
AGES = [(0, 9, 2), (10, 13, 4), (14, 15, 6), (16, 17, 8), (18, 19, 8), (20, 24, 17),
        (25, 34, 24), (35, 44, 15), (45, 54, 9), (55, 64, 5), (65, 90, 2)]
BANDS = ["0-4", "5-9", "10-13", "14-15", "16-17", "18-19", "20-24", "25-34", "35-44",
         "45-54", "55-64", "65+"]


def band(age):
    if age == "":
        return "U"
    return next(b for b in reversed(BANDS) if int(b.split("-")[0].rstrip("+")) <= age)


# Planted: the combinations that nobody else has, and who has them.
ALONE = {"ward": "W4", "age_band": "16-17"}  # the one of 17 years
PROLIFIC = {"ward": "W3", "weapon": "CORR"}  # 15 events of one person
ONES = {"outcome_group": "not_public_interest"}  # a row of ones: W0 and W1
ZERO_ROW = {"location_type": "SECURE"}  # 9 events, all in W2
ZERO_SMALL = {"weapon": "STRANG"}  # 4 events, all in W1
LAST_LSOA = {"lsoa": "L03", "weapon": "KNIFE"}  # 3 in the last part of W0
RICH = {"ward": "W3", "location_type": "HEALTH"}  # 12 events, one has all the cost
WOMEN = {"ward": "W1", "offence_class": "HOM", "sex": "F"}  # 2 beside 30 men
UNIQUE = {"lsoa": "L20", "offence_class": "ROB", "weapon": "KNIFE"}  # 1
CHILDREN = {"ward": "W5", "age_band": "10-13"}  # 4
TWIN = {"ward": "W2", "weapon": "FIRE"}  # nobody in D, one in D + 1
TWIN_ZEROS = {"ward": "W2", "location_type": "SPORT"}  # 3 in D, 4 in D + 1
PLANTED = {
    "the only one of 17 years": ALONE, "15 events of one person": PROLIFIC,
    "the last area of a ward": LAST_LSOA, "women beside 30 men": WOMEN,
    "a unique robbery": UNIQUE, "children": CHILDREN, "a twin": TWIN,
    "a twin where zeros are shown": TWIN_ZEROS, "one who has all the cost": RICH,
    **{f"a row of ones, {w}": {**ONES, "ward": w} for w in WARDS},
    **{f"a row with one entry, {w}": {**ZERO_ROW, "ward": w} for w in WARDS},
    **{f"a small row with one entry, {w}": {**ZERO_SMALL, "ward": w} for w in WARDS},
}


def codes_of(record):
    """All that the planted combinations speak of."""
    return {**record, "ward": WARD_OF.get(record["lsoa"], "U"),
            "age_band": band(record["age"])}


def matches(record, combination):
    codes = codes_of(record)
    return all(codes[v] == code for v, code in combination.items())


def make_records(rows=7000, seed=1906):
    """The records of world D, and those that its twins have in addition."""
    chance, records = random.Random(seed), []
    weights = [chance.uniform(0.5, 3) for _ in AREAS]

    def draw(**planted):
        low, high, _ = chance.choices(AGES, [a[2] for a in AGES])[0]
        record = {
            "person": f"p{chance.randrange(rows * 9 // 10)}",
            "when": f"{chance.choice(MONTHS)}-{chance.randint(1, 28):02} "
                    f"{chance.randint(0, 23):02}:00",
            "age": "" if chance.random() < 0.02 else chance.randint(low, high),
            "lsoa": "" if chance.random() < 0.02 else
                    chance.choices(AREAS, weights)[0]["lsoa"],
            "harm_cost": chance.randint(100, 20000),
            **{c: chance.choices(list(s), s.values())[0] for c, s in SHARES.items()},
        }
        record.update(planted)
        return record

    def plant(number, combination, **more):
        ward = combination.get("ward")
        for n in range(number):
            planted = {k: v for k, v in combination.items() if k not in ("ward", "age_band")}
            if ward:
                planted["lsoa"] = f"L{4 * int(ward[1]) + n % 4:02}"
            if "age_band" in combination:
                planted["age"] = int(combination["age_band"].split("-")[1])
            records.append(draw(**{"person": f"planted{len(records)}", **planted, **more}))

    while len(records) < rows:
        record = draw()
        if not any(matches(record, c) for c in PLANTED.values()):
            records.append(record)
    plant(1, ALONE, sex="F", offence_class="ROB", weapon="KNIFE")
    plant(15, PROLIFIC, person="busy", sex="M", age=31, offence_class="VWI")
    for ward in ("W0", "W1"):
        plant(1, {**ONES, "ward": ward})
    plant(9, {**ZERO_ROW, "ward": "W2"})
    plant(4, {**ZERO_SMALL, "ward": "W1"})
    plant(3, LAST_LSOA)
    plant(30, {**WOMEN, "sex": "M"})
    plant(2, WOMEN)
    plant(1, UNIQUE, age=52, sex="M")
    plant(4, CHILDREN)
    plant(3, TWIN_ZEROS)
    plant(11, RICH, harm_cost=100)
    plant(1, RICH, harm_cost=50000)
    twins = {"plain-b": draw_twin(records, draw, TWIN),
             "zeros-b": draw_twin(records, draw, TWIN_ZEROS)}
    return records, twins


# What is asked of both twins must not move a count over a rounding boundary.
TWIN_QUESTIONS = (("ward", "weapon"), ("ward", "location_type"), ("ward", "sex"),
                  ("sex", "age_core"), ("lad", "quarter"), ("domestic", "sex"))


def draw_twin(records, draw, combination):
    """One more person, whom no rounded figure of TWIN_QUESTIONS can show."""
    codes = [{**codes_of(r), "age_core": core(band(r["age"])),
              "lad": f"D{int(r['lsoa'][1:]) // 12}" if r["lsoa"] else "U",
              "quarter": lattice.time_codes(r["when"][:7])["quarter"]} for r in records]
    counts = {}
    for variables in TWIN_QUESTIONS:
        for r in codes:
            for key in itertools.product(*((r[v], "Total") for v in variables)):
                counts[variables, key] = counts.get((variables, key), 0) + 1
    for _ in range(20000):
        planted = {k: v for k, v in combination.items() if k != "ward"}
        record = draw(person="twin", lsoa="L09", **planted)
        r = {**codes_of(record), "age_core": core(band(record["age"])), "lad": "D0",
             "quarter": lattice.time_codes(record["when"][:7])["quarter"]}
        now = [counts.get((v, key), 0) for v in TWIN_QUESTIONS
               for key in itertools.product(*((r[x], "Total") for x in v))]
        if all(n < 7 or n % 5 != 2 for n in now):
            return record
    raise AssertionError("no twin can be hidden in these records")


def core(band_):
    return {"0-4": "0-9", "5-9": "0-9", "10-13": "10-17", "14-15": "10-17",
            "16-17": "10-17", "18-19": "18-24", "20-24": "18-24", "25-34": "25-34",
            "U": "U"}.get(band_, "35+")


class Truth:
    """The true figures of one agency's records, for cells of the lattice."""

    def __init__(self, cells, records):
        self.lattice = cells
        self.leaf = numpy.zeros((len(cells.leaves), len(records)), dtype=object)
        for position in range(len(cells.leaves)):
            levels = [v for v, p in cells.dimension_of.items() if p == position]
            source = next((v for v in levels if v in COLUMN), None)
            bits = cells.leaves[position]
            for n, record in enumerate(records):
                if source:
                    self.leaf[position, n] = bits[COLUMN[source](record) or "U"]
        for variable in cells.populations:
            position = cells.dimension_of[variable]
            everyone = [numpy.isin(self.leaf[cells.dimension_of[v]], [
                cells.masks[v][c] for c in codes])
                for v, codes in cells.populations[variable]]
            inside = numpy.logical_and.reduce(everyone)
            self.leaf[position] = numpy.where(inside, 1, 2)
        self.member = {}
        self.persons = numpy.array([r["person"] for r in records])
        self.costs = numpy.array([r.get("harm_cost", 0) for r in records])

    def inside(self, cell):
        """Which records are in it."""
        chosen = numpy.ones(self.leaf.shape[1], dtype=bool)
        for position, mask in enumerate(cell):
            if mask == self.lattice.full[position]:
                continue
            if (position, mask) not in self.member:
                self.member[position, mask] = (self.leaf[position] & mask).astype(bool)
            chosen &= self.member[position, mask]
        return chosen

    def count(self, cell):
        return int(self.inside(cell).sum())

    def distinct_persons(self, cell):
        return len(set(self.persons[self.inside(cell)]))

    def harm_cost(self, cell):
        return int(self.costs[self.inside(cell)].sum())


COLUMN = {
    **{name: lambda r, name=name: r.get(name) for name in (
        "intent", "admitted", "alcohol_drug")},
    "month": lambda r: r["when"][:7],
    "hour": lambda r: r["when"][11:13],
    "weekday": lambda r: weekday(r["when"]),
    "lsoa": lambda r: r["lsoa"],
    "age_band": lambda r: band(r["age"]),
    **{name: lambda r, name=name: r.get(name) for name in SHARES},
}


def weekday(when):
    # Zeller: days since a Monday.
    year, month, day = int(when[:4]), int(when[5:7]), int(when[8:10])
    if month < 3:
        year, month = year - 1, month + 12
    days = day + (13 * (month + 1)) // 5 + year + year // 4 - year // 100 + year // 400
    return ("SAT", "SUN", "MON", "TUE", "WED", "THU", "FRI")[days % 7]


# Files and programs.

def write_records(path, records):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, ["ref", *records[0]])
        writer.writeheader()
        for n, record in enumerate(records):
            writer.writerow({**record, "ref": f"r{n}"})


def mapping(data_set, fields):
    known = {"person": "person_key: true", "when": "occurred_at: true",
             "age": 'variable: "age_band" number_to_band: true empty: "U"',
             "harm_cost": 'quantity: "harm_cost"'}
    return (f'data_set: "{data_set}"\nversion: 1\n'
            'column { name: "ref" record_key: true }\n' + "".join(
                f'column {{ name: "{field}" '
                + known.get(field, f'variable: "{field}" identity: true empty: "U"')
                + " }\n" for field in fields))


class Members(Partnership):
    """A partnership whose members may follow different policies."""

    policies = {}

    def agent_config(self, agency, *options):
        text = super().agent_config(agency, *options)
        name = self.policies.get(agency, "standard")
        return text.replace(quoted(self.policy), quoted(ROOT / f"policies/{name}.textproto"))


def open_partnership(records, policies, analysts=(), data_set=DATA_SET):
    """Agencies -> records, and agency -> policy; started and attached."""
    folder = partnership.new_folder()
    (folder / "data").mkdir()
    with open(folder / "data/places.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, AREAS[0])
        writer.writeheader()
        writer.writerows(AREAS)
    fields = list(next(iter(records.values()))[0])
    (folder / "data/mapping.textproto").write_text(mapping(data_set, fields))
    places = f"places {{ file: {quoted(folder / 'data/places.csv')}\n" + "".join(
        f'  column {{ name: "{level}" variable: "{level}" }}\n' for level in AREAS[0]) + "}\n"
    members = {}
    for agency, held in records.items():
        write_records(folder / f"data/{agency}.csv", held)
        members[agency] = Agency(
            agency, "police", data_set, places,
            f'source {{ data_set: "{data_set}"\n'
            f"  file: {quoted(folder / 'data' / (agency + '.csv'))}\n"
            f"  mapping: {quoted(folder / 'data/mapping.textproto')}\n"
            '  covers { from: "2024-04" to: "2025-03" } }\n')
    partners = Members("riverside", CATALOGUE, members, folder)
    partners.policies = policies
    try:
        partners.certificates()
        if analysts:
            partners.certificates(None, None, "--analyst", *analysts)
        partners.open()
    except BaseException:
        partners.close()
        raise
    for analyst in analysts:
        partners.write_profile(folder / f"{analyst}.textproto",
                               partners.credentials(f"analyst-{analyst}"))
    return partners


def lattice_of(partners, data_set=DATA_SET):
    """Its agencies declare no area, and every record has a date."""
    return lattice.Lattice(
        CATALOGUE, data_set, partners.folder / "data/places.csv",
        (("PLACE", "OUT"), ("TIME", "U"), ("WEEKDAY", "U"), ("HOUR", "U")))
