"""The client that an `async def` gets: it goes on where the component's data goes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, Callable

import redis.asyncio
import redis.asyncio.client
import redis.exceptions

from . import _commands, _refusal
from ._call import Call
from ._connections import keep_from_others
from ._options import TAKES_NAME
from ._published import Lent
from ._request import All, One
from ._resend import Outcome, Pause, Reach, Send, Sending, is_run, resend
from ._session import AsyncSession
from ._waiting import happened

_NOT_REACHED = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)


class AsyncMovingClient(redis.asyncio.Redis):
    """A client of one call. What its server has refused it sends to the one that has the data."""

    _call: Call
    session: AsyncSession

    @classmethod
    def of(cls, call: Call) -> AsyncMovingClient:
        """Returns a client that shares its connections with all calls."""
        client = cls.__new__(cls)
        client.__dict__.update(call.here.client.__dict__)
        client._call, client.session = call, AsyncSession(call)
        return client

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        call = self._call
        if call.note(args):
            return await self._plain(self.session).execute_command(*args, **options)
        is_first = call.note_sent()
        request = One(args)
        lent = call.enter()
        try:
            self.connection_pool = lent.client.connection_pool
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.exceptions.ResponseError as error:
            refused = request.outcome(error)
            if refused.refused is None or call.is_bound():
                raise
        finally:
            call.leave(lent)

        async def send(lent: Lent) -> Outcome:
            client = self._plain(lent.client.connection_pool)
            try:
                try:
                    return Outcome(await client.execute_command(*request.words(), **options))
                except redis.exceptions.NoScriptError:
                    for words in call.loads():
                        await client.execute_command(*words)
                    return Outcome(await client.execute_command(*request.words(), **options))
            except redis.exceptions.ResponseError as error:
                return request.outcome(error)

        sending = resend(call, refused, request.began, is_first)
        return (await _driven(call, sending, send)).result()

    def pipeline(
        self, transaction: bool = True, shard_hint: str | None = None
    ) -> AsyncMovingPipeline:
        pipeline = AsyncMovingPipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )
        pipeline._call, pipeline._session = self._call, self.session
        return pipeline

    def pubsub(self, **kwargs: Any) -> Any:
        self._stay()
        return super().pubsub(**kwargs)

    def monitor(self) -> Any:
        self._stay()
        return super().monitor()

    def client(self) -> Any:
        """Returns a client with one connection, which stays at its server."""
        self._stay()
        return _OneConnection(connection_pool=self.connection_pool, single_connection_client=True)

    def _stay(self) -> None:
        """Has what is about to begin stay at the server that the call is on now."""
        self.connection_pool = self._call.stay().client.connection_pool

    def _plain(self, pool: Any) -> redis.asyncio.Redis:
        client = redis.asyncio.Redis.__new__(redis.asyncio.Redis)
        client.__dict__.update(self.__dict__)
        client.connection_pool = pool
        return client


class _OneConnection(redis.asyncio.Redis):
    """A client with one connection, whose session others do not find. If it is lost, it is not
    replaced."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        await self.initialize()
        connection: Any = self.connection
        if _commands.concerns_session(args) and not connection.has_session:
            await connection.connect()
            keep_from_others(connection)
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    async def __aexit__(self, *raised: Any) -> None:
        # redis-py keeps the connection if the task is cancelled just now.
        leave: Any = super().__aexit__(*raised)  # type: ignore[no-untyped-call]
        await asyncio.shield(leave)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await asyncio.shield(super().aclose(close_connection_pool))


class AsyncMovingPipeline(redis.asyncio.client.Pipeline):
    """A pipeline of an `AsyncMovingClient`."""

    _call: Call
    _session: AsyncSession

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        if self.connection is None:
            self._stay()
        execute = super().immediate_execute_command
        answer = await execute(*args, **options)  # type: ignore[no-untyped-call]
        if self.connection is not None and _commands.leaves_session(args):
            keep_from_others(self.connection)
        return answer

    def annotate_exception(self, exception: Any, number: Any, command: Any) -> None:
        _refusal.note_code(exception)
        super().annotate_exception(exception, number, command)

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        call, request = self._call, All(self, bool(self.is_transaction))
        concerns_session = request.concerns_session()
        if self.connection is None and (concerns_session or call.is_bound()) and request.commands:
            self._stay()
            self.connection = await self.connection_pool.get_connection(*TAKES_NAME)
        if concerns_session:
            keep_from_others(self.connection)
        if self.connection is not None or not request.commands:
            try:
                return await super().execute(raise_on_error)
            finally:
                # It is kept if a script could not be loaded.
                if self.connection is not None:
                    await self.reset()  # type: ignore[no-untyped-call]
        is_first = call.note_sent()

        async def send(lent: Lent) -> Outcome:
            request.write_into(self)
            self.connection_pool = pool = lent.client.connection_pool
            execute = super(AsyncMovingPipeline, self).execute
            try:
                # What loads scripts goes over this connection too, and looks for no other.
                self.connection = await pool.get_connection(*TAKES_NAME)
                return request.answered(await execute(raise_on_error=False))
            except redis.exceptions.ResponseError as error:
                return request.failed(error)
            finally:
                if self.connection is not None:
                    await self.reset()  # type: ignore[no-untyped-call]

        lent = call.enter()
        try:
            outcome = await send(lent)
        finally:
            call.leave(lent)
        if outcome.refused is not None:
            sending = resend(call, outcome, request.began, is_first)
            outcome = await _driven(call, sending, send)
        answers: list[Any] = outcome.result()
        if raise_on_error:
            self.raise_first_error(request.commands, answers)
        return answers

    def _stay(self) -> None:
        """Has what is about to begin stay in the session of the call, or at the server it is on."""
        call = self._call
        pool: Any = self._session if call.is_bound() else call.stay().client.connection_pool
        self.connection_pool = pool


async def _driven(
    call: Call, sending: Sending, send: Callable[[Lent], Awaitable[Outcome]]
) -> Outcome:
    """Does in a task what is needed to send a request again."""
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
                answer = await _sent(call, step.lent, send)
            elif isinstance(step, Reach):
                answer = await _reaches(step)
            elif isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            else:
                await happened(step)


async def _sent(call: Call, lent: Lent, send: Callable[[Lent], Awaitable[Outcome]]) -> Outcome:
    call.enter(lent)
    try:
        return await send(lent)
    finally:
        call.leave(lent)


async def _reaches(step: Reach) -> bool:
    """Returns `True` if there is a connection. Without one, nothing can have been executed."""
    lent = step.lent
    if not isinstance(lent.client, redis.asyncio.Redis):
        # A cluster has other data.
        return False
    pool = lent.client.connection_pool
    try:
        connection = await pool.get_connection(*TAKES_NAME)
    except _NOT_REACHED:
        return False
    try:
        if step.run_id is None:
            return True
        await connection.send_command("INFO", "server")
        return is_run(await connection.read_response(), step.run_id)
    except redis.exceptions.ResponseError:
        return False
    except _NOT_REACHED:
        await connection.disconnect(nowait=True)
        return False
    except asyncio.CancelledError:
        # Its answer may still come.
        await connection.disconnect(nowait=True)
        raise
    finally:
        # It must be given back, even if the task is cancelled just now.
        await asyncio.shield(pool.release(connection))
