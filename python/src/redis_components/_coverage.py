"""Whether each slot of a cluster in use has an owner."""

from __future__ import annotations

import logging
from typing import Any

from ._published import Published
from .config.model import Cluster

_SLOTS = 16384
_LOG = logging.getLogger("redis_components")


class Coverage:
    """What the cluster of a component lacks."""

    def __init__(self, component: str) -> None:
        self._component = component
        self._of: Published | None = None
        self._lacking: str | None = None

    def lacking(self, published: Published | None) -> str | None:
        """Returns what the last view of the cluster in force lacked."""
        return self._lacking if published is not None and self._of is published else None

    def look(self, published: Published) -> None:
        """Asks the cluster, and says when it begins to lack slots and when that ends."""
        endpoint = published.config.endpoint
        if not isinstance(endpoint, Cluster) or not endpoint.require_full_coverage:
            return
        covered = published.ask_node(_covered)
        if covered is None:
            # Calls find out what is wrong.
            return
        before, lacking = self.lacking(published), _text(covered)
        self._of, self._lacking = published, lacking
        if before is None and lacking is not None:
            _LOG.warning(
                "slots of a cluster have no owner: %s: %s", self._where(published), lacking
            )
        elif before is not None and lacking is None:
            _LOG.info("all slots of a cluster have an owner: %s", self._where(published))

    def _where(self, published: Published) -> str:
        return f"component `{self._component}`: {published.config.endpoint}"


def _text(covered: int) -> str | None:
    if covered >= _SLOTS:
        return None
    return (
        f"only {covered} of its {_SLOTS} hash slots have an owner; give each slot an owner, or set "
        "`require_full_coverage` to false"
    )


def _covered(node: Any) -> int:
    """Returns how many slots have an owner, as a node says."""
    ranges = node.execute_command("CLUSTER SLOTS")
    # redis-py makes a dictionary of it in some versions.
    return sum(last - first + 1 for first, last, *_ in ranges)
