#!/usr/bin/env python3
"""Three servers and a client under faults and load, briefly: chaos.py as a test.

FAULT_SECONDS (40) is the length, FAULT_SEED the seed; `make chaos` runs longer.
"""
# Runs alone.
import os
import random
import sys

import chaos
import network
from tap import Tap


def main():
    os.environ.setdefault("FAULT_SEED", str(random.randrange(1 << 31)))
    network.private()
    options = chaos.arguments(["--seed", os.environ["FAULT_SEED"],
                               "--seconds", os.environ.get("FAULT_SECONDS", "40")])
    with Tap() as tap:
        tap.note(f"seed {options.seed}")
        if not network.is_private():
            tap.skip("partitions, full disks and clocks", network.can_unshare())
        run = chaos.Chaos(options, tap.note)
        try:
            if tap.test("a cluster works on while agents die, stop and are cut off", run.run):
                tap.test("every write lasts, and every read is true", run.check_history)
                tap.test("no term has two leaders", run.check_leaders)
                tap.test("all servers hold the same", run.check_equal)
            if tap.bad:
                tap.note("\n".join(run.cluster.tails(40)))
        finally:
            run.end()


if __name__ == "__main__":
    sys.exit(main())
