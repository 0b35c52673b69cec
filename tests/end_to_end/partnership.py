"""A partnership of agencies on this machine, for tests from outside.

Certificates, configuration, records and processes live under one temporary
folder; everything is on loopback, and nothing outlives the test: processes are
ended by close(), and by the kernel if the test itself is killed.
"""

import contextlib
import csv
import errno
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("CAIRN_BIN", ROOT / "build/release/bin")).resolve()
PURPOSE = ("--purpose", "needs_assessment")

# Exit codes, as `cairn help exit-codes` says them.
COMPLETE, FAILED, USAGE, PARTIAL, NOT_ALLOWED, REFUSED = 0, 1, 2, 3, 4, 5

# What may differ between machines and must not reach a test.
os.umask(0o077)
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if not key.lower().endswith("_proxy")
    and key not in ("CAIRN_PROFILE", "NO_COLOR")
}
ENVIRONMENT.update(no_proxy="127.0.0.1,localhost", LC_ALL="C.UTF-8")


class Ended:
    """What a program said until it ended."""

    def __init__(self, words, code, out, err, seconds):
        self.words, self.code, self.seconds = words, code, seconds
        self.raw = out
        self.out = out.decode("utf-8", "surrogateescape")
        self.err = err.decode("utf-8", "surrogateescape")

    def __repr__(self):
        line = " ".join(str(word)[:80] for word in self.words)
        return (
            f"$ {line}\nexit {self.code} after {self.seconds:.1f} s\n"
            f"stdout: {self.out[:1500]}\nstderr: {self.err[:1500]}"
        )

    def json(self):
        return json.loads(self.out)

    def rows(self):
        """The rows of a CSV."""
        return list(csv.DictReader(io.StringIO(self.out)))


class Asking:
    """A program of ours that was started and is still at work."""

    def __init__(self, program, *words, profile=None, environment=None, through=()):
        env = dict(ENVIRONMENT, **(environment or {}))
        if profile:
            env["CAIRN_PROFILE"] = str(profile)
        self.words = [program, *words]
        self.start = time.monotonic()
        for attempt in range(20):
            try:
                self.process = subprocess.Popen(
                    [*through, str(BIN / program), *words], env=env,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE)
                return
            except OSError as error:  # just being replaced by a build
                if error.errno not in (errno.ETXTBSY, errno.ENOEXEC) or attempt == 19:
                    raise
                time.sleep(0.5)

    def end(self, timeout=60):
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(
                f"not done in {timeout} s: {self.words}\n{out}\n{err}") from None
        seconds = time.monotonic() - self.start
        return Ended(self.words, self.process.returncode, out, err, seconds)


def run(program, *words, timeout=60, **options):
    """Runs a program of ours to its end; never raises for its exit code."""
    return Asking(program, *words, **options).end(timeout)


def wait_until(true, what, seconds=30.0, pause=0.1):
    """Polls; says what it waited for when it gives up."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still not so: {what}")
        time.sleep(pause)


def free_port():
    """A port below those that the kernel hands out to outgoing connections."""
    while True:
        port = random.randrange(20000, 32000)
        with contextlib.suppress(OSError), socket.socket() as door:
            door.bind(("127.0.0.1", port))
            return port


def quoted(value):
    """A textproto string."""
    return json.dumps(str(value), ensure_ascii=False)


class Agency:
    """One member, and what its configuration says of places and records."""

    def __init__(self, name, kind, data_set, places, source, extra=""):
        self.name, self.kind, self.data_set = name, kind, data_set
        self.places, self.source, self.extra = places, source, extra


class Partnership:
    """Starts with open(); ends with close(), whatever happened between."""

    def __init__(self, name, catalogue, agencies, folder=None):
        self.name, self.catalogue, self.agencies = name, catalogue, agencies
        self.folder = folder or new_folder()
        self.port = free_port()
        self.processes = {}
        self.environments = {}  # name -> what its process has more
        self.policy = ROOT / "policies/standard.textproto"
        self.load_seconds = 60
        for part in ("config", "log", "state"):
            (self.folder / part).mkdir(exist_ok=True)
        self.profile = self.folder / "analyst.textproto"

    # Preparation.

    def certificates(self, folder=None, name=None, *extra):
        """A root, a coordinator, all agents and an analyst; `extra` options."""
        folder = folder or self.folder / "certificates"
        subprocess.run(
            [str(ROOT / "deploy/pki/make-certificates"), str(folder),
             name or self.name, "--coordinator", "localhost", "--agent",
             *self.agencies, "--analyst", "demo", *extra],
            check=True, stdout=subprocess.DEVNULL,
        )
        return folder

    def credentials(self, who, folder=None):
        folder = folder or self.folder / "certificates"
        return (
            f"credentials {{ certificate: {quoted(folder / who)[:-1]}.pem\"\n"
            f"  key: {quoted(folder / who)[:-1]}.key\"\n"
            f"  authority: {quoted(folder / 'ca.pem')} }}\n"
        )

    def config(self, name):
        return self.folder / f"config/{name}.textproto"

    def agent_config(self, agency, credentials=None, state=None):
        """The text of an agent's configuration."""
        member = self.agencies[agency]
        return (
            f"agency: {quoted(agency)}\nname: {quoted(member.name)}\n"
            f'coordinator: "127.0.0.1:{self.port}"\n'
            + (credentials or self.credentials(f"agent-{agency}"))
            + f"state_dir: {quoted(state or self.folder / 'state' / agency)}\n"
            f"catalogue: {quoted(self.catalogue)}\n"
            f"policy: {quoted(self.policy)}\n"
            # Elsewhere it has keys of its own, which the file does not know.
            f"{'' if state else self.ledger_keys()}"
            f"{member.extra}{member.places}{member.source}"
        )

    def ledger_keys(self):
        """The line that names the partnership's file of ledger keys."""
        return f"ledger_keys: {quoted(self.folder / 'config/ledger-keys.textproto')}\n"

    def make_ledger_keys(self):
        """Each member makes its own; the public halves go into one file."""
        text = ""
        for name in ("coordinator", *self.agencies):
            program = "cairn-coordinator" if name == "coordinator" else "cairn-agent"
            made = run(program, "keys", "--config", str(self.config(name)))
            if made.code != 0:
                raise AssertionError(f"{name} could not make its keys:\n{made}")
            text += made.out
        self.config("ledger-keys").write_text(text)

    def write_configs(self):
        text = (
            f'listen: "127.0.0.1:{self.port}"\n'
            + self.credentials("coordinator")
            + f"state_dir: {quoted(self.folder / 'state/coordinator')}\n"
            f"catalogue: {quoted(self.catalogue)}\n"
            f"{self.ledger_keys()}"
        )
        for agency, member in self.agencies.items():
            text += (
                f"agency {{ id: {quoted(agency)} name: {quoted(member.name)} "
                f"kind: {quoted(member.kind)} "
                f"data_set: {quoted(member.data_set)} }}\n"
            )
            self.config(agency).write_text(self.agent_config(agency))
        self.config("coordinator").write_text(text)
        self.write_profile(self.profile, self.credentials("analyst-demo"))
        self.make_ledger_keys()

    def write_profile(self, path, credentials):
        path.write_text(f'coordinator: "127.0.0.1:{self.port}"\n{credentials}')
        return path

    def load(self, agency):
        done = run("cairn-agent", "load", "--config", str(self.config(agency)),
                   timeout=self.load_seconds)
        if done.code != 0:
            raise AssertionError(f"{agency} could not load:\n{done}")
        return done

    def open(self):
        """From nothing to all agents attached."""
        self.certificates()
        self.write_configs()
        for agency in self.agencies:
            self.load(agency)
        self.start("coordinator")
        self.start(*self.agencies)
        self.wait_attached()
        return self

    # Processes.

    def start(self, *names, through=()):
        for name in names:
            program = "cairn-coordinator" if name == "coordinator" else "cairn-agent"
            with open(self.folder / f"log/{name}.log", "ab") as log:
                # The kernel ends it if the test is killed.
                self.processes[name] = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", *through,
                     str(BIN / program), "run", "--config", str(self.config(name))],
                    env=dict(ENVIRONMENT, **self.environments.get(name, {})), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )

    def signal(self, name, number):
        self.processes[name].send_signal(number)

    def kill(self, name):
        """As a power cut would."""
        self.signal(name, signal.SIGKILL)
        self.processes[name].wait(10)

    def freeze(self, name):
        self.signal(name, signal.SIGSTOP)
        stat = Path(f"/proc/{self.processes[name].pid}/stat")
        wait_until(lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T",
                   f"{name} is stopped", 5, 0.01)

    def thaw(self, name):
        self.signal(name, signal.SIGCONT)

    def stop(self, name, seconds=10):
        """Politely. Returns its exit code, or None if it had to be killed."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            return None

    def running(self, name):
        process = self.processes.get(name)
        return process is not None and process.poll() is None

    def all_running(self):
        return all(self.running(name) for name in ("coordinator", *self.agencies))

    def heal(self):
        """Everything runs and is attached again, whatever was done to it."""
        for name in ("coordinator", *self.agencies):
            if self.running(name):
                self.thaw(name)
            else:
                self.start(name)
        self.wait_attached()

    def close(self):
        for name in list(self.processes):
            process = self.processes.pop(name)
            with contextlib.suppress(OSError):
                process.kill()
            process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name):
        return (self.folder / f"log/{name}.log").read_text(errors="replace")

    # Questions.

    def cairn(self, *words, **options):
        return run("cairn", *words, **{"profile": self.profile, **options})

    def query(self, *words, output="csv", **options):
        return self.cairn("query", *words, *PURPOSE, "-o", output, **options)

    def asking(self, *words, output="csv"):
        """A question under way: .end() gives what came."""
        return Asking("cairn", "query", *words, *PURPOSE, "-o", output,
                      profile=self.profile)

    def seen(self):
        """Agency -> its row of `cairn agencies`; empty if nobody answers."""
        done = self.cairn("agencies", "-o", "json")
        return {row["agency"]: row for row in done.json()} if done.code == 0 else {}

    def wait_attached(self, *names, seconds=30):
        names = names or tuple(self.agencies)

        def all_there():
            for name in ("coordinator", *names):
                if not self.running(name):
                    raise AssertionError(f"{name} ended by itself:\n{self.log(name)}")
            seen = self.seen()
            return all(seen.get(n, {}).get("attached") == "yes" for n in names)

        wait_until(all_there, f"{', '.join(names)} attached", seconds)

    def wait_detached(self, name, seconds=30):
        wait_until(lambda: self.seen().get(name, {}).get("attached") == "no",
                   f"{name} detached", seconds)

    def status(self, agency):
        """Words of `cairn-agent status`: running, epoch, ledger, ..."""
        done = run("cairn-agent", "status", "--config", str(self.config(agency)))
        if done.code != 0:
            raise AssertionError(f"status of {agency} failed:\n{done}")
        return done.out

    def epoch(self, agency):
        return re.search(r"epoch (\w+)", self.status(agency)).group(1)

    def verify_ledgers(self):
        """The programs' own verdicts, for all that take part."""
        names = {"coordinator": "cairn-coordinator"}
        names.update((agency, "cairn-agent") for agency in self.agencies)
        return {
            name: run(program, "audit", "verify", "--config", str(self.config(name)))
            for name, program in names.items()
        }


def new_folder():
    return Path(tempfile.mkdtemp(prefix="cairn-e2e-"))


# The synthetic partnership, as deploy/demo.sh sets it up.

SYNTHETIC = {
    "riverside-police": ("Riverside Police", "police", "police_incidents"),
    "st-marys-ed": ("St Mary's Hospital", "ed", "ed_attendances"),
    "queens-ed": ("Queen's Hospital", "ed", "ed_attendances"),
    "riverside-ambulance": ("Riverside Ambulance", "ambulance", "ambulance_callouts"),
    "riverside-schools": ("Riverside Schools", "schools", "school_exclusions"),
}


def synthetic(*agencies, rows=6000):
    """The named agencies of the made-up partnership of Riverside."""
    folder = new_folder()
    data = folder / "data"
    made = run("cairn-synthetic", "--out", str(data), "--rows", str(rows))
    if made.code != 0:
        raise AssertionError(f"no synthetic records:\n{made}")
    header = (data / "places.csv").read_text().split("\n", 1)[0].strip().split(",")
    places = f"places {{ file: {quoted(data / 'places.csv')}\n"
    for column in ("lsoa", "msoa", "ward", "lad", "utla", "pfa", "region", "imd_decile"):
        if column in header:
            places += f'  column {{ name: "{column}" variable: "{column}" }}\n'
    places += '  population_column: "population" }\n'
    members = {}
    for agency in agencies:
        name, kind, data_set = SYNTHETIC[agency]
        mapping = ROOT / f"deploy/synthetic/mappings/{agency}.textproto"
        source = (
            f"source {{ data_set: {quoted(data_set)}\n"
            f"  file: {quoted(data / (agency + '.csv'))}\n"
            f"  mapping: {quoted(mapping)}\n"
            '  covers { from: "2024-04" to: "2025-03" } }\n'
        )
        members[agency] = Agency(name, kind, data_set, places, source)
    catalogue = ROOT / "policies/catalogue.textproto"
    return Partnership("riverside", catalogue, members, folder)
