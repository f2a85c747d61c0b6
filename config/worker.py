"""gunicorn's threaded worker, but one that ends without failing anybody.

As it comes, a worker that is told to end (reload, stop, its share of requests done) closes
connections that it has just promised to keep, lets connections that wait to be accepted be reset,
and sleeps for the whole grace time where somebody keeps an idle one. Measured with callers that
ask without a pause (tests/e2e/test_reload_and_drain.py).
"""

import select
import selectors
from typing import TYPE_CHECKING, Any, Final

from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

if TYPE_CHECKING:
    from concurrent.futures import Future

#: How often an ending worker looks for connections whose time is over, s.
_LOOK_S: Final = 0.1


class DrainingWorker(ThreadWorker):
    """Serves what was begun, says `Connection: close` from then on, and only then ends."""

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 -- gunicorn's signature
        """Before it accepts no more for good, it takes what waits already: nobody else may."""
        if not enabled and not self.alive:
            for listener in self.sockets:
                while self.nr_conns < self.worker_connections and _is_waiting(listener):
                    self.accept(listener)
        super().set_accept_enabled(enabled)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(timeout if self.alive else min(timeout, _LOOK_S))

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """A connection that the answer promised to keep is kept for as long as any other; its next
        request is answered `Connection: close`. So is one on which nothing has come yet."""
        is_kept = not fs.cancelled() and fs.exception() is None and fs.result()
        if self.alive or not is_kept:
            super().finish_request(conn, fs)
            return
        conn.sock.settimeout(0)  # it waits in the poller
        conn.set_timeout()
        is_new = fs.result() is _DEFER
        connections, readable = (
            (self.pending_conns, self.on_pending_socket_readable)
            if is_new
            else (self.keepalived_conns, self.on_client_socket_readable)
        )
        connections.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda sock: readable(conn, sock))


def _is_waiting(listener: Any) -> bool:
    return bool(select.select([listener], [], [], 0)[0])
