#!/usr/bin/env python3
"""The judge of histories, judged: by hand-made histories, and by random ones
from a register that is right, and from one that lies."""
import itertools
import random

from history import ABSENT, Op, check, check_key, effect
from tap import Tap

NEVER = None


def op(kind, begin, end, answer=True, **more):
    return Op(kind, "k", answer=answer, invoked=begin, returned=end, **more)


def put(begin, end, value):
    return op("put", begin, end, value=value)


def get(begin, end, value, holder=None):
    return op("get", begin, end, (value, holder))


def cas(begin, end, expected, value, answer=True):
    return op("cas", begin, end, answer, expected=expected, value=value)


GOOD = {
    "nothing": [],
    "one after the other": [put(0, 1, "a"), get(2, 3, "a"), put(4, 5, "b"), get(6, 7, "b")],
    "a read beside a write may see either": [
        put(0, 1, "a"), put(2, 9, "b"), get(3, 4, "a"), get(5, 6, "b"), get(7, 8, "b")],
    "an unknown write may have happened": [put(0, 1, "a"), put(2, NEVER, "b"), get(3, 4, "b")],
    "and may happen late": [put(0, 1, "a"), put(2, NEVER, "b"), get(3, 4, "a"), get(5, 6, "b")],
    "or never": [put(0, 1, "a"), put(2, NEVER, "b"), get(3, 4, "a"), put(5, 6, "c"),
                 get(7, 8, "c")],
    "an unknown write that nobody saw fails a cas": [
        put(0, 1, "a"), put(2, NEVER, "b"), cas(3, 4, "a", "c", False)],
    "an unknown cas": [put(0, 1, "a"), cas(2, NEVER, "a", "b"), get(3, 4, "b")],
    "of two cas one wins": [put(0, 1, "a"), cas(2, 5, "a", "b"), cas(3, 4, "a", "c", False),
                            get(6, 7, "b")],
    "creation by cas": [cas(0, 1, None, "a"), cas(2, 3, None, "b", False), get(4, 5, "a")],
    "a delete": [put(0, 1, "a"), op("delete", 2, 3), get(4, 5, None), cas(6, 7, None, "b")],
    "a lock passes on": [
        op("acquire", 0, 1, value="a", session="S"),
        op("acquire", 2, 3, False, value="b", session="T"), get(4, 5, "a", "S"),
        op("release", 6, 7, value="c", session="S"),
        op("acquire", 8, 9, value="d", session="T"), get(10, 11, "d", "T")],
    "a plain put leaves the holder": [
        op("acquire", 0, 1, value="a", session="S"), put(2, 3, "b"), get(4, 5, "b", "S")],
    "an unknown release": [
        op("acquire", 0, 1, value="a", session="S"),
        op("release", 2, NEVER, value="b", session="S"),
        op("acquire", 3, 4, value="c", session="T")],
}

BAD = {
    "a stale default read after a newer acknowledged write": [
        put(0, 1, "a"), put(2, 3, "b"), get(4, 5, "a")],
    "an acknowledged write that is lost": [put(0, 1, "a"), get(2, 3, None)],
    "a value that nobody wrote": [put(0, 1, "a"), get(2, 3, "z")],
    "a read from the future": [get(0, 1, "a"), put(2, 3, "a")],
    "two reads that go back": [
        put(0, 1, "a"), put(2, 9, "b"), get(3, 4, "b"), get(5, 6, "a")],
    "an unknown write that comes and goes": [
        put(0, 1, "a"), put(2, NEVER, "b"), get(3, 4, "b"), get(5, 6, "a")],
    "two cas on one value": [put(0, 1, "a"), cas(2, 5, "a", "b"), cas(3, 4, "a", "c")],
    "a cas that fails for no reason": [put(0, 1, "a"), cas(2, 3, "a", "b", False)],
    "a cas that failed and happened": [
        put(0, 1, "a"), cas(2, 3, "z", "b", False), get(4, 5, "b")],
    "a deleted value comes back": [put(0, 1, "a"), op("delete", 2, 3), get(4, 5, "a")],
    "two hold a lock": [op("acquire", 0, 1, value="a", session="S"),
                        op("acquire", 2, 3, value="b", session="T")],
    "a release by one who does not hold": [
        op("acquire", 0, 1, value="a", session="S"),
        op("release", 2, 3, value="b", session="T")],
    "a lock that is lost": [op("acquire", 0, 1, value="a", session="S"), get(2, 3, "a")],
}


def is_good(ops):
    verdict = check_key(ops)
    assert verdict.fine, verdict.why


def is_bad(ops):
    verdict = check_key(ops)
    assert not verdict.fine, "it was let through"
    assert "undecided" not in verdict.why, verdict.why


def random_history(chance, count, lies):
    """Clients overlap on one register; each takes effect at a moment between."""
    moments, values = [], [None]
    for n in range(count):
        kind = chance.choice(["get", "get", "put", "cas", "acquire", "release", "delete"])
        begin = chance.uniform(0, count / 4)
        end = begin + chance.expovariate(1)
        moments.append((chance.uniform(begin, end), Op(
            kind, "k", value=f"v{n}", expected=None, session=chance.choice("ST"), invoked=begin,
            returned=end)))
    state, lie = ABSENT, chance.randrange(count // 2, count) if lies else -1
    old = []
    for n, (_, each) in enumerate(sorted(moments, key=lambda m: m[0])):
        each.expected = chance.choice(values[-3:])
        if lies and n >= lie and each.kind == "get" and ("ghost", None) not in old:
            each.answer = ("ghost", None)
            old.append(each.answer)
            continue
        if not lies and each.kind != "get" and chance.random() < 0.05:
            each.returned = None
            if chance.random() < 0.5:
                continue
        state, each.answer = effect(state, each)
        values.append(state[0])
    return [each for _, each in moments], bool(old)


def random_good():
    for seed in range(200):
        ops, _ = random_history(random.Random(seed), 80, False)
        verdict = check_key(ops)
        assert verdict.fine, f"seed {seed}: {verdict.why}"


def random_bad():
    for seed in range(200):
        ops, lied = random_history(random.Random(seed), 60, True)
        verdict = check_key(ops)
        assert verdict.fine != lied, f"seed {seed}: {verdict.why}"


def by_all_orders(ops):
    """The definition itself: is there an order, of those known and some unknown?"""
    unknown = [each for each in ops if each.returned is None]
    for count in range(len(unknown) + 1):
        for some in itertools.combinations(unknown, count):
            placed = [each for each in ops if each.returned is not None] + list(some)
            if any(is_order(order) for order in itertools.permutations(placed)):
                return True
    return False


def is_order(ops):
    state = ABSENT
    for n, each in enumerate(ops):
        if any(after.returned is not None and after.returned < each.invoked
               for after in ops[n + 1:]):
            return False
        state, answer = effect(state, each)
        if each.returned is not None and answer != each.answer:
            return False
    return True


def any_history(chance):
    """Five operations with answers out of the air: good and bad ones."""
    ops = []
    for n in range(5):
        begin = chance.uniform(0, 4)
        each = Op(chance.choice(["get", "get", "put", "cas", "acquire", "release", "delete"]),
                  "k", f"v{n}", chance.choice([None, "v0", "v1", "v2"]), chance.choice("ST"),
                  invoked=begin, returned=begin + chance.expovariate(0.7))
        each.answer = chance.random() < 0.7 or each.kind in ("put", "delete")
        if each.kind == "get":
            each.answer = (chance.choice([None, "v0", "v1", "v2", "v3"]),
                           chance.choice([None, None, "S"]))
        elif chance.random() < 0.2:
            each.returned = None
        ops.append(each)
    return ops


def as_defined():
    found = {True: 0, False: 0}
    for seed in range(3000):
        ops = any_history(random.Random(seed))
        fine = check_key(ops).fine
        found[fine] += 1
        assert fine == by_all_orders(ops), f"seed {seed}"
    assert min(found.values()) > 300, found


def by_key():
    other = [Op("get", "other", answer=("a", None), invoked=2, returned=3)]
    found = check(GOOD["a delete"] + other)
    assert list(found) == ["other"], found


def main():
    with Tap() as tap:
        for name, ops in GOOD.items():
            tap.test("let through: " + name, is_good, ops)
        for name, ops in BAD.items():
            tap.test("caught: " + name, is_bad, ops)
        tap.test("random histories of a register are let through", random_good)
        tap.test("random histories with a value from nowhere are caught", random_bad)
        tap.test("small histories are judged as trying all orders does", as_defined)
        tap.test("each key is judged by itself", by_key)


if __name__ == "__main__":
    main()
