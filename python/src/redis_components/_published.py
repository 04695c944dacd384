"""The config in force, with the clients built from it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import os
import threading
import time
from typing import Any, Callable, TypeVar

from . import _async_clients, _clients
from ._of_loop import OfLoop
from ._options import Options
from ._secrets import Resolved
from ._server_words import cause_of, meaning
from .config.model import ComponentConfig
from .errors import ComponentError, ErrorKind

T = TypeVar("T")


class Lent:
    """A client, lent to one call."""

    def __init__(self, published: Published, client: Any) -> None:
        self.published = published
        self.client = client
        # How many requests of the call are in flight.
        self.busy = 0
        # Whether something of the call stays here that is not counted, a subscription for example.
        self.stays = False
        self.is_back = False

    def give_back(self) -> None:
        if not self.is_back:
            self.is_back = True
            self.published.returned()


class Published:
    """The config in force, with the clients built from it: one for all threads and one for each
    event loop, once more if functions want text instead of bytes."""

    def __init__(
        self,
        config: ComponentConfig,
        resolved: Resolved,
        options: Options | None = None,
        proven: Any = None,
    ) -> None:
        self.config = config
        # With what stands elsewhere.
        self.resolved = resolved
        # The number of the config since the process began. 0 if it is not in force.
        self.generation = 0
        # The first generation whose data this one has.
        self.data_since = 0
        # The server whose data this one had before its config came into force.
        self.continues: Published | None = None
        self.since = 0
        # `None` if the config switches the component off.
        self._options = options
        # The client of a cluster connects when it is made, and tasks must not wait for that.
        self._building = threading.Lock()
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False
        self._process = os.getpid()
        self._of_threads: dict[bool, Any] = {} if proven is None else {False: proven}
        self._of_loops: dict[bool, dict[int, OfLoop]] = {}

    def come_into_force(self, old: Published | None, is_moved_along: bool) -> None:
        """Takes the place of an old config. Its data may have been moved here."""
        self.generation = 1 if old is None else old.generation + 1
        has_data = old is not None and (is_moved_along or old.config == self.config)
        self.data_since = old.data_since if old is not None and has_data else self.generation
        self.since = int(time.time())
        self.continues = None

    def lend(self, decode: bool) -> Lent:
        """Returns a client for a call in a thread."""
        # It is counted first, so that nobody closes the client that it finds.
        with self._lock:
            self._users += 1
        try:
            with self._building:
                client = self._of_threads.get(decode)
                if client is None:
                    client = self._built(decode)
                    self._of_threads[decode] = client
        except BaseException:
            self.returned()
            raise
        return Lent(self, client)

    def lend_async(self, decode: bool) -> Lent:
        """Returns a client for a call in a task."""
        loop = asyncio.get_running_loop()
        with self._lock:
            clients = self._of_loops.setdefault(decode, {})
            found = clients.get(id(loop))
            if found is None or found.loop is not loop:
                # Nothing of a closed loop can be closed any more.
                for key, other in list(clients.items()):
                    if other.loop.is_closed():
                        del clients[key]
                found = OfLoop(loop, _async_clients.build(self._options_for(decode)))
                clients[id(loop)] = found
            self._users += 1
        return Lent(self, found.client)

    def carries_on(self, earlier: Published) -> bool:
        """Returns `True` if this server has the data of an earlier one."""
        return (
            self is earlier
            or self.config == earlier.config
            or 0 < self.data_since <= earlier.generation <= self.generation
            or (earlier.generation == 0 and earlier.continues is self)
        )

    def response_timeout(self) -> float:
        return self._options_for(False).response_timeout()

    def is_retired(self) -> bool:
        return self._retired

    def warm_up(self, others: Published | None) -> bool:
        """Has connections made for each thread and loop that has a client of the `others`. Returns
        `False` if a loop has had no time for it.

        Raises an error of redis-py if the server cannot be used.
        """
        decodes = {False} if others is None else {False, *list(others._of_threads)}
        for decode in decodes:
            lent = self.lend(decode)
            try:
                _clients.ping(lent.client)
            finally:
                lent.give_back()
        running = [] if others is None else others._running_loops()
        begun = [
            one.begin(functools.partial(self._warm_up_loop, decode)) for decode, one in running
        ]
        deadline = time.monotonic() + self._options_for(False).patience()
        is_done = True
        for one in begun:
            try:
                one.result(max(deadline - time.monotonic(), 0))
            except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
                one.cancel()
                is_done = False
        return is_done

    async def _warm_up_loop(self, decode: bool) -> None:
        lent = self.lend_async(decode)
        try:
            await _async_clients.ping(lent.client)
        finally:
            lent.give_back()

    def _running_loops(self) -> list[tuple[bool, OfLoop]]:
        with self._lock:
            return [
                (decode, one)
                for decode, clients in self._of_loops.items()
                for one in clients.values()
                # Nothing is done on a loop that stands still, and what is begun there piles up.
                if one.loop.is_running()
            ]

    def returned(self) -> None:
        """Counts a call that has ended. The last one of a config that was left closes its
        clients."""
        # A child has copies of its parent's locks, and another thread may have held them.
        if os.getpid() != self._process:
            return
        with self._lock:
            self._users -= 1
            is_last = self._retired and self._users == 0
        if is_last:
            self._close()

    def retire(self) -> None:
        """Closes the clients, once their calls have ended."""
        with self._lock:
            self._retired = True
            is_unused = self._users == 0
        if is_unused:
            self._close()

    def users(self) -> int:
        """Returns how many calls are in flight."""
        return self._users

    def follow_sentinels(self) -> None:
        """Asks the sentinels of all clients, which leave a primary that is none any more."""
        for client in list(self._of_threads.values()):
            _clients.follow_sentinels(client)
        for _, one in self._running_loops():
            one.begin(functools.partial(_async_clients.follow_sentinels, one.client))

    def ask_node(self, question: Callable[[Any], T]) -> T | None:
        """Returns the answer of the first primary of a cluster that gives one."""
        for client in list(self._of_threads.values())[:1]:
            for node in client.get_primaries():
                # What answers may be anything.
                with contextlib.suppress(Exception):
                    return question(client.get_redis_connection(node))
        return None

    def _built(self, decode: bool) -> Any:
        try:
            return _clients.build(self._options_for(decode))
        except Exception as failed:
            # The client of a cluster connects.
            raise ComponentError(
                ErrorKind.SERVER_UNREACHABLE,
                f"{self.config.endpoint} cannot be used: {meaning(failed)}",
            ) from cause_of(failed)

    def _options_for(self, decode: bool) -> Options:
        if self._options is None:
            raise AssertionError("a config that is switched off has no clients")
        return self._options.with_text(decode)

    def _close(self) -> None:
        with self._lock:
            if self._users:
                # A call has begun since, and closes them when it ends.
                return
            of_threads = list(self._of_threads.values())
            of_loops = [one for clients in self._of_loops.values() for one in clients.values()]
            self._of_threads.clear()
            self._of_loops.clear()
        for client in of_threads:
            _clients.close(client)
        for one in of_loops:
            one.close()
