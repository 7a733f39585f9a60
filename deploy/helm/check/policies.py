"""Who may reach whom by the rendered NetworkPolicies, and whether that is what `ALLOWED` says."""

import ipaddress

# A release called muster in the namespace muster. Beside its pods: one of somebody else in that namespace, one of the
# ingress in another, and addresses.
OUR_NAMESPACE = "muster"
STRANGERS = {
    "neighbour": (OUR_NAMESPACE, {"app": "neighbour"}),
    "ingress": ("ingress-nginx", {"app.kubernetes.io/name": "ingress-nginx"}),
    "elsewhere": ("elsewhere", {"app": "elsewhere"}),
}
ADDRESSES = {"internet": "203.0.113.7", "database": "10.1.2.3", "cloud": "169.254.169.254", "office": "192.0.2.7"}
PORTS = [22, 80, 443, 4222, 5432]
# The broker's pods are the other chart's; these are its labels and ports.
NATS = (
    {
        "app.kubernetes.io/name": "nats",
        "app.kubernetes.io/instance": "muster",
        "app.kubernetes.io/component": "nats",
    },
    {"nats": 4222, "websocket": 8443, "cluster": 6222, "monitor": 8222, "prom-metrics": 7777},
)

# For each file of values: whom each may reach, and all that may. Names are asked of the cluster's DNS by everybody
# whose way out is bounded, so that is not in it. Whatever `test` asks for, `helm test` needs.
ALLOWED = {
    # A database outside at a known address; the page is for everybody, metrics for the namespace.
    "cluster": """
        api       -> nats:4222 database:5432 internet:443 office:443
        chat      -> nats:4222 database:5432
        registry  -> nats:4222 database:5432
        migrate   -> database:5432
        nats      -> nats:6222
        test      -> api:8080 api:9090 chat:9090 registry:9090 nats:7777 nats:8443
        neighbour -> api:8080 api:9090 chat:9090 registry:9090 nats:7777 nats:8443
        ingress   -> api:8080 nats:8443
        elsewhere -> api:8080 nats:8443
        internet  -> api:8080 nats:8443
        database  -> api:8080 nats:8443
        cloud     -> api:8080 nats:8443
        office    -> api:8080 nats:8443
    """,
    # All inside, with backups; workers come from the office to the broker itself; nothing is called outside.
    "everything": """
        api       -> nats:4222 postgres:5432 collector:4318
        chat      -> nats:4222 postgres:5432 collector:4318
        registry  -> nats:4222 postgres:5432 collector:4318
        backup    -> nats:4222 postgres:5432
        migrate   -> postgres:5432
        nats      -> nats:6222
        test      -> api:8080 api:9090 chat:9090 registry:9090 nats:7777 nats:8443
        neighbour -> api:8080 api:9090 chat:9090 registry:9090 nats:7777 nats:8443
        ingress   -> api:8080 nats:8443
        elsewhere -> api:8080 nats:8443
        internet  -> api:8080 nats:8443
        database  -> api:8080 nats:8443
        cloud     -> api:8080 nats:8443
        office    -> api:8080 nats:8443 nats:4222
    """,
    # The page is for the ingress alone; the database may be anywhere.
    "ingress": """
        api       -> nats:4222 internet:443 office:443
                     internet:5432 database:5432 cloud:5432 office:5432
        chat      -> nats:4222 internet:5432 database:5432 cloud:5432 office:5432
        registry  -> nats:4222 internet:5432 database:5432 cloud:5432 office:5432
        migrate   -> internet:5432 database:5432 cloud:5432 office:5432
        nats      -> nats:6222
        test      -> api:8080 api:9090 chat:9090 registry:9090 nats:7777
        neighbour -> api:9090 chat:9090 registry:9090 nats:7777
        ingress   -> api:8080 nats:8443
    """,
}


def wrong(case, rendered, pods):
    """Each edge that is missing or too many; of files that have a table."""
    if case not in ALLOWED:
        return
    told, asked = edges(rendered, pods), table(ALLOWED[case])
    yield from (f"{source} may not reach {target}, which it must" for source, target in sorted(asked - told))
    yield from (f"{source} may reach {target}" for source, target in sorted(told - asked))


def table(text):
    source, found = "", set()
    for line in text.strip().splitlines():
        before, _, after = line.rpartition("->")
        source = before.strip() or source
        found |= {(source, target) for target in after.split()}
    return found


def edges(rendered, pods):
    """Each (who, whom:port) that the policies let through."""
    policies = [item["spec"] for item in rendered if item["kind"] == "NetworkPolicy"]
    ours = {
        pod["metadata"]["labels"]["app.kubernetes.io/component"]: (pod["metadata"]["labels"], ports(pod)) for pod in pods
    }
    ours.setdefault("nats", NATS)
    # A collector in another namespace, at the port that the values name.
    places = {name: {"namespace": OUR_NAMESPACE, "labels": labels} for name, (labels, _) in ours.items()}
    places |= {name: {"namespace": namespace, "labels": labels} for name, (namespace, labels) in STRANGERS.items()}
    places |= {name: {"address": address} for name, address in ADDRESSES.items()}
    collector = {"namespace": "observe", "labels": {"app": "collector"}}
    targets = [(name, port, places[name], each) for name, (_, each) in ours.items() for port in each.values()]
    targets += [(name, port, places[name], {}) for name in ADDRESSES for port in PORTS]
    targets += [("collector", 4318, collector, {})]
    return {
        (source, f"{name}:{port}")
        for source, place in places.items()
        for name, port, target, named in targets
        if is_ours(source, name, ours)
        and passes(policies, "egress", place, target, port, named)
        and passes(policies, "ingress", target, place, port, named)
    }


def is_ours(source, target, ours):
    """What others do among themselves is not asked; neither what `helm test` does elsewhere."""
    return target in ours or source in ours and source != "test"


def passes(policies, way, of, other, port, named):
    """Whether the policies for one let the other through; without any, all passes."""
    if of.get("namespace") != OUR_NAMESPACE:
        return True
    mine = [p for p in policies if way.capitalize() in p["policyTypes"] and selects(p["podSelector"], of["labels"])]
    peers = "to" if way == "egress" else "from"
    rules = [rule for policy in mine for rule in policy.get(way) or []]
    return not mine or any(
        is_port(rule, port, named) and (not rule.get(peers) or any(is_peer(peer, other) for peer in rule[peers]))
        for rule in rules
    )


def is_port(rule, port, named):
    return any(named.get(each["port"], each["port"]) == port for each in rule["ports"])


def is_peer(peer, place):
    if "ipBlock" in peer:
        # A pod's own address is in no block that a policy of ours names.
        block = peer["ipBlock"]
        return is_in(place, block["cidr"]) and not any(is_in(place, network) for network in block.get("except", []))
    if "labels" not in place:
        return False
    namespace = place["namespace"]
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace}):
            return False
    elif namespace != OUR_NAMESPACE:
        return False
    return selects(peer.get("podSelector", {}), place["labels"])


def is_in(place, network):
    return "address" in place and ipaddress.ip_address(place["address"]) in ipaddress.ip_network(network)


def selects(selector, labels):
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions), "another operator than In"
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


def ports(pod):
    return {
        port["name"]: port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
    }
