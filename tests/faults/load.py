"""Questions at a steady rate: as many as ten agencies are for, three times that, and a
long time of a few."""

import collections
import os
import random
import statistics
import threading
import time

import figures
import hospitals
from hospitals import PINNED, RETRY

RATE = 30  # questions a second to ten agencies
TIMEOUT_MS = 20000
ANSWERED_WITHIN = 1  # second, 99 of 100 whose figures are pinned
MEMORY_MIB = 512
NORMAL_WITHIN = 10  # seconds, after too many questions
GROWTH = 1.05  # of memory, from the first part of a long time to the last
# Nobody asked these before: each makes every agency protect a table. What is pinned is
# answered meanwhile.
NEW = ("hour", "weekday", "admitted", "police_aware", "alcohol_drug", "department_type",
       "site_code", "age_band", "lad", "ward", "imd_decile", "financial_year")


def questions_of(number, new, dice):
    """Pinned ones, with so many new ones in between."""
    asked = [dice.choice(PINNED) for _ in range(number)]
    for i, by in enumerate(NEW[:new]):
        asked[(2 * i + 1) * number // (2 * new)] = by
    return asked


def warm(partners):
    """Asks once what is then pinned."""
    ended = hospitals.ask_steadily(partners, PINNED, 4, TIMEOUT_MS)
    assert all(one.words == "answered" for one in ended), [one.words for one in ended]
    return ended


def run_load(options):
    dice = random.Random(options.seed)
    partners = hospitals.open_hospitals(options)
    try:
        first = warm(partners)
        asked = questions_of(int(options.seconds * RATE), options.new, dice)
        ended = hospitals.ask_steadily(partners, asked, RATE, TIMEOUT_MS)
        peaks = hospitals.peaks_mib(partners)
        found, entries = hospitals.check_ledgers(partners, first + ended)
    finally:
        partners.close()
    found += [f"{count} questions: {words}" for words, count in kinds_of(ended).items()
              if words != "answered"]
    if len(ended) != len(asked):
        found.append(f"{len(ended)} of {len(asked)} questions ended")
    pinned = [one.seconds for one in ended if one.by in PINNED]
    new = [one.seconds for one in ended if one.by not in PINNED]
    if figures.quantile(pinned, 0.99) > ANSWERED_WITHIN and not options.short:
        found.append(f"p99 is {figures.quantile(pinned, 0.99):.2f} s")
    return figures.ended(
        "load", f"{len(asked)} questions to {options.agents} agencies, {RATE} a second, "
        f"{sum(one.words == 'answered' for one in ended)} answered; "
        f"{len(pinned)} pinned: {figures.spread(pinned)}; {len(new)} new: "
        f"{figures.spread(new)}; {entries} ledger entries; memory at most "
        f"{max(peaks.values()):.0f} MiB, coordinator {peaks['coordinator']:.0f}", found)


def kinds_of(ended):
    """How many ended in which words."""
    return collections.Counter(one.words for one in ended)


def one_question(partners):
    """Seconds that one takes, with nothing else."""
    (ended,) = hospitals.ask_steadily(partners, PINNED[:1], 1, TIMEOUT_MS)
    assert ended.words == "answered", ended.words
    return ended.seconds


def back_to_normal(partners, before):
    """Seconds until three in a row take less than twice as long as before."""
    start, quick = time.monotonic(), 0
    while quick < 3:
        quick = quick + 1 if one_question(partners) < 2 * before else 0
        if time.monotonic() - start > 60:
            return 60
    return time.monotonic() - start


def unclear(words):
    """Whether they are neither an answer nor a refusal that says when to ask again."""
    return not (words == "answered" or words.startswith("partial: ") or RETRY in words)


def run_overload(options):
    dice = random.Random(options.seed)
    partners = hospitals.open_hospitals(options)
    found = []
    try:
        first = warm(partners)
        before = statistics.median(one_question(partners) for _ in range(11))
        asked = [dice.choice(PINNED) for _ in range(int(options.seconds * 3 * RATE))]
        ended = hospitals.ask_steadily(partners, asked, 3 * RATE, TIMEOUT_MS)
        normal = back_to_normal(partners, before)
        at_once = hospitals.ask_at_once(partners, PINNED[0], options.number, TIMEOUT_MS)
        normal_too = back_to_normal(partners, before)
        peaks = hospitals.peaks_mib(partners)
        wrong, entries = hospitals.check_ledgers(partners, first + ended)
        found += wrong
    finally:
        partners.close()
    found += [f"{count} questions: {words}" for words, count in kinds_of(ended).items()
              if unclear(words)]
    found += [f"{count} questions at once: {words}" for count, _, words in at_once
              if unclear(words)]
    if len(ended) != len(asked) or sum(one[0] for one in at_once) != options.number:
        found.append(f"{len(ended)} of {len(asked)} questions ended, and "
                     f"{sum(one[0] for one in at_once)} of {options.number} at once")
    found += [f"normal only {seconds:.1f} s after {what}" for seconds, what in
              ((normal, "the overload"), (normal_too, "the questions at once"))
              if seconds > NORMAL_WITHIN]
    found += [f"{name} took {peak:.0f} MiB" for name, peak in peaks.items()
              if peak > MEMORY_MIB]
    answered = [one.seconds for one in ended if one.words == "answered"]
    told = [one.seconds for one in ended if RETRY in one.words]
    also = ", ".join(f"{count} {words}" for count, _, words in at_once)
    return figures.ended(
        "overload", f"{len(asked)} questions to {options.agents} agencies, {3 * RATE} a "
        f"second: {len(answered)} answered ({figures.spread(answered)}), {len(told)} told "
        f"to ask again ({figures.spread(told)}), "
        f"{len(ended) - len(answered) - len(told)} partial; normal after {normal:.1f} s; "
        f"{options.number} at once: {also}; normal after {normal_too:.1f} s; a question "
        f"by itself {1000 * before:.0f} ms; {entries} ledger entries; memory at most "
        f"{max(peaks.values()):.0f} MiB, coordinator {peaks['coordinator']:.0f}", found)


class Watch:
    """Looks at every program's memory and descriptors until it is ended."""

    def __init__(self, partners, every):
        self.partners, self.every = partners, every
        self.start = time.monotonic()
        self.seen = {name: [] for name in partners.processes}  # (at, KiB, descriptors)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.over.wait(self.every):
            for name, process in self.partners.processes.items():
                text = hospitals.status_of(self.partners, name)
                files = len(os.listdir(f"/proc/{process.pid}/fd"))
                self.seen[name].append((time.monotonic() - self.start,
                                        int(text.split("VmRSS:")[1].split()[0]), files))

    def end(self):
        self.over.set()
        self.thread.join()

    def parts(self, name, which):
        """The means of its first and its last sixth."""
        values = [one[which] for one in self.seen[name]]
        part = max(1, len(values) // 6)
        return statistics.mean(values[:part]), statistics.mean(values[-part:])

    def slope(self, name):
        """KiB a minute, by least squares, of its last five sixths."""
        looks = self.seen[name][len(self.seen[name]) // 6:]
        if len(looks) < 2:
            return 0
        return 60 * statistics.linear_regression(
            [at for at, _, _ in looks], [kib for _, kib, _ in looks]).slope


def run_soak(options):
    dice = random.Random(options.seed)
    rate = 5
    partners = hospitals.open_hospitals(options)
    try:
        first = warm(partners)
        asked = [dice.choice(PINNED) for _ in range(int(options.seconds * rate))]
        watch = Watch(partners, min(5, options.seconds / 12))
        try:
            ended = hospitals.ask_steadily(partners, asked, rate, TIMEOUT_MS)
        finally:
            watch.end()
        found, entries = hospitals.check_ledgers(partners, first + ended)
    finally:
        partners.close()
    found += [f"{count} questions: {words}" for words, count in kinds_of(ended).items()
              if words != "answered"]
    told = []
    for name in watch.seen:
        (kib, later), (files, files_later) = watch.parts(name, 1), watch.parts(name, 2)
        told.append((later / kib, name, f"{kib / 1024:.1f} to {later / 1024:.1f} MiB "
                     f"({watch.slope(name):+.1f} KiB a minute), {files:.1f} to "
                     f"{files_later:.1f} descriptors"))
        # In a few seconds the caches of a program are still filling.
        if later > GROWTH * kib and not options.short:
            found.append(f"{name} grew from {kib / 1024:.1f} to {later / 1024:.1f} MiB")
        if files_later > files + 1:
            found.append(f"{name} had {files:.1f} descriptors open, and then "
                         f"{files_later:.1f}")
    most = max(one for one in told if one[1] != "coordinator")
    (own,) = (one for one in told if one[1] == "coordinator")
    seconds = [one.seconds for one in ended]
    return figures.ended(
        "soak", f"{len(asked)} questions to {options.agents} agencies, {rate} a second: "
        f"{figures.spread(seconds)}; first sixth to last: coordinator {own[2]}; of the "
        f"agents {most[1]} grew most: {most[2]}; {entries} ledger entries", found)
