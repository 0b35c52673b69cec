"""A partnership of many hospitals, so that one question goes to all of them."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "end_to_end"))
import partnership  # noqa: E402
from checker import Log  # noqa: E402
from partnership import BIN, COMPLETE, ENVIRONMENT, Agency, run  # noqa: E402

DATA_SET = "ed_attendances"
# What is asked again and again, and so is pinned.
PINNED = ("age_core", "sex", "month", "sex,age_core", "weapon", "quarter", "weapon,sex",
          "intent", "intent,sex", "month,sex", "arrival_mode", "location_type")
AUDITOR = "ig-lead"
RETRY = "[retry after 2000 ms]"


def open_hospitals(options):
    """Agencies with records of one data set, each its own, all attached."""
    agents, rows = options.agents, 4000 if options.short else 60000
    models = ("st-marys-ed", "queens-ed")
    partners = partnership.synthetic(*models, rows=1000)
    data, members = str(partners.folder / "data"), {}
    for i in range(agents):
        own = f"{data}-{i // len(models)}"
        if i % len(models) == 0:
            made = run("cairn-synthetic", "--out", own, "--rows", str(rows), "--seed",
                       str(i + 2))
            assert made.code == 0, made
        model = partners.agencies[models[i % len(models)]]
        members[f"hospital-{i + 1}"] = Agency(
            f"Hospital {i + 1}", model.kind, model.data_set,
            model.places.replace(data + "/", own + "/"),
            model.source.replace(data + "/", own + "/"))
    partners.agencies = members
    try:
        partners.certificates(None, None, "--auditor", AUDITOR)
        partners.write_configs()
        for agency in partners.agencies:
            partners.load(agency)
        partners.start("coordinator", *partners.agencies)
        partners.wait_attached()
        return partners
    except BaseException:
        partners.close()
        raise


class Ended:
    """How a question ended that cairn-many-questions asked at its time."""

    def __init__(self, line):
        at, seconds, self.by, self.query, entries, self.words = line.split(" ", 5)
        self.at, self.seconds = float(at), float(seconds)
        self.entries = dict(pair.split("=") for pair in entries.split(",") if pair != "-")


def ask_steadily(partners, questions, rate, timeout_ms):
    """Asks so many a second; how each ended, in the order that they were asked."""
    done = subprocess.run(
        [str(BIN / "cairn-many-questions"), str(partners.profile), str(rate),
         str(timeout_ms), DATA_SET], input="\n".join(questions) + "\n", env=ENVIRONMENT,
        capture_output=True, text=True, timeout=len(questions) / rate + 120, check=True)
    ended = [Ended(line) for line in done.stdout.splitlines()]
    return sorted(ended, key=lambda one: one.at)


def ask_at_once(partners, by, number, timeout_ms):
    """[(how many, slowest seconds, words)] of that many calls at once."""
    done = subprocess.run(
        [str(BIN / "cairn-many-questions"), str(partners.profile), str(number),
         str(timeout_ms), DATA_SET, by], env=ENVIRONMENT, capture_output=True, text=True,
        timeout=180, check=True)
    lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
    return [(int(count), float(seconds), words) for count, seconds, words in lines]


def status_of(partners, name):
    process = partners.processes[name]
    return Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")


def peaks_mib(partners):
    """The most memory that each program ever had, in MiB."""
    return {name: int(re.search(r"VmHWM:\s+(\d+)", status_of(partners, name))[1]) / 1024
            for name in partners.processes}


def check_ledgers(partners, ended):
    """What is wrong with the ledgers after all has come to rest, in sentences; and how
    many entries they have. Each answer has its entries on both sides."""
    found, entries = [], 0
    answered = [one for one in ended if one.query != "-"]
    for name in ("coordinator", *partners.agencies):
        kind = "coordinator" if name == "coordinator" else "agent"
        log = Log(partners.folder / "state" / name / f"{kind}.db", found)
        entries += len(log.entries)
        if name == "coordinator":
            found += [f"{one.query} was answered; the coordinator has no entry of it"
                      for one in answered if not any(
                          entry["type"] in ("answer.merged", "answer.partial",
                                            "query.refused")
                          for entry in log.of(one.query))]
            continue
        for one in answered:
            if name in one.entries:
                at = int(one.entries[name])
                entry = log.entries[at] if at < len(log.entries) else {}
                if (entry.get("type"), entry.get("qid")) != ("answer.released", one.query):
                    found.append(f"{one.query}: the entry of its receipt is not in the "
                                 f"log of {name}")
        admitted = {query: sum(entry["type"] == "query.admitted" for entry in log.of(query))
                    for query in log.queries()}
        found += [f"{name}: {query} was run {times} times"
                  for query, times in admitted.items() if times > 1]
    for name, verdict in partners.verify_ledgers().items():
        if verdict.code != COMPLETE:
            found.append(f"{name}: audit verify says: {verdict.err.strip()}")
    return found, entries
