"""Questions as a strategic needs assessment asks them, made from a seed.

The headings are those of the Home Office's guidance on the serious violence duty
(2022, chapter 4): the extent of violence and its trend, who is affected, how and
where it happens, small places, populations of interest. They are written without
a look at any release plan: small places are asked with few other facts, for there
is little to count there, and larger ones with more.
"""

import random

# Each value of a filter falls on the edge of a code.
OFFENCE = ["violence = 'serious'", "violence IN ('serious', 'other_violence')",
           "offence_class = 'ROB'", "offence_class IN ('VWI', 'HOM')",
           "violence <> 'other'"]
SERIOUS = ["violence = 'serious'", "violence IN ('serious', 'other_violence')",
           "violence <> 'other'"]
AGE = ["age_u25 = 'under_25'", "age_core = '10-17'",
       "age_band BETWEEN '10-13' AND '16-17'", "age_core IN ('10-17', '18-24')",
       "(age_band = '18-19' OR age_band = '20-24')", "NOT age_core = '35+'"]
SEX = ["sex = 'F'", "sex IN ('M', 'F')", "NOT sex = 'M'"]
ETHNICITY = ["ethnicity5 <> 'W'", "ethnicity5 IN ('B', 'M')"]
WEAPON = ["weapon = 'KNIFE'", "weapon IN ('KNIFE', 'GUN')",
          "weapon_kind <> 'NONE'"]
DOMESTIC = ["domestic = '1'", "domestic = '0'"]
TIME = ["quarter = '2024-Q4'", "month BETWEEN '2024-04' AND '2024-06'",
        "quarter IN ('2024-Q2', '2024-Q3')"]
INTENT = ["intent = 'ASSAULT'", "intent IN ('ASSAULT', 'SELF_HARM')"]


class Maker:
    """One question at a time: its words for `cairn query`."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def fact(self, levels, filters):
        """A variable to spread over, or a filter on it."""
        if self.random.random() < 0.55:
            return "by", self.random.choice(levels)
        return "where", self.random.choice(filters)

    def ask(self, data_set, facts, measure=None):
        by = [words for kind, words in facts if kind == "by"]
        where = [words for kind, words in facts if kind == "where"]
        self.random.shuffle(by)
        question = ["--from", data_set]
        if by:
            question += ["--by", ",".join(by)]
        if where:
            question += ["--where", " AND ".join(where)]
        if measure:
            question += ["--measure", measure]
        return question

    def some(self, facts, least, most):
        return self.random.sample(facts, self.random.randint(least, most))

    def place(self):
        return [("by", "lad")] if self.random.random() < 0.75 else []

    def when(self, chance, levels=("quarter", "financial_year")):
        if self.random.random() >= chance:
            return []
        return [self.fact(list(levels), TIME)]

    # Police.

    def extent(self):
        if self.random.random() < 0.35:
            facts = [("by", "ward")] + self.when(0.7)
            return self.ask("police_incidents",
                            facts + self.some([self.fact(["violence"], SERIOUS)], 0, 1))
        facts = self.place() + self.when(0.9, ("month", "quarter", "financial_year"))
        return self.ask("police_incidents", facts + self.some(
            [self.fact(["offence_class", "violence"], OFFENCE)], 0, 1))

    def people(self):
        return [self.fact(["age_core", "age_u25"], AGE), self.fact(["sex"], SEX),
                self.fact(["ethnicity5"], ETHNICITY)]

    def affected(self):
        facts = self.some(self.people(), 1, 2)
        if len(facts) == 1 and self.random.random() < 0.4:
            facts += self.when(1)
            facts += self.some([self.fact(["violence"], SERIOUS)], 0, 1)
        elif len(facts) == 1:
            facts.append(self.fact(["offence_class", "violence"], OFFENCE))
        else:
            facts.append(self.fact(["violence"], SERIOUS))
        return self.ask("police_incidents", self.place() + facts)

    def circumstances(self):
        how = self.random.choice([
            self.fact(["weapon_kind"], WEAPON), self.fact(["domestic"], DOMESTIC),
            ("by", "location_type"), ("by", "outcome_group"), ("by", "role")])
        more = self.when(0.4) or self.some(self.people()[:2], 0, 1) \
            if "weapon" in how[1] else self.when(0.4)
        return self.ask("police_incidents", self.place() + [how] + more + self.some(
            [self.fact(["violence"], SERIOUS)], 0, 1))

    def small_places(self):
        place = self.random.choice(["ward", "ward", "ward", "msoa", "imd_decile"])
        facts = [("by", place)]
        if place == "ward":
            facts.append(self.random.choice([
                self.fact(["age_core", "age_u25"], AGE), self.fact(["sex"], SEX),
                self.fact(["weapon_kind"], WEAPON), self.fact(["domestic"], DOMESTIC),
                self.fact(["offence_class", "violence"], OFFENCE)]))
        else:
            facts.append(self.fact(["violence"], SERIOUS))
        return self.ask("police_incidents", facts)

    def population(self):
        name = self.random.choice(
            ["knife_enabled", "knife_enabled", "non_domestic_violence"])
        facts = [self.fact([name], [f"{name} = '1'"])]
        if name == "knife_enabled" and self.random.random() < 0.3:
            return self.ask("police_incidents", [("by", "ward")] + facts)
        if name == "knife_enabled" and self.random.random() < 0.5:
            facts += self.some(self.people()[:2], 1, 2)
        else:
            facts += self.when(0.8)
        return self.ask("police_incidents", self.place() + facts)

    def persons_and_harm(self):
        measure = self.random.choice(["distinct_persons", "sum:harm_cost"])
        return self.ask("police_incidents", [("by", "lad")] + self.some(
            [("by", "quarter"), ("by", "violence")], 0, 2), measure)

    # Emergency departments.

    def injuries(self):
        facts = self.place() + [self.fact(["intent"], INTENT)]
        if self.random.random() < 0.3:
            facts += [self.fact(["month", "quarter"], TIME)]
        elif self.random.random() < 0.5:
            facts += self.some([self.fact(["age_core", "age_u25"], AGE),
                                self.fact(["sex"], SEX)], 1, 2)
        else:
            facts.append(self.random.choice([
                self.fact(["weapon_kind"], WEAPON), ("by", "location_type"),
                ("by", "alcohol_drug"), self.fact(["ethnicity5"], ETHNICITY)]))
            facts += self.when(0.4)
        return self.ask("ed_attendances", facts)

    def injuries_in_small_places(self):
        return self.ask("ed_attendances", [("by", "ward"), self.random.choice([
            self.fact(["intent"], INTENT), ("where", "knife_assault = '1'")])])

    def question(self):
        kind = self.random.choices(
            [self.extent, self.affected, self.circumstances, self.small_places,
             self.population, self.persons_and_harm, self.injuries,
             self.injuries_in_small_places],
            [18, 24, 15, 12, 7, 4, 16, 4])[0]
        return kind()


def questions(number, seed):
    """So many different questions."""
    maker, seen, made = Maker(seed), set(), []
    while len(made) < number:
        question = maker.question()
        if tuple(question) not in seen:
            seen.add(tuple(question))
            made.append(question)
    return made
