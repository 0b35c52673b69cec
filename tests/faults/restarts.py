"""Two hundred agents whose coordinator is killed a hundred times: do they come back in
time, and one after another."""

import collections
import json
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "end_to_end"))
import figures  # noqa: E402
from partnership import BIN, ENVIRONMENT, ROOT, new_folder  # noqa: E402

BACK_WITHIN = 15  # seconds
LONG_MS = 10000  # by then the agents' pauses are as long as they get
ONE_LONG_IN = 5
# After a long absence the agents dial at times of their own within some five seconds:
# if they came in step, a tenth of a second would have far more than its fiftieth.
HERD = 0.2
SHOWN = 30  # tenths of a second


def restart(options):
    """How the agents came back each time, and what went wrong."""
    folder = new_folder()
    certificates = folder / "certificates"
    try:
        subprocess.run([str(ROOT / "deploy/pki/make-certificates"), str(certificates),
                        "riverside", "--coordinator", "localhost", "--analyst", "bench"],
                       check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run(
            ["setpriv", "--pdeathsig", "KILL", "--", str(BIN / "cairn-bench-restarts"),
             str(BIN / "cairn-coordinator"), str(ROOT / "policies/catalogue.textproto"),
             str(ROOT / "policies/standard.textproto"), str(certificates),
             str(folder / "run"), str(options.agents), str(options.number),
             str(1 if options.short else ONE_LONG_IN),
             str(1000 if options.short else LONG_MS)],
            env=ENVIRONMENT, capture_output=True, text=True, check=False,
            timeout=options.number * 60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = done.stdout.splitlines()
    times = [json.loads(line) for line in lines if line.startswith("{")]
    return times, [line for line in lines if not line.startswith("{")]


def tenths(times):
    """How many of these moments, in milliseconds, fall into each tenth of a second."""
    return collections.Counter(int(at // 100) for at in times)


def print_table(long, times):
    """On average over the restarts; and the most in any one."""
    if not times:
        return
    dialled, welcomed = ([tenths(one[which]) for one in times]
                         for which in ("dialled", "welcomed"))
    last = max(at for one in welcomed for at in one)
    print(f"after {'a long' if long else 'no'} absence, {len(times)} times; in each tenth "
          "of a second: dialled, at most; welcomed, at most")
    for at in range(min(last + 1, SHOWN)):
        cells = []
        for counts in (dialled, welcomed):
            numbers = [one[at] for one in counts]
            cells.append(f"{sum(numbers) / len(numbers):.1f}, {max(numbers)}")
        print(f"  {at / 10:.1f} s: {'; '.join(cells)}")
    later = [sum(count for at, count in one.items() if at >= SHOWN) for one in welcomed]
    print(f"  later: {sum(later) / len(later):.1f} welcomed")


def run(options):
    times, found = restart(options)
    if len(times) != options.number:
        found.append(f"{len(times)} of {options.number} restarts")
    told = []
    for long in (False, True):
        some = [one for one in times if (one["down"] > 0) == long]
        if not some:
            continue
        if not options.short:
            print_table(long, some)
        herd = max(max(count for at, count in tenths(one["dialled"]).items() if at >= 0)
                   for one in some)
        attached = max(max(tenths(one["welcomed"]).values()) for one in some)
        told.append(
            f"{len(some)} with it away for {some[0]['down'] / 1000:.0f} s: all back after "
            f"{figures.spread([one['back'] / 1000 for one in some])}, in a tenth of a "
            f"second at most {herd} dialled and {attached} were welcomed")
        if long and not options.short and herd > HERD * options.agents:
            found.append(f"{herd} of {options.agents} dialled within a tenth of a second")
        found += [f"all were back only after {one['back'] / 1000:.1f} s" for one in some
                  if one["back"] > 1000 * BACK_WITHIN]
    twice = sum(len(one["welcomed"]) - options.agents for one in times)
    most = max((one["resident_mb"] for one in times), default=0)
    return figures.ended(
        "restarts", f"{len(times)} restarts under {options.agents} agents; "
        f"{'; '.join(told)}; {twice} welcomed more than once; the coordinator's memory "
        f"{most:.0f} MB", found)
