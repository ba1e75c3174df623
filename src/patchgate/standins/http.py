"""The loopback HTTP server behind every stand-in: routes, faults, effect hooks, a record."""

from __future__ import annotations

import copy
import functools
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

Handler = Callable[..., Response]
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class FaultKind(StrEnum):
    """What goes wrong with one request."""

    STATUS = "status"
    """Answer `status` (with `headers` and `body`) without doing anything."""
    RESET_BEFORE = "reset-before"
    """Close the connection without doing anything."""
    RESET_AFTER = "reset-after"
    """Do it, then close the connection without an answer."""
    MALFORMED = "malformed"
    """Do it, then answer 200 with a body that is not JSON."""
    CUT = "cut"
    """Do it, then break the connection in the middle of the answer."""
    DELAY = "delay"
    """Wait `seconds`, then do it."""


@dataclass(frozen=True)
class Fault:
    """One planned failure; `times` counts down over the matching requests."""

    kind: FaultKind
    method: str = "*"
    path: str = ""
    """Substring of the request path; empty matches every path."""
    times: int = 1
    skip: int = 0
    """How many matching requests pass before the first failure."""
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"message": "planned fault"}'
    seconds: float = 0.0


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as JSON where it was JSON (None otherwise)."""

    service: str
    method: str
    path: str
    query: str
    status: int
    request: Any
    response: Any
    effect: int | None
    """The ordinal of the outside effect that this request was, from 1; None for reads."""


class Reset(ConnectionError):
    """The connection is to be closed without an answer (the server drops it silently)."""


EffectHook = Callable[[int, str, str], None]
"""Called with (ordinal, method, path) around an effect; may kill the caller's client."""


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer; `body=None` gives an empty one (204s and 201s without content)."""
    if body is None:
        return Response(status=status, headers=dict(headers or {}))
    return Response(
        json.dumps(body), status=status, headers=dict(headers or {}), mimetype="application/json"
    )


class StandIn:
    """A WSGI application with a route table, a lock around its state and planned faults.

    Subclasses set `service`, fill `routes()` with `(method, rule, handler)` and keep every
    mutable fact in `self.state`, so that `snapshot` and `restore` are a deep copy.
    A handler gets `(request, **path_arguments)`, runs under the lock and returns a Response.
    """

    service = "stand-in"

    def __init__(self, state: Any) -> None:
        """Build the route table over `state`, a deep-copyable object."""
        self.state = state
        self.lock = threading.RLock()
        self.exchanges: list[Exchange] = []
        self.effects = 0
        self.before_effect: EffectHook | None = None
        self.after_effect: EffectHook | None = None
        self.on_arrival: Callable[[Request], None] | None = None
        self._faults: list[list[Any]] = []
        self._calm = threading.Event()
        routes = [*self.routes()]
        self._handlers: list[Handler] = [handler for _, _, handler in routes]
        self._map = _table(tuple((method, rule) for method, rule, _ in routes))

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """The service's operations as `(method, werkzeug rule, handler)`."""
        return ()

    def is_effect(self, request: Request) -> bool:
        """Whether this request changes the outside world (override for POSTs that only read)."""
        return request.method not in READ_METHODS

    def guard(self, request: Request) -> Response | None:
        """Authentication and limits: an answer refuses the request, None lets it pass."""
        return None

    def under_lock(self, request: Request) -> bool:
        """Whether the request holds the lock throughout (override for slow ones)."""
        return True

    def after_answer(self, request: Request) -> None:
        """Called outside the lock before the answer leaves (override to deliver events)."""
        return

    def on_error(self, error: HTTPException) -> Response:
        """The service's own shape of an error answer."""
        return json_response({"message": error.description}, error.code or 500)

    def plan_fault(self, fault: Fault) -> None:
        """Let the next matching requests fail."""
        with self.lock:
            self._faults.append([fault, fault.skip, fault.times])

    def clear_faults(self) -> None:
        """Forget every planned fault; who is being delayed is answered now."""
        with self.lock:
            self._faults.clear()
            self._calm.set()
            self._calm = threading.Event()

    def snapshot(self) -> Any:
        """A deep copy of the service's state."""
        with self.lock:
            return copy.deepcopy(self.state)

    def restore(self, snapshot: Any) -> None:
        """Put a snapshot back (it can be restored again later)."""
        with self.lock:
            self.state = copy.deepcopy(snapshot)

    def requests_seen(self) -> int:
        """How many requests were answered so far."""
        return len(self.exchanges)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """WSGI entry: fault, guard, route, record."""
        request = Request(environ)
        request.get_data(cache=True)
        if self.on_arrival:
            self.on_arrival(request)
        fault = self._take_fault(request)
        if fault and fault.kind is FaultKind.DELAY:
            self._calm.wait(fault.seconds)
        if fault and fault.kind is FaultKind.RESET_BEFORE:
            raise Reset
        if fault and fault.kind is FaultKind.STATUS:
            response = Response(
                fault.body, fault.status, dict(fault.headers), mimetype="application/json"
            )
            self._record(request, response, None, planned=True)
            return response(environ, start_response)
        response = self._answer(request)
        if fault and fault.kind is FaultKind.RESET_AFTER:
            raise Reset
        if fault and fault.kind is FaultKind.MALFORMED:
            response = Response('{"truncated": ', 200, mimetype="application/json")
        answer = response(environ, start_response)
        return _cut(answer) if fault and fault.kind is FaultKind.CUT else answer

    def _answer(self, request: Request) -> Response:
        effect = self._count_effect(request)
        if effect and self.before_effect:
            self.before_effect(effect, request.method, request.path)
        try:
            with self.lock if self.under_lock(request) else nullcontext():
                refused = self.guard(request)
                response = refused if refused is not None else self._route(request)
        except HTTPException as error:
            response = self.on_error(error)
        self.after_answer(request)
        self._record(request, response, effect)
        if effect and self.after_effect:
            self.after_effect(effect, request.method, request.path)
        return response

    def _route(self, request: Request) -> Response:
        adapter = self._map.bind_to_environ(request.environ)
        number: int
        try:
            number, arguments = adapter.match()
        except (NotFound, MethodNotAllowed) as error:
            return self.on_error(error)
        return self._handlers[number](request, **arguments)

    def _count_effect(self, request: Request) -> int | None:
        if not self.is_effect(request):
            return None
        with self.lock:
            self.effects += 1
            return self.effects

    def _take_fault(self, request: Request) -> Fault | None:
        with self.lock:
            for entry in self._faults:
                fault: Fault = entry[0]
                if fault.method not in ("*", request.method) or fault.path not in request.path:
                    continue
                if entry[1] > 0:
                    entry[1] -= 1
                    continue
                if entry[2] > 0:
                    entry[2] -= 1
                    return fault
        return None

    def _record(
        self, request: Request, response: Response, effect: int | None, *, planned: bool = False
    ) -> None:
        exchange = Exchange(
            service=self.service,
            method=request.method,
            path=request.path,
            query=request.query_string.decode("ascii", "replace"),
            status=response.status_code,
            request=_as_json(request.get_data(), request.mimetype),
            response=_as_json(response.get_data(), response.mimetype),
            effect=effect,
        )
        with self.lock:
            self.exchanges.append(exchange)
        folder = os.environ.get("STANDIN_EXCHANGES")
        if folder and not planned:
            _append_exchange(Path(folder), exchange)


@functools.cache
def _table(routes: tuple[tuple[str, str], ...]) -> Map:
    """The routes compiled, each to its number; that takes long, and equal services share it."""
    rules = [
        Rule(rule, endpoint=number, methods=[method])
        for number, (method, rule) in enumerate(routes)
    ]
    return Map(rules, strict_slashes=False, merge_slashes=False)


def _cut(answer: Iterable[bytes]) -> Iterator[bytes]:
    """The first half of an answer, and then nothing more."""
    whole = b"".join(answer)
    yield whole[: len(whole) // 2]
    raise Reset


def _as_json(data: bytes, mimetype: str | None) -> Any:
    if not mimetype or "json" not in mimetype or not data:
        return None
    try:
        return json.loads(data)
    except ValueError:
        return None


_append_lock = threading.Lock()


def _append_exchange(folder: Path, exchange: Exchange) -> None:
    line = json.dumps(exchange.__dict__, separators=(",", ":")) + "\n"
    with _append_lock, (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as sink:
        sink.write(line)


class _Quiet(WSGIRequestHandler):
    """Silent: the exchanges are the record."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the exchanges are the record."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Close the socket, so that the client sees a reset instead of waiting."""
        self.close_connection = True


class Server:
    """A stand-in served from a thread on a free loopback port until `close`."""

    def __init__(self, app: StandIn, host: str = "127.0.0.1") -> None:
        """Bind and start serving at once."""
        self.app = app
        self._server = make_server(host, 0, app, threaded=True, request_handler=_Quiet)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def __enter__(self) -> Server:
        """Serve for the length of a `with` block."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop serving."""
        self.close()
