"""Keeping the score: one printed line per check, one total at the end."""

import sys
import traceback
from contextlib import contextmanager


class Score:
    """Counts checks. A failed check is printed and counted, and the run goes on."""

    def __init__(self, verbose=True):
        self.passed = 0
        self.failed = []
        self.verbose = verbose
        self.area = ""

    @contextmanager
    def section(self, area):
        """Names the checks inside; an exception that escapes them is one failed check."""
        previous, self.area = self.area, area
        try:
            yield self
        except Exception as problem:  # the next section must still run
            last = traceback.extract_tb(problem.__traceback__)[-1]
            self.fail("runs to its end", f"{type(problem).__name__}: {problem}"
                                         f" ({last.filename.rsplit('/', 1)[-1]}:{last.lineno})")
        finally:
            self.area = previous

    def ok(self, what):
        self.passed += 1
        if self.verbose:
            print(f"ok    {self.area}: {what}", flush=True)

    def fail(self, what, why=""):
        self.failed.append(f"{self.area}: {what}")
        print(f"FAIL  {self.area}: {what}" + (f" -- {why}" if why else ""), flush=True)

    def check(self, what, condition, why=""):
        """Records `condition` under the name `what`; returns it."""
        if condition:
            self.ok(what)
        else:
            self.fail(what, why)
        return bool(condition)

    def equal(self, what, found, wanted):
        return self.check(what, found == wanted, f"found {found!r}, wanted {wanted!r}")

    def finish(self):
        """Prints the total and returns the exit status."""
        total = self.passed + len(self.failed)
        for name in self.failed:
            print(f"failed: {name}", file=sys.stderr)
        print(f"{self.passed}/{total} checks passed", flush=True)
        return 0 if total and not self.failed else 1
