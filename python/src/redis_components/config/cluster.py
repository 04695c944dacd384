"""The fields of a cluster."""

from __future__ import annotations

from ..errors import ConfigInvalidError
from . import servers
from .given import Given, both_given
from .model import DEFAULT_PORT, Cluster

_OTHER_ENDPOINTS = (
    "url",
    "host",
    "port",
    "unix_socket_path",
    "path",
    "sentinels",
    "service_name",
)


def read(given: Given) -> Cluster | None:
    """Returns the cluster that the fields mean, if they mean one."""
    seeds = [name for name in ("cluster", "startup_nodes") if given.has(name)]
    if not seeds:
        _refuse_options(given)
        return None
    if len(seeds) > 1:
        raise both_given(*seeds)
    for other in _OTHER_ENDPOINTS:
        if given.has(other):
            raise both_given(seeds[0], other)
    if given.whole("db"):
        raise ConfigInvalidError(
            "`db` is not 0, and a cluster has only that database; leave it out"
        )
    nodes = servers.read(seeds[0], given.get(seeds[0]), DEFAULT_PORT)
    is_covered = given.flag("require_full_coverage")
    return Cluster(nodes, is_covered is not False, _reads_from_replicas(given))


def _refuse_options(given: Given) -> None:
    """Refuses the fields of a cluster without a cluster, except what has no effect."""
    name = None
    if _reads_from_replicas(given):
        name = "read_from"
    elif given.flag("require_full_coverage") is False:
        name = "require_full_coverage"
    if name is not None:
        raise ConfigInvalidError(f"`{name}` is an option of a cluster; name its nodes as `cluster`")


def _reads_from_replicas(given: Given) -> bool:
    by_name = given.text("read_from")
    if by_name not in (None, "primary", "replica"):
        raise ConfigInvalidError('`read_from` must be "primary" or "replica"')
    by_flag = given.flag("read_from_replicas")
    if by_name is None:
        return bool(by_flag)
    if by_flag is not None and by_flag != (by_name == "replica"):
        raise ConfigInvalidError(
            "`read_from` and `read_from_replicas` contradict each other; keep one of them"
        )
    return by_name == "replica"


def write(cluster: Cluster) -> dict[str, object]:
    """Returns the shortest fields that mean the cluster."""
    fields: dict[str, object] = {"cluster": servers.write(cluster.seeds)}
    if not cluster.require_full_coverage:
        fields["require_full_coverage"] = False
    if cluster.reads_from_replicas:
        fields["read_from"] = "replica"
    return fields
