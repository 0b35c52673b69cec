"""Questions over one connection, by tests/support/ask_each.cc."""

import json
import subprocess

from partnership import BIN, ENVIRONMENT


class Asker:
    """Asks over one connection, which is much quicker than a program a question."""

    def __init__(self, profile, timeout_ms=5000):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", str(BIN / "cairn-ask-each"), str(profile),
             str(timeout_ms), "ed_attendances"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=ENVIRONMENT)

    def __call__(self, by):
        """The result as `cairn query -o json` has it; None: there was none."""
        self.process.stdin.write(by + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()
        assert self.process.returncode == 0
