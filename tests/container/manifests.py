#!/usr/bin/python3
"""Kubernetes manifests, read as the cluster would read them.

    manifests.py check FILE...        what does not fit together, a line each
    manifests.py pod KIND/NAME ORDINAL IP FOLDER FILE...
                                      make its volumes below FOLDER, print the
                                      options of tests/container/run, `--`, and
                                      the arguments of the entrypoint
    manifests.py alike KIND/NAME FILE FILE...
                                      how the one in the first file differs
                                      from that in the others, but for labels
    manifests.py schema SCHEMA VALUES what the one has and the other has not
    manifests.py probe KIND/NAME readiness|liveness IP FILE...
                                      do what the kubelet would

There is no API server here. The rules are those whose breach shows only in a
running cluster: names that do not meet, ports that nobody has, volumes that
are not there, quantities that do not parse, and a pod with more power than it
needs.
"""
import json
import os
import re
import sys
import urllib.request

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WORKLOADS = ("StatefulSet", "DaemonSet", "Deployment")
API_VERSIONS = {
    "ConfigMap": "v1",
    "Secret": "v1",
    "Service": "v1",
    "ServiceAccount": "v1",
    "Pod": "v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "PodDisruptionBudget": "policy/v1",
}
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
# Made by `kubectl create secret`, as README.md says: not in any file.
SECRETS_OF_USERS = {"consul-gossip-key": {"gossip-key"}}


class Manifests:
    def __init__(self, files):
        self.objects = []
        self.errors = []
        for name in files:
            with open(name) as file:
                for document in yaml.load_all(file, LOADER):
                    if document and document.get("kind") != "Kustomization":
                        self.objects.append(document)

    def of(self, *kinds):
        return [o for o in self.objects if o["kind"] in kinds]

    def find(self, kind, name):
        for o in self.of(kind):
            if o["metadata"]["name"] == name:
                return o
        return None

    def wrong(self, where, text):
        self.errors.append(
            "%s/%s: %s" % (where["kind"], where["metadata"]["name"], text))


# --- What must fit together. ---


def template_of(o):
    return o if o["kind"] == "Pod" else o["spec"]["template"]


def containers_of(o):
    spec = template_of(o)["spec"]
    return spec.get("initContainers", []) + spec["containers"]


def matches(selector, labels):
    return selector and all(labels.get(k) == v for k, v in selector.items())


def pods_chosen(m, selector):
    return [o for o in m.of(*WORKLOADS)
            if matches(selector, o["spec"]["template"]["metadata"]["labels"])]


def strings_in(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, str):
        yield value


def check_names(m):
    seen = set()
    for o in m.objects:
        meta = o["metadata"]
        key = (o["kind"], meta["name"])
        if key in seen:
            m.wrong(o, "is there twice")
        seen.add(key)
        if not NAME.fullmatch(meta["name"]):
            m.wrong(o, "its name is no DNS label")
        if API_VERSIONS.get(o["kind"]) != o["apiVersion"]:
            m.wrong(o, "apiVersion %s" % o["apiVersion"])
        for value in meta.get("labels", {}).values():
            if not isinstance(value, str) or not LABEL.fullmatch(value):
                m.wrong(o, "label %r" % value)


def check_service(m, o):
    ports = o["spec"]["ports"]
    if len({p["name"] for p in ports}) != len(ports):
        m.wrong(o, "two ports have one name")
    if len({(p["port"], p.get("protocol", "TCP")) for p in ports}) != len(ports):
        m.wrong(o, "two ports have one number")
    chosen = pods_chosen(m, o["spec"].get("selector"))
    if len(chosen) != 1:
        m.wrong(o, "its selector chooses %d workloads" % len(chosen))
        return
    offered = [(p["name"], p.get("protocol", "TCP"))
               for c in containers_of(chosen[0]) for p in c.get("ports", [])]
    for p in ports:
        if (p["targetPort"], p.get("protocol", "TCP")) not in offered:
            m.wrong(o, "no container has port %s" % p["targetPort"])


def check_workload(m, o):
    spec = o["spec"]
    labels = spec["template"]["metadata"]["labels"]
    if not matches(spec["selector"]["matchLabels"], labels):
        m.wrong(o, "its selector does not choose its own pods")
    if len(pods_chosen(m, spec["selector"]["matchLabels"])) != 1:
        m.wrong(o, "its selector chooses others' pods, too")
    account = spec["template"]["spec"].get("serviceAccountName")
    if account and not m.find("ServiceAccount", account):
        m.wrong(o, "no service account %s" % account)
    affinity = spec["template"]["spec"].get("affinity", {})
    terms = affinity.get("podAntiAffinity", {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution", [])
    for term in terms:
        if not matches(term["labelSelector"]["matchLabels"], labels):
            m.wrong(o, "its anti-affinity is to other pods")
    if o["kind"] == "StatefulSet":
        service = m.find("Service", spec["serviceName"])
        if not service or service["spec"].get("clusterIP") != "None":
            m.wrong(o, "no headless service %s" % spec["serviceName"])
        elif not service["spec"].get("publishNotReadyAddresses"):
            m.wrong(o, "pods are found only when they are ready")


def check_volumes(m, o):
    spec = template_of(o)["spec"]
    volumes = {v["name"]: v for v in spec.get("volumes", [])}
    for claim in o["spec"].get("volumeClaimTemplates", []):
        volumes[claim["metadata"]["name"]] = claim
        size = claim["spec"]["resources"]["requests"]["storage"]
        if not QUANTITY.fullmatch(str(size)):
            m.wrong(o, "storage %s is no quantity" % size)
    mounted = set()
    for c in containers_of(o):
        for mount in c.get("volumeMounts", []):
            mounted.add(mount["name"])
            if mount["name"] not in volumes:
                m.wrong(o, "no volume %s" % mount["name"])
    for name in set(volumes) - mounted:
        m.wrong(o, "nobody mounts volume %s" % name)
    for v in volumes.values():
        name = v.get("configMap", {}).get("name")
        if name and not m.find("ConfigMap", name):
            m.wrong(o, "no config map %s" % name)
        name = v.get("secret", {}).get("secretName")
        if name and not m.find("Secret", name) and \
                name not in SECRETS_OF_USERS:
            m.wrong(o, "no secret %s" % name)


def check_environment(m, o, c):
    known = set()
    for variable in c.get("env", []):
        for name in re.findall(r"\$\(([^)]*)\)", variable.get("value", "")):
            if name not in known:
                m.wrong(o, "$(%s) is used before it is there" % name)
        known.add(variable["name"])
        ref = variable.get("valueFrom", {}).get("secretKeyRef")
        if not ref:
            continue
        secret = m.find("Secret", ref["name"])
        keys = SECRETS_OF_USERS.get(ref["name"], set())
        if secret:
            keys = {**secret.get("data", {}), **secret.get("stringData", {})}
        if ref["key"] not in keys:
            m.wrong(o, "no secret %s with %s" % (ref["name"], ref["key"]))
    for text in c.get("command", []) + c.get("args", []):
        for name in re.findall(r"\$\(([A-Z_]*)\)", text):
            if name not in known:
                m.wrong(o, "$(%s) is not there" % name)


def check_container(m, o, c):
    ports = c.get("ports", [])
    names = {p["name"] for p in ports}
    numbers = {(p["containerPort"], p.get("protocol", "TCP")) for p in ports}
    if len(names) != len(ports) or len(numbers) != len(ports):
        m.wrong(o, "a port is there twice")
    for name in names:
        if not PORT_NAME.fullmatch(name):
            m.wrong(o, "port name %s" % name)
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        for how in ("httpGet", "tcpSocket"):
            port = c.get(probe, {}).get(how, {}).get("port")
            if port is not None and port not in names:
                m.wrong(o, "%s asks port %s" % (probe, port))
    for side in c.get("resources", {}).values():
        for quantity in side.values():
            if not QUANTITY.fullmatch(str(quantity)):
                m.wrong(o, "%s is no quantity" % quantity)
    check_environment(m, o, c)


def check_powers(m, o):
    pod = template_of(o)["spec"].get("securityContext", {})
    if not pod.get("runAsNonRoot") or not pod.get("runAsUser"):
        m.wrong(o, "may run as root")
    if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        m.wrong(o, "has no seccomp profile")
    if template_of(o)["spec"].get("enableServiceLinks") is not False:
        m.wrong(o, "gets variables named after services")
    for c in containers_of(o):
        own = c.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            m.wrong(o, "may gain privileges")
        if own.get("readOnlyRootFilesystem") is not True:
            m.wrong(o, "may write the root file system")
        if own.get("capabilities", {}).get("drop") != ["ALL"]:
            m.wrong(o, "keeps capabilities")


def check_config_map(m, o):
    for name, text in o["data"].items():
        if not isinstance(text, str):
            m.wrong(o, "%s is no text" % name)
        elif name.endswith(".json"):
            try:
                json.loads(text)
            except ValueError as error:
                m.wrong(o, "%s: %s" % (name, error))


def check(m):
    check_names(m)
    for o in m.of("Service"):
        check_service(m, o)
    for o in m.of("ConfigMap"):
        check_config_map(m, o)
    for o in m.of("PodDisruptionBudget"):
        if len(pods_chosen(m, o["spec"]["selector"]["matchLabels"])) != 1:
            m.wrong(o, "protects no workload")
    for o in m.of(*WORKLOADS):
        check_workload(m, o)
        check_volumes(m, o)
    for o in m.of("Pod", *WORKLOADS):
        check_powers(m, o)
        for c in containers_of(o):
            check_container(m, o, c)
    for o in m.objects:
        for text in strings_in(o):
            if "<no value>" in text or "{{" in text:
                m.wrong(o, "holds %r" % text)
    return m.errors


# --- One pod of them, to be run. ---


def config_map_put(folder, data):
    """As the kubelet does: the files are links through a link."""
    version = os.path.join(folder, "..2026_01_01")
    os.makedirs(version, exist_ok=True)
    for name, text in data.items():
        with open(os.path.join(version, name), "w") as file:
            file.write(text)
    for link, to in [("..data", "..2026_01_01")] + \
            [(name, "..data/" + name) for name in data]:
        path = os.path.join(folder, link)
        if not os.path.lexists(path):
            os.symlink(to, path)


def environment_of(m, c, facts):
    values = {}
    for variable in c.get("env", []):
        source = variable.get("valueFrom")
        if source is None:
            value = expand(variable["value"], values)
        elif "fieldRef" in source:
            value = facts[source["fieldRef"]["fieldPath"]]
        else:
            ref = source["secretKeyRef"]
            value = facts[ref["name"] + "/" + ref["key"]]
        values[variable["name"]] = value
    return values


def expand(text, values):
    return re.sub(r"\$\(([A-Za-z_]+)\)",
                  lambda found: values.get(found[1], found[0]), text)


def volume_put(m, pod, name, folder):
    """The folder of a volume, as it is handed to every container."""
    volumes = {v["name"]: v for v in pod.get("volumes", [])}
    path = os.path.join(folder, name)
    os.makedirs(path, exist_ok=True)
    if "configMap" in volumes.get(name, {}):
        config = m.find("ConfigMap", volumes[name]["configMap"]["name"])
        config_map_put(path, config["data"])
        return path
    os.chown(path, 0, pod["securityContext"]["fsGroup"])
    os.chmod(path, 0o2775)
    return path


def pod_arguments(m, workload, ordinal, ip, folder):
    kind, name = workload.split("/")
    o = m.find(kind, name)
    pod = o["spec"]["template"]["spec"]
    c = pod["containers"][0]
    hostname = "%s-%s" % (name, ordinal)
    facts = {
        "status.podIP": ip,
        "status.hostIP": ip,
        "spec.nodeName": "node-%s" % ordinal,
        "metadata.name": hostname,
        "metadata.namespace": "default",
        "consul-gossip-key/gossip-key": os.environ.get("GOSSIP_KEY", ""),
    }
    values = environment_of(m, c, facts)
    user = pod["securityContext"]
    out = ["--hostname", hostname, "--caps", "none", "--no-new-privs",
           "--read-only", "--user",
           "%d:%d" % (user["runAsUser"], user["runAsGroup"])]
    for key, value in values.items():
        out += ["--env", "%s=%s" % (key, value)]
    for mount in c["volumeMounts"]:
        path = volume_put(m, pod, mount["name"], folder)
        mode = ":ro" if mount.get("readOnly") else ""
        out += ["--mount", "%s:%s%s" % (path, mount["mountPath"], mode)]
    return out, [expand(a, values) for a in c["args"]]


# --- Probes. ---


def probe(m, workload, which, ip):
    kind, name = workload.split("/")
    c = m.find(kind, name)["spec"]["template"]["spec"]["containers"][0]
    probe_row = c[which + "Probe"]
    ports = {p["name"]: p["containerPort"] for p in c["ports"]}
    get = probe_row["httpGet"]
    url = "http://%s:%d%s" % (ip, ports[get["port"]], get["path"])
    try:
        with urllib.request.urlopen(
                url, timeout=probe_row.get("timeoutSeconds", 1)):
            return 0
    except OSError as error:
        print(error)
        return 1


# --- A chart's. ---


def bare(value):
    """Without what says nothing of what runs."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items()
                if k not in ("labels", "selector", "matchLabels", "annotations",
                             "imagePullPolicy")}
    return [bare(v) for v in value] if isinstance(value, list) else value


def differences(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            yield from differences(a.get(key), b.get(key), path + "." + key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, "%s[%d]" % (path, i))
    elif a != b:
        yield "%s: %r, %r" % (path, a, b)


def alike(workload, one, others):
    kind, name = workload.split("/")
    return list(differences(bare(Manifests([one]).find(kind, name)),
                            bare(Manifests(others).find(kind, name))))


def schema_gaps(schema, values, path=""):
    rows = schema.get("properties")
    if rows is None or not isinstance(values, dict):
        return
    # All charts of a release share `global`: what is refused there is named.
    if path == ".global":
        rows = {k: v for k, v in rows.items()
                if v.get("$ref") != "#/definitions/notHere"}
    elif schema.get("additionalProperties") is not False:
        yield path + ": takes anything"
    for key in set(rows) ^ set(values):
        yield "%s.%s: is in one only" % (path, key)
    for key in set(rows) & set(values):
        yield from schema_gaps(rows[key], values[key], path + "." + key)


def tell(lines):
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if lines else 0


def main(argv):
    if argv[1] == "alike":
        return tell(alike(argv[2], argv[3], argv[4:]))
    if argv[1] == "schema":
        with open(argv[2]) as schema, open(argv[3]) as values:
            return tell(list(schema_gaps(json.load(schema),
                                         yaml.load(values, LOADER))))
    if argv[1] == "check":
        return tell(check(Manifests(argv[2:])))
    if argv[1] == "pod":
        m = Manifests(argv[6:])
        options, args = pod_arguments(m, argv[2], argv[3], argv[4], argv[5])
        print("\n".join(options + ["--"] + args))
        return 0
    return probe(Manifests(argv[5:]), argv[2], argv[3], argv[4])


sys.exit(main(sys.argv))
