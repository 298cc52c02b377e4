#!/usr/bin/python3
"""chart.py CHART [VALUES...]: the chart's objects, as `helm template` has them.

There is no helm in Debian 12. This reads as much of Go's text/template as the
chart uses, and fails on anything else, so a chart that it renders is not yet
proven; but names that do not meet and YAML that does not parse are found.
conf/kubernetes/README.md says how it was compared with Go's own.

The release is `consul` in `default`. Random bytes are zeros. With the name of a
file in THERE, its objects are what `lookup` finds in the cluster.
"""
import base64
import hashlib
import json
import os
import re
import sys

import yaml

TOKEN = re.compile(r'''
    (?P<space>\s+) | (?P<string>"(?:[^"\\]|\\.)*") | (?P<number>-?\d+) |
    (?P<path>\$?\w*(?:\.\w+)+|\$\w*|\.) | (?P<word>\w+) | (?P<mark>:=|=|\||\(|\)|,)
''', re.X)


class Wrong(Exception):
    pass


# --- Reading: text and actions, then a tree. ---


def pieces(text):
    """Text and {{ actions }}, with the blanks that {{- and -}} take."""
    out, rest = [], text
    while True:
        before, mark, rest = rest.partition("{{")
        if not mark:
            out.append(("text", before))
            return out
        end = re.search(r'(?:"(?:[^"\\]|\\.)*"|/\*.*?\*/|[^"}])*?(-?)}}',
                        rest, re.S)
        action, rest = rest[:end.start(1)], rest[end.end():]
        if action.startswith("- "):
            before, action = before.rstrip(), action[1:]
        if end[1]:
            rest = rest.lstrip()
        out.append(("text", before))
        out.append(("action", action.strip()))


def tokens_of(text):
    out, place = [], 0
    while place < len(text):
        found = TOKEN.match(text, place)
        if not found:
            raise Wrong("cannot read %r" % text[place:])
        if found.lastgroup != "space":
            out.append((found.lastgroup, found[0]))
        place = found.end()
    return out


def tree_of(parts, defines):
    """Nodes up to the end or else that closes them, and that word."""
    nodes = []
    while parts:
        kind, text = parts.pop(0)
        if kind == "text":
            nodes.append(("text", text))
            continue
        word, _, rest = text.partition(" ")
        if text.startswith("/*"):
            continue
        if word in ("end", "else"):
            return nodes, text
        if word == "define":
            body, _ = tree_of(parts, defines)
            defines[json.loads(rest)] = body
        elif word in ("if", "with", "range"):
            body, closed = tree_of(parts, defines)
            other = []
            if closed.startswith("else"):
                if closed != "else":  # else if: a node of its own
                    parts.insert(0, ("action", closed[len("else "):]))
                    other, _ = tree_of(parts, defines)
                else:
                    other, _ = tree_of(parts, defines)
            nodes.append((word, tokens_of(rest), body, other))
        else:
            nodes.append(("value", tokens_of(text)))
    return nodes, ""


# --- Values. ---


def text_of(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def to_yaml(value):
    return yaml.safe_dump(value, default_flow_style=False,
                          width=10000).rstrip("\n")


def nindent(count, text):
    return "\n" + "\n".join(" " * count + line for line in text.split("\n"))


def lookup(_version, kind, _namespace, name):
    if "THERE" in os.environ:
        with open(os.environ["THERE"]) as file:
            for o in yaml.safe_load_all(file):
                if (o["kind"], o["metadata"]["name"]) == (kind, name):
                    return o
    return {}


def required(text, value):
    if value is None or value == "":
        raise Wrong(text)
    return value


def fail(text):
    raise Wrong(text)


FUNCTIONS = {
    "default": lambda other, value=None: value or other,
    "trunc": lambda count, text: text[:count],
    "trimSuffix": lambda end, text: text[:len(text) - len(end)]
    if end and text.endswith(end) else text,
    "printf": lambda form, *args: form % args,
    "print": lambda *args: "".join(text_of(a) for a in args),
    "replace": lambda old, new, text: text.replace(old, new),
    "quote": lambda value: json.dumps(text_of(value)),
    "toYaml": to_yaml,
    "toJson": lambda value: json.dumps(value, separators=(",", ":")),
    "nindent": nindent,
    "list": lambda *args: list(args),
    "append": lambda items, item: items + [item],
    "until": lambda count: list(range(count)),
    "int": lambda value: int(value or 0),
    "sub": lambda a, b: a - b,
    "index": lambda value, key: value[key],
    "not": lambda value: not value,
    "and": lambda *args: next((a for a in args if not a), args[-1]),
    "or": lambda *args: next((a for a in args if a), args[-1]),
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "kindIs": lambda kind, value: {"invalid": value is None}[kind],
    "dict": lambda: {},
    "get": lambda value, key: value.get(key, ""),
    "required": required,
    "fail": fail,
    "lookup": lookup,
    "randBytes": lambda count: base64.b64encode(bytes(count)).decode(),
    "b64enc": lambda text: base64.b64encode(text.encode()).decode(),
    "sha256sum": lambda text: hashlib.sha256(text.encode()).hexdigest(),
}


class Chart:
    def __init__(self, folder, values):
        self.defines = {}
        self.root = {
            "Values": values,
            "Chart": yaml.safe_load(open(os.path.join(folder, "Chart.yaml"))),
            "Release": {"Name": "consul", "Namespace": "default",
                        "Service": "Helm"},
            "Template": {"BasePath": "templates"},
        }
        self.root["Chart"] = {
            key[0].upper() + key[1:]: value
            for key, value in self.root["Chart"].items()}
        self.files = {}
        top = os.path.join(folder, "templates")
        for place, _, names in os.walk(top):
            for name in names:
                path = os.path.join(place, name)
                key = os.path.relpath(path, folder)
                nodes, _ = tree_of(pieces(open(path).read()), self.defines)
                self.files[key] = nodes

    def include(self, name, dot):
        nodes = self.defines.get(name, self.files.get(name))
        if nodes is None:
            raise Wrong("no template %s" % name)
        return self.render(nodes, dot, {"$": dot})

    def path(self, text, dot, names):
        head, *fields = text.split(".")
        if head.startswith("$"):
            if head not in names:
                raise Wrong("no variable " + head)
            value = names[head]
        else:
            value = dot
        for field in filter(None, fields):
            value = (value or {}).get(field)
        return value

    def operand(self, tokens, dot, names):
        kind, text = tokens.pop(0)
        if kind == "string":
            return json.loads(text)
        if kind == "number":
            return int(text)
        if kind == "path":
            return self.path(text, dot, names)
        if text == "(":
            inner, depth = [], 1
            while depth:
                token = tokens.pop(0)
                depth += {"(": 1, ")": -1}.get(token[1], 0) \
                    if token[0] == "mark" else 0
                inner.append(token)
            return self.pipeline(inner[:-1], dot, names)
        if text in ("true", "false"):
            return text == "true"
        raise Wrong("cannot read %r" % text)

    def command(self, tokens, dot, names, piped):
        """piped: what came through |, as a list of one or none."""
        if tokens[0][0] == "word" and tokens[0][1] not in ("true", "false"):
            name = tokens.pop(0)[1]
            args = []
            while tokens:
                args.append(self.operand(tokens, dot, names))
            args += piped
            if name == "include":
                return self.include(*args)
            if name not in FUNCTIONS:
                raise Wrong("no function " + name)
            return FUNCTIONS[name](*args)
        value = self.operand(tokens, dot, names)
        if tokens or piped:
            raise Wrong("more than a value")
        return value

    def pipeline(self, tokens, dot, names):
        piped, command, depth = [], [], 0
        for token in tokens + [("mark", "|")]:
            if token[0] == "mark":
                depth += {"(": 1, ")": -1}.get(token[1], 0)
            if token == ("mark", "|") and depth == 0:
                piped = [self.command(command, dot, names, piped)]
                command = []
            else:
                command.append(token)
        return piped[0]

    def value(self, tokens, dot, names):
        if len(tokens) > 1 and tokens[1] in (("mark", ":="), ("mark", "=")):
            names[tokens[0][1]] = self.pipeline(tokens[2:], dot, names)
            return ""
        return text_of(self.pipeline(list(tokens), dot, names))

    def loop(self, node, dot, names):
        _, tokens, body, other = node
        keys = []
        if ("mark", ":=") in tokens:
            place = tokens.index(("mark", ":="))
            keys = [t[1] for t in tokens[:place] if t[0] == "path"]
            tokens = tokens[place + 1:]
        items = self.pipeline(list(tokens), dot, names) or []
        pairs = sorted(items.items()) if isinstance(items, dict) \
            else list(enumerate(items))
        if not pairs:
            return self.render(other, dot, names)
        out = ""
        for key, item in pairs:
            names.update(zip(keys, (key, item)))
            out += self.render(body, item, names)
        return out

    def render(self, nodes, dot, names):
        out = ""
        for node in nodes:
            if node[0] == "text":
                out += node[1]
            elif node[0] == "value":
                out += self.value(node[1], dot, names)
            elif node[0] == "range":
                out += self.loop(node, dot, names)
            else:
                word, tokens, body, other = node
                value = self.pipeline(list(tokens), dot, names)
                inner = value if word == "with" and value else dot
                out += self.render(body if value else other, inner, names)
        return out

    def show(self):
        for name in sorted(self.files):
            if name.endswith(".tpl"):
                continue
            text = self.include(name, self.root)
            if name.endswith(".txt") or not text.strip():
                continue
            print("---\n# Source: proconsul/%s\n%s" % (name, text))


def merge(values, more):
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            merge(values[key], value)
        else:
            values[key] = value


def main(argv):
    values = {}
    for name in [os.path.join(argv[1], "values.yaml")] + argv[2:]:
        with open(name) as file:
            merge(values, yaml.safe_load(file))
    Chart(argv[1], values).show()


main(sys.argv)
