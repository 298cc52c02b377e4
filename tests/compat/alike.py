#!/usr/bin/env python3
"""What the real Consul says beside what ours says: one frame for all areas.

    alike = Alike("http")
    alike.same("GET /v1/kv/a", real_answer, our_answer)
    sys.exit(alike.done())

Each comparison, or each group of them, is a line of TAP. Differences that are
on purpose stand in differences.txt beside this file, a line each:

    area TAB name TAB reason

The name is that of the comparison, and may have * in it. A listed difference
has to be one: where nothing that its name fits differs any more, that is a
failure. An area that ends in `?` may differ, and need not (times, races).

Run by itself, this file tests itself and differences.txt.
"""

import os
import pprint
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "differences.txt")
AREAS = ("http", "dns", "cli", "config")
BUILD = os.environ.get("PROCONSUL_BUILD", os.path.join(HERE, "../../build"))
REAL = os.environ.get("CONSUL_REAL", os.path.expanduser(
    "~/.cache/real-consul/root/usr/bin/consul"))
SHOWN = 600  # characters of what differs


class Difference:
    """A line of the list."""

    def __init__(self, line):
        area, name, self.reason = line.split("\t")
        self.may_be_alike = area.endswith("?")
        self.area = area.rstrip("?")
        self.name = name
        self.pattern = re.compile(".*".join(
            re.escape(part) for part in name.split("*")), re.DOTALL)
        self.hits = 0
        self.misses = 0

    def is_stale(self):
        return self.misses > 0 and self.hits == 0 and not self.may_be_alike


def differences_read(path=LIST):
    with open(path, encoding="utf-8") as lines:
        return [Difference(line.rstrip("\n")) for line in lines
                if line.strip() and not line.startswith("#")]


def printable(text):
    return (str(text).encode("ascii", "backslashreplace").decode()
            .replace("\n", "\\n").replace("#", "\\#"))


def show(value):
    text = value if isinstance(value, str) else pprint.pformat(
        value, width=200)
    return printable(text)[:SHOWN]


class Alike:
    """The tally of one program that compares."""

    def __init__(self, area, differences=None, out=print):
        if area not in AREAS:
            raise ValueError(area)
        self.area = area
        self.out = out
        self.listed = [d for d in (differences_read() if differences is None
                                   else differences) if d.area == area]
        self.lines = 0       # of TAP
        self.failures = 0    # of those
        self.compared = 0
        self.alike = 0
        self.on_purpose = 0
        self.open = None     # group: its name, how many, what to say

    def _line(self, is_ok, name, notes):
        self.lines += 1
        self.failures += not is_ok
        self.out("%s %d - %s" % ("ok" if is_ok else "not ok", self.lines,
                                 printable(name)[:200]))
        for note in notes:
            self.out("# " + note)
        if self.out is print:
            sys.stdout.flush()

    def _group_close(self):
        if self.open is not None:
            name, count, notes = self.open
            self.open = None
            self._line(not notes, "%s: %d compared" % (name, count), notes)

    def _judge(self, name, is_same):
        """Alike, on purpose, or (None) a failure."""
        self.compared += 1
        self.alike += is_same
        fits = [d for d in self.listed if d.pattern.fullmatch(name)]
        for one in fits:
            one.hits += not is_same
            one.misses += is_same
        if is_same:
            return ""
        if fits:
            self.on_purpose += 1
            return fits[0].reason
        return None

    def same(self, name, real, ours, group=None):
        """Compare; True unless they differ and that is not on purpose.

        Neighbours with the same group are one line of TAP.
        """
        verdict = self._judge(name, real == ours)
        notes = [] if verdict is not None else [
            "%s differs:" % printable(name)[:SHOWN],
            "  real: " + show(real), "  ours: " + show(ours)]
        if self.open is not None and self.open[0] != group:
            self._group_close()
        if group is None:
            self._line(not notes, name, notes)
        else:
            count, told = self.open[1:] if self.open else (0, [])
            self.open = (group, count + 1, told + notes)
        return not notes

    def holds(self, name, is_true, *notes):
        """A fact beside the comparisons."""
        self._group_close()
        self._line(is_true, name, [] if is_true else
                   [printable(note) for note in notes])

    def done(self):
        """The plan and the tally; the exit status."""
        self._group_close()
        for one in self.listed:
            if one.is_stale():
                self._line(False, "differences.txt: %s" % one.name,
                           ["is listed, and differs no more"])
        self.out("1..%d" % self.lines)
        self.out("# %s: %d of %d alike, %d on purpose" % (
            self.area, self.alike, self.compared, self.on_purpose))
        return 1 if self.failures else 0


def real_or_skip():
    """The path of a real Consul; where there is none the test ends here."""
    if not os.access(REAL, os.X_OK):
        print("1..0 # SKIP no real Consul at CONSUL_REAL (%s)" % REAL)
        sys.exit(0)
    return REAL


# --- This file's own test. ---

def self_test():
    said = []
    inner = Alike("dns", [Difference("dns\twrong *\twhy"),
                          Difference("dns\told\twas so"),
                          Difference("dns?\tsometimes\ta race"),
                          Difference("dns\tof another program\tunused")],
                  said.append)
    inner.same("right", [1], [1])
    inner.same("wrong one", 1, 2)
    inner.same("wrong two", 2, 2)
    inner.same("old", 1, 1)
    inner.same("sometimes", 1, 1)
    inner.same("bad", "a\nb", "c", group="many")
    inner.same("good", 1, 1, group="many")
    status = inner.done()
    checks = [
        ("alike is ok", said[0] == "ok 1 - right"),
        ("on purpose is ok", said[1] == "ok 2 - wrong one"),
        ("a group is a line, with what differs in it",
         "not ok 6 - many: 2 compared" in said and
         "#   real: a\\nb" in said),
        ("what is listed and differs no more fails",
         "not ok 7 - differences.txt: old" in said),
        ("the plan and the tally end it",
         said[-2:] == ["1..7", "# dns: 5 of 7 alike, 1 on purpose"]),
        ("it fails", status == 1)]
    for line in open(LIST, encoding="utf-8"):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.rstrip("\n").split("\t")
        checks.append(("listed: " + line.strip()[:80],
                       len(fields) == 3 and fields[2].strip() != "" and
                       fields[0].rstrip("?") in AREAS))
    for number, (name, is_true) in enumerate(checks, 1):
        print("%s %d - %s" % ("ok" if is_true else "not ok", number,
                              printable(name)))
    print("1..%d" % len(checks))
    return 0 if all(is_true for _, is_true in checks) else 1


if __name__ == "__main__":
    sys.exit(self_test())
