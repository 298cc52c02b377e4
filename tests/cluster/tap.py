"""TAP for the tests that are programs in Python.

    with Tap() as tap:
        tap.test("name", function)
        tap.skip("name", "why")
"""
import sys
import time
import traceback


class Skip(Exception):
    """Raised by a test that cannot be had here; says why."""


class Tap:
    def __init__(self):
        self.count = self.bad = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            print(f"1..{self.count}", flush=True)
            sys.exit(1 if self.bad else 0)

    def note(self, text):
        for line in str(text).splitlines():
            print("# " + line, flush=True)

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} {name} # skip {why}", flush=True)

    def test(self, name, run, *arguments):
        """Run a test: it fails by an exception; True if it passed."""
        begun = time.monotonic()
        try:
            run(*arguments)
        except Skip as why:
            self.skip(name, why)
            return True
        except Exception as error:
            self.count += 1
            self.bad += 1
            print(f"not ok {self.count} {name}", flush=True)
            self.note(str(error) if isinstance(error, AssertionError) and str(error)
                      else traceback.format_exc())
            return False
        self.count += 1
        print(f"ok {self.count} {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        return True
