"""The client that a function gets: it goes on where the component's data goes."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
from typing import Any, Callable

import redis
import redis.client
import redis.exceptions

from . import _commands, _refusal
from ._call import Call
from ._connections import keep_from_others
from ._options import TAKES_NAME
from ._published import Lent
from ._request import All, One
from ._resend import Outcome, Pause, Reach, Send, Sending, is_run, resend
from ._session import Session

_NOT_REACHED = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)


class MovingClient(redis.Redis):
    """A client of one call. What its server has refused it sends to the one that has the data."""

    _call: Call
    session: Session

    @classmethod
    def of(cls, call: Call) -> MovingClient:
        """Returns a client that shares its connections with all calls."""
        client = cls.__new__(cls)
        client.__dict__.update(call.here.client.__dict__)
        client._call, client.session = call, Session(call)
        return client

    def execute_command(self, *args: Any, **options: Any) -> Any:
        call = self._call
        if call.note(args):
            return self._plain(self.session).execute_command(*args, **options)
        is_first = call.note_sent()
        request = One(args)
        lent = call.enter()
        try:
            self.connection_pool = lent.client.connection_pool
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.exceptions.ResponseError as error:
            refused = request.outcome(error)
            if refused.refused is None or call.is_bound():
                raise
        finally:
            call.leave(lent)

        def send(lent: Lent) -> Outcome:
            client = self._plain(lent.client.connection_pool)
            try:
                try:
                    return Outcome(client.execute_command(*request.words(), **options))
                except redis.exceptions.NoScriptError:
                    for words in call.loads():
                        client.execute_command(*words)
                    return Outcome(client.execute_command(*request.words(), **options))
            except redis.exceptions.ResponseError as error:
                return request.outcome(error)

        return _driven(call, resend(call, refused, request.began, is_first), send).result()

    def pipeline(self, transaction: Any = True, shard_hint: Any = None) -> MovingPipeline:
        pipeline = MovingPipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )
        pipeline._call, pipeline._session = self._call, self.session
        return pipeline

    def pubsub(self, **kwargs: Any) -> Any:
        self._stay()
        return super().pubsub(**kwargs)  # type: ignore[no-untyped-call]

    def monitor(self) -> Any:
        self._stay()
        return super().monitor()  # type: ignore[no-untyped-call]

    def client(self) -> Any:
        """Returns a client with one connection, which stays at its server."""
        self._stay()
        return _OneConnection(connection_pool=self.connection_pool, single_connection_client=True)

    def _stay(self) -> None:
        """Has what is about to begin stay at the server that the call is on now."""
        self.connection_pool = self._call.stay().client.connection_pool

    def _plain(self, pool: Any) -> redis.Redis:
        client = redis.Redis.__new__(redis.Redis)
        client.__dict__.update(self.__dict__)
        client.connection_pool = pool
        return client


class _OneConnection(redis.Redis):
    """A client with one connection, whose session others do not find. If it is lost, it is not
    replaced."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if self.connection is None:
            # The client was closed, and is used on.
            self.connection = self.connection_pool.get_connection(*TAKES_NAME)
        connection: Any = self.connection
        if _commands.concerns_session(args) and not connection.has_session:
            connection.connect()
            keep_from_others(connection)
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


class MovingPipeline(redis.client.Pipeline):
    """A pipeline of a `MovingClient`."""

    _call: Call
    _session: Session

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        if self.connection is None:
            self._stay()
        answer = super().immediate_execute_command(*args, **options)  # type: ignore[no-untyped-call]
        if self.connection is not None and _commands.leaves_session(args):
            keep_from_others(self.connection)
        return answer

    def annotate_exception(self, exception: Any, number: Any, command: Any) -> None:
        _refusal.note_code(exception)
        super().annotate_exception(exception, number, command)  # type: ignore[no-untyped-call]

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        call, request = self._call, All(self, bool(self.transaction))
        concerns_session = request.concerns_session()
        if self.connection is None and (concerns_session or call.is_bound()) and request.commands:
            self._stay()
            self.connection = self.connection_pool.get_connection(*TAKES_NAME)
        if concerns_session:
            keep_from_others(self.connection)
        if self.connection is not None or not request.commands:
            try:
                return super().execute(raise_on_error)
            finally:
                # It is kept if a script could not be loaded.
                if self.connection is not None:
                    self.reset()
        is_first = call.note_sent()

        def send(lent: Lent) -> Outcome:
            request.write_into(self)
            self.connection_pool = pool = lent.client.connection_pool
            try:
                # What loads scripts goes over this connection too, and looks for no other.
                self.connection = pool.get_connection(*TAKES_NAME)
                return request.answered(super(MovingPipeline, self).execute(raise_on_error=False))
            except redis.exceptions.ResponseError as error:
                return request.failed(error)
            finally:
                if self.connection is not None:
                    self.reset()

        lent = call.enter()
        try:
            outcome = send(lent)
        finally:
            call.leave(lent)
        if outcome.refused is not None:
            outcome = _driven(call, resend(call, outcome, request.began, is_first), send)
        answers: list[Any] = outcome.result()
        if raise_on_error:
            self.raise_first_error(request.commands, answers)  # type: ignore[no-untyped-call]
        return answers

    def _stay(self) -> None:
        """Has what is about to begin stay in the session of the call, or at the server it is on."""
        call = self._call
        pool: Any = self._session if call.is_bound() else call.stay().client.connection_pool
        self.connection_pool = pool


def _driven(call: Call, sending: Sending, send: Callable[[Lent], Outcome]) -> Outcome:
    """Does in a thread what is needed to send a request again."""
    with contextlib.closing(sending):
        answer: object = None
        while True:
            try:
                step = sending.send(answer)
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome
            answer = None
            if isinstance(step, Send):
                answer = _sent(call, step.lent, send)
            elif isinstance(step, Reach):
                answer = _reaches(step)
            elif isinstance(step, Pause):
                time.sleep(step.seconds)
            else:
                concurrent.futures.wait([step.event], step.seconds)


def _sent(call: Call, lent: Lent, send: Callable[[Lent], Outcome]) -> Outcome:
    call.enter(lent)
    try:
        return send(lent)
    finally:
        call.leave(lent)


def _reaches(step: Reach) -> bool:
    """Returns `True` if there is a connection. Without one, nothing can have been executed."""
    lent = step.lent
    if not isinstance(lent.client, redis.Redis):
        # A cluster has other data.
        return False
    pool = lent.client.connection_pool
    try:
        connection = pool.get_connection(*TAKES_NAME)
    except _NOT_REACHED:
        return False
    try:
        if step.run_id is None:
            return True
        connection.send_command("INFO", "server")
        return is_run(connection.read_response(), step.run_id)
    except redis.exceptions.ResponseError:
        return False
    except _NOT_REACHED:
        connection.disconnect()
        return False
    finally:
        pool.release(connection)
