"""Was it linearizable? A history of operations on keys, and who judges it.

An operation was invoked at one time and answered at a later one, or nobody
knows whether it happened (returned is None): then it may have taken effect at
any time after its invocation, or never. A history is linearizable if there is
an order of its operations, each at a point between invocation and answer, in
which every answer is what one register would give.

The search is that of Wing and Gong with Lowe's memory of what was already tried
("Testing for linearizability", 2017). Keys are independent, so each is judged
by itself. Operations of unknown outcome are tried last and need not be placed.

A key's state is (value, holder): every write of a test has a value of its own,
so that a check-and-set on the index which came with value V is one on V. No
value is None; no holder is None.
"""
import dataclasses
import typing

ABSENT = (None, None)


@dataclasses.dataclass
class Op:
    """One call. For get, answer is the (value, holder) seen; else True or False."""
    kind: str
    key: str
    value: typing.Optional[str] = None     # what is written
    expected: typing.Optional[str] = None  # cas: only over this value
    session: typing.Optional[str] = None   # acquire, release
    answer: object = None
    invoked: float = 0.0
    returned: typing.Optional[float] = None
    note: str = ""                         # who asked whom, for people

    def __str__(self):
        what = {"get": "", "put": self.value, "delete": "",
                "cas": f"{self.expected} -> {self.value}",
                "acquire": f"{self.session} {self.value}",
                "release": f"{self.session} {self.value}"}[self.kind]
        when = "?" if self.returned is None else f"{self.returned:.6f}"
        said = "unknown" if self.returned is None else self.answer
        return f"[{self.invoked:.6f} {when}] {self.kind} {self.key} {what}: {said} {self.note}"


def effect(state, op):
    """What an operation does to a state, and what it answers."""
    value, holder = state
    if op.kind == "get":
        return state, state
    if op.kind == "put":
        return (op.value, holder), True
    if op.kind == "delete":
        return ABSENT, True
    if op.kind == "cas":
        return ((op.value, holder), True) if value == op.expected else (state, False)
    if op.kind == "acquire":
        free = holder is None or holder == op.session
        return ((op.value, op.session), True) if free else (state, False)
    assert op.kind == "release"
    return ((op.value, None), True) if holder == op.session else (state, False)


class Order:
    """The operations not placed yet, by time, that can be taken out and put back."""

    def __init__(self, ops):
        self.ops = ops
        # A ring; its last place, len(ops), is both ends.
        places = len(ops) + 1
        self.after = [(n + 1) % places for n in range(places)]
        self.before = [(n - 1) % places for n in range(places)]

    def first(self):
        return self.after[len(self.ops)]

    def take(self, n):
        self.after[self.before[n]] = self.after[n]
        self.before[self.after[n]] = self.before[n]

    def put_back(self, n):
        self.after[self.before[n]] = n
        self.before[self.after[n]] = n

    def empty(self):
        return self.first() == len(self.ops)

    def candidates(self):
        """Those that may come next, and the time before which anything that comes did begin."""
        end, found, n = float("inf"), [], self.first()
        while n != len(self.ops) and self.ops[n].invoked <= end:
            found.append(n)
            end = min(end, self.ops[n].returned)
            n = self.after[n]
        return [n for n in found if self.ops[n].invoked <= end], end


@dataclasses.dataclass
class Verdict:
    fine: bool
    why: str = ""
    steps: int = 0


class Search:
    """One key's search: what is placed so far, and the way back."""

    def __init__(self, ops):
        self.known = sorted((op for op in ops if op.returned is not None),
                            key=lambda op: op.invoked)
        self.unknown = [op for op in ops if op.returned is None and op.kind != "get"]
        self.order = Order(self.known)
        self.mark = (0, 0, ABSENT)  # known and unknown ones placed (bits), the state
        self.tried, self.path, self.steps = set(), [], 0
        self.deepest, self.deepest_count = self.mark, 0

    def moves(self):
        """What may come next: (number, whether it is one of unknown outcome)."""
        numbers, end = self.order.candidates()
        for n in sorted(numbers, key=lambda n: self.known[n].returned):
            yield n, False
        for n, op in enumerate(self.unknown):
            if op.invoked <= end and not self.mark[1] >> n & 1:
                yield n, True

    def forward(self, moves, number, guess):
        """Place an operation, if it fits and leads to where we have not been."""
        done, guessed, state = self.mark
        op = self.unknown[number] if guess else self.known[number]
        after, answer = effect(state, op)
        if after == state if guess else answer != op.answer:
            return False
        mark = (done, guessed | 1 << number, after) if guess else \
            (done | 1 << number, guessed, after)
        if mark in self.tried:
            return False
        self.tried.add(mark)
        self.path.append((moves, self.mark, number, guess))
        self.mark = mark
        if not guess:
            self.order.take(number)
        return True

    def back(self):
        moves, self.mark, number, guess = self.path.pop()
        if not guess:
            self.order.put_back(number)
        return moves

    def run(self, steps_max):
        moves = self.moves()
        while not self.order.empty():
            number, guess = next(moves, (None, None))
            if number is None:
                if not self.path:
                    return Verdict(False, self.stuck(), self.steps)
                moves = self.back()
            elif self.steps == steps_max:
                return Verdict(False, f"undecided after {self.steps} steps; {self.stuck()}",
                               self.steps)
            else:
                self.steps += 1
                if self.forward(moves, number, guess):
                    moves = self.moves()
                    if len(self.path) > self.deepest_count:
                        self.deepest, self.deepest_count = self.mark, len(self.path)
        return Verdict(True, steps=self.steps)

    def stuck(self):
        """Words for the deepest place that the search came to."""
        done, _, state = self.deepest
        rest = [op for n, op in enumerate(self.known) if not done >> n & 1]
        end = min(op.returned for op in rest)
        fitting = [str(op) for op in rest if op.invoked <= end]
        return "\n  ".join([f"{len(self.known) - len(rest)} of {len(self.known)} placed; then "
                            f"the key is {state}, and none of these fits:", *fitting])


def check_key(ops, steps_max=400000):
    """Judge the history of one key that was absent at first."""
    return Search(ops).run(steps_max)


def check(ops):
    """Judge all keys; the verdicts that are bad, by key."""
    keys = {}
    for op in ops:
        keys.setdefault(op.key, []).append(op)
    verdicts = {key: check_key(of_key) for key, of_key in keys.items()}
    return {key: verdict for key, verdict in verdicts.items() if not verdict.fine}
