"""All that a process has of its components. A forked child makes its own."""

from __future__ import annotations

import dataclasses
import functools
import threading
import time

from ._config_server import ConfigServer
from ._control import Control
from ._receipts import Receipts
from ._settings import Settings, instance_name
from ._slot import LOOK_EVERY, Slot
from ._target import Key, WatchedKey
from ._watch import Watch
from .errors import ComponentError


class Process:
    """The watch of the config server, the slots of the components, and the receipt."""

    def __init__(self, settings: Settings) -> None:
        # What is asked by a parent has no thread in its child.
        self._settings = settings = dataclasses.replace(settings)
        self._application = settings.application_name()
        self._instance = instance_name()
        self._lock = threading.Lock()
        self._slots: dict[str, Slot] = {}
        self._has_ended = False
        self._control = Control(settings, self._instance)
        self._receipts = Receipts(settings, self._application, self._instance)
        name = self._name_of("config-server")
        self._server = ConfigServer(settings.servers(), settings, name, self._control.key)
        self._watch = Watch(
            self._server, settings, self._control, self._work, self._receipts.remove
        )

    def slot(self, component: str) -> Slot:
        slot = self._slots.get(component)
        if slot is not None:
            return slot
        with self._lock:
            slot = self._slots.get(component)
            if slot is None:
                key = f"{self._settings.key_prefix}{component}"
                slot = Slot(
                    component,
                    WatchedKey(component, key, self._control.canary),
                    self._control,
                    self._watch,
                    self._settings,
                    self._name_of(component),
                    functools.partial(self._watch.poke),
                )
                self._slots[component] = slot
                if self._has_ended:
                    slot.close()
        return slot

    def slots(self) -> list[Slot]:
        return list(self._slots.values())

    def close(self, seconds: float) -> None:
        """Removes the receipt, ends the watch and closes clients once their calls have ended."""
        deadline = time.monotonic() + seconds
        with self._lock:
            self._has_ended = True
        self._receipts.end()
        self._watch.end()
        for slot in self.slots():
            slot.close()
        self._watch.join(deadline)
        for slot in self.slots():
            slot.join(deadline)
        self._server.join(deadline)

    def _name_of(self, component: str) -> str:
        return f"{self._application}:{component}:{self._instance}"

    def _read_control(self, server: ConfigServer) -> None:
        """Reads what the whole fleet is told, if it is time, and the configs that are about to
        change."""
        sent = time.monotonic()
        if sent < self._control.due_at():
            return
        keys: list[Key] = [self._control]
        keys += [slot.watched for slot in self.slots() if slot.offer() is not None]
        answers = server.read([key.key for key in keys])
        for key, answer in zip(keys, answers):
            key.answered(server.address, answer, sent)

    def _work(self, server: ConfigServer | None) -> float:
        """Does on the watch's thread what no call waits for. Without a config server there is
        less. Returns when to do it again."""
        again = time.monotonic() + self._settings.reread_interval
        if server is not None:
            try:
                self._read_control(server)
                again = self._control.due_at()
            except ComponentError:
                # The next read finds that the server is lost.
                again = time.monotonic() + 1
        for slot in self.slots():
            slot.watched.retake()
            slot.follow()
            slot.prepared.prepare(self._control.candidate(slot.component))
        if server is not None:
            again = min(again, self._receipts.write(server, self.slots(), self._control))
        if any(slot.may_change() for slot in self.slots()):
            again = min(again, time.monotonic() + LOOK_EVERY)
        return again
