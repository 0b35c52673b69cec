"""Lines that are cut for ten minutes, and one that is slow."""

import collections
import contextlib
import queue
import random
import re
import sqlite3
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "end_to_end"))
import figures  # noqa: E402
import hospitals  # noqa: E402
from asker import Asker  # noqa: E402
from hospitals import PINNED  # noqa: E402
from line import Line  # noqa: E402
from partnership import COMPLETE, run, wait_until  # noqa: E402

BACK_WITHIN = 30  # seconds, until all that were cut off answer again
WITNESSED_WITHIN = 60  # two rounds of the witnesses
TIMEOUT_MS = 2500
CALLERS = 6  # a question may wait until its deadline
SLOW = 8000  # bytes a second: 64 kbit/s
QUICK = 0

Answer = collections.namedtuple("Answer", "at ended by result query entries")


def behind(partners, names, line):
    """Moves these agencies to the far end of a line."""
    for name in names:
        partners.stop(name)
        config = partners.config(name)
        config.write_text(config.read_text().replace(
            f'"127.0.0.1:{partners.port}"', f'"127.0.0.1:{line.port}"'))
        partners.start(name)
    partners.wait_attached()


class Callers:
    """Ask one question a second, whatever becomes of the earlier ones."""

    def __init__(self, profile, dice):
        self.profile, self.dice = profile, dice
        self.work, self.answers, self.failed = queue.Queue(), [], []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.call) for _ in range(CALLERS)]
        self.threads.append(threading.Thread(target=self.give_out))
        for thread in self.threads:
            thread.start()

    def give_out(self):
        while not self.over.wait(1):
            self.work.put(self.dice.choice(PINNED))
        for _ in range(CALLERS):
            self.work.put(None)

    def call(self):
        with Asker(self.profile, TIMEOUT_MS) as asker:
            while (by := self.work.get()) is not None:
                at = time.monotonic()
                result = asker(by)
                if result is None:
                    self.failed.append(by)
                else:
                    entries = {agency["agency"]: agency["receipt"]["index"]
                               for agency in result["agencies"] if agency["receipt"]}
                    self.answers.append(Answer(at, time.monotonic(), by, result,
                                               result["query_id"], entries))

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def silent(answer):
    """The agencies that an answer says it is without."""
    return {agency["agency"] for agency in answer.result["agencies"]
            if agency["outcome"] != "answered"}


def smaller(answer, whole):
    """A row that is neither as in the whole answer nor unavailable; None: none is."""
    if len(answer.result["rows"]) != len(whole):
        return "another number of rows"
    for row, full in zip(answer.result["rows"], whole):
        missing = (row["status"], row["value"], row["high"]) == ("unavailable", None, None)
        if row != full and not (missing and silent(answer)):
            return row
    return None


def entries_of(partners, name):
    kind = "coordinator" if name == "coordinator" else "agent"
    path = partners.folder / "state" / name / f"{kind}.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as disk:
        return disk.execute("SELECT count(*) FROM entry").fetchone()[0]


def remembered(partners, witness, log):
    """The size of that node's log as a witness has it; 0: it never saw it."""
    path = partners.folder / "state" / witness / "witness.db"
    kind = "coordinator" if log == "coordinator" else f"agent/{log}"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as disk:
        rows = disk.execute("SELECT size FROM witnessed WHERE origin LIKE ?",
                            (f"%/{kind}/%",)).fetchall()
    return max((size for (size,) in rows), default=0)


def behind_by(partners, sizes):
    """Witnesses that have not seen a log at these sizes: who, whose, by how much."""
    return [(witness, log, size - remembered(partners, witness, log))
            for log, size in sizes.items() for witness in sizes
            if witness != log and remembered(partners, witness, log) < size]


def reconcile(partners):
    """What the auditor's own command says of all the ledgers, if it is not content."""
    agents = []
    for name in partners.agencies:
        agents += ["--agent", str(partners.folder / f"export-{name}")]
        done = run("cairn-agent", "audit", "export", agents[-1], "--config",
                   str(partners.config(name)))
        if done.code != COMPLETE:
            return [f"{name}: audit export says: {done.err.strip()}"]
    auditor = partners.write_profile(
        partners.folder / "auditor.textproto",
        partners.credentials(f"auditor-{hospitals.AUDITOR}"))
    done = run("cairn", "audit", "reconcile", *agents, "--keys",
               str(partners.config("ledger-keys")), profile=auditor, timeout=120)
    return [] if done.code == COMPLETE else [
        f"audit reconcile says: {(done.err + done.out).strip()[:600]}"]


def run_cut(options):
    partners = hospitals.open_hospitals(options)
    names = list(partners.agencies)
    lost = set(names[len(names) // 2:])
    line, found = Line(partners.port), []
    try:
        behind(partners, lost, line)
        with Asker(partners.profile) as asker:
            whole = {by: asker(by)["rows"] for by in PINNED}
        callers = Callers(partners.profile, random.Random(options.seed))
        try:
            time.sleep(1)
            line.cut()
            cut = time.monotonic()
            time.sleep(options.seconds)
            sizes = {name: entries_of(partners, name) for name in ("coordinator", *names)}
            gap = max((by for _, _, by in behind_by(partners, sizes)), default=0)
            line.mend()
            mended = time.monotonic()

            def whole_since(one):
                return one.ended > mended and not silent(one)

            wait_until(lambda: any(map(whole_since, callers.answers)),
                       "a question is answered in full again", 120)
            back = min(one.ended for one in callers.answers if whole_since(one)) - mended
            # They look at each other's logs twice a minute.
            wait_until(lambda: options.short or not behind_by(partners, sizes),
                       "the witnesses have seen what was logged meanwhile", 180)
            witnessed = time.monotonic() - mended
            time.sleep(2)
        finally:
            line.mend()
            callers.end()
        wrong, entries = hospitals.check_ledgers(partners, callers.answers)
        found += wrong + reconcile(partners)
        found += [f"{name}: its log says {word}" for name in ("coordinator", *names)
                  for word in ("quarantined", "peer.conflict")
                  if word in partners.log(name)]
    finally:
        partners.close()
        line.close()
    answers = callers.answers
    during = [one for one in answers if cut < one.at and one.ended < mended]
    after = [one for one in answers if one.at > mended + back]
    found += [f"by {by}: no answer at all" for by in callers.failed]
    found += [f"{one.query} was asked without {len(lost)} agencies and does not say so"
              for one in during if silent(one) != lost]
    found += [f"{one.query} is without {silent(one)} after all were back"
              for one in after if silent(one)]
    found += [f"{one.query} has a smaller figure: {smaller(one, whole[one.by])}"
              for one in answers if smaller(one, whole[one.by])]
    if not during or not after:
        found.append("nobody asked while the line was cut, or afterwards")
    if not options.short and (back > BACK_WITHIN or witnessed > WITNESSED_WITHIN):
        found.append(f"back after {back:.0f} s, witnessed after {witnessed:.0f} s")
    return figures.ended(
        "cut", f"{len(lost)} of {len(names)} agencies cut off for {mended - cut:.0f} s, "
        f"{len(during)} answers without them, each marked, none with a smaller figure; "
        f"all answered {back:.1f} s after the line was whole, {len(after)} answers in full "
        f"since; witnesses were up to {gap} entries behind"
        f"{'' if options.short else f' and had all after {witnessed:.1f} s'}; "
        f"{entries} ledger entries, reconciled", found)


def ask_others(partners, names, until):
    """Seconds of each question to these agencies only, and those that went wrong."""
    took, wrong = [], []
    while not until.is_set():
        done = partners.query("--from", hospitals.DATA_SET, "--by", PINNED[0],
                              "--agencies", ",".join(names))
        took.append(done.seconds)
        if done.code != COMPLETE:
            wrong.append(str(done))
        until.wait(0.2)
    return took, wrong


def run_slow(options):
    """One of the agencies behind a line of 64 kbit/s; each rate first without it."""
    dice = random.Random(options.seed)
    partners = hospitals.open_hospitals(options)
    *others, slow = partners.agencies
    line, found, told, ended = Line(partners.port), [], [], []
    try:
        behind(partners, [slow], line)
        ended += hospitals.ask_steadily(partners, PINNED, 4, 10000)
        for rate in (1, 10):
            p90 = {}
            for line.rate in (QUICK, SLOW):
                asked = [dice.choice(PINNED)
                         for _ in range(max(2, int(rate * options.seconds / 4)))]
                over, got = threading.Event(), []
                thread = threading.Thread(
                    target=lambda: got.append(ask_others(partners, others, over)))
                thread.start()
                try:
                    now = hospitals.ask_steadily(partners, asked, rate, 5000)
                finally:
                    over.set()
                    thread.join()
                ended += now
                took, wrong = got[0]
                found += wrong
                p90[line.rate] = figures.quantile(took, 0.9)
                words = collections.Counter(re.sub(r"\d+", "N", one.words) for one in now)
                told.append(
                    f"{rate} a second {'slow' if line.rate else 'quick'}: "
                    + ", ".join(f"{count} {what}" for what, count in words.items())
                    + f" ({figures.spread([one.seconds for one in now])}), the others "
                    f"alone {figures.spread(took)}")
                found += [f"{one.query}: {one.words}, without {set(others) - set(one.entries)}"
                          for one in now if not set(others) <= set(one.entries)]
            if not options.short and p90[SLOW] > 2 * p90[QUICK] + 0.1:
                found.append(f"the others took {p90[SLOW]:.2f} s beside the slow line, "
                             f"{p90[QUICK]:.2f} s without")
        line.rate = QUICK
        wait_until(lambda: partners.query("--from", hospitals.DATA_SET, "--by",
                                          PINNED[0]).code == COMPLETE,
                   "all answer once the line is quick", 60)
        wrong, entries = hospitals.check_ledgers(partners, ended)
        found += wrong
    finally:
        partners.close()
        line.close()
    return figures.ended(
        "slow-line", f"one of {options.agents} agencies behind {SLOW} bytes a second; "
        f"{'; '.join(told)}; {entries} ledger entries", found)
