#!/usr/bin/env python3
"""Asks twenty questions with the program cairn and writes how long each took.

usage: questions.py CAIRN DATA_SET KIND OUT.csv

KIND is synthetic or police. OUT.csv gets one line an answer of an agency: the
agency, elapsed_ms as the agency itself measured it, rounded down, wall_ms, the
whole time of the program cairn, and the question. Stops at a question that is
not answered by all.
"""

import csv
import json
import subprocess
import sys
import time

QUESTIONS = {
    "synthetic": """month quarter lad ward lsoa offence_class weapon
        lad,month lad,offence_class ward,month age_core,sex
        age_band,sex offence_class,month weapon,month location_type,month
        lad,month,offence_class age_core,sex,weapon ward,offence_class
        weekday,hour age_core,lad,weapon""",
    "police": """month quarter lad ward msoa lsoa offence_class outcome_group
        lad,month lad,offence_class ward,month msoa,month
        offence_class,month outcome_group,month imd_decile,offence_class
        offence_class,outcome_group lad,month,offence_class
        imd_decile,month lad,outcome_group imd_decile,month,offence_class""",
}


def ask(cairn, data_set, variables):
    started = time.monotonic()
    done = subprocess.run(
        [cairn, "query", "--from", data_set, "--by", variables, "--purpose",
         "needs_assessment", "-o", "json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60)
    wall_ms = (time.monotonic() - started) * 1000
    if done.returncode != 0:
        sys.exit(f"questions.py: --by {variables}: exit code {done.returncode}")
    return json.loads(done.stdout)["agencies"], wall_ms


def main():
    cairn, data_set, kind, out = sys.argv[1:]
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["agency", "elapsed_ms", "wall_ms", "question"])
        for variables in QUESTIONS[kind].split():
            agencies, wall_ms = ask(cairn, data_set, variables)
            for agency in agencies:
                writer.writerow([agency["agency"], agency["elapsed_ms"],
                                 f"{wall_ms:.1f}", variables])


main()
