# SPDX-License-Identifier: Apache-2.0
"""An HTTP server for images, with everything that servers do wrong.

    with HttpFiles() as server:
        server.files["/a"] = Served(data)
        server.url("/a")
"""
import contextlib
import dataclasses
import hashlib
import http.server
import threading
import time

CHUNK = 64 * 1024


@dataclasses.dataclass
class Served:
    """A file, and how it is served; `GET`s are counted, and what was asked of each."""
    data: bytes = b""
    ranges: bool = True          # Takes a Range, and has an ETag to go by.
    drop_after: int = 0          # The connection breaks after so many bytes of each answer ...
    drops: int = 0               # ... so many times; then no more.
    claim: int | None = None     # A Content-Length that is a lie.
    stall_after: int | None = None  # Not another byte after these.
    seconds_per_chunk: float = 0
    status: int = 200            # Anything else is all that is answered ...
    times: int = 1_000_000       # ... so many times; then the file.
    location: str = ""           # Of a redirect.
    gets: list = dataclasses.field(default_factory=list)
    sent: int = 0

    @property
    def sha256(self):
        return hashlib.sha256(self.data).hexdigest()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        served = self.server.files.get(self.path)
        if served is None:
            self._status(404)
            return
        with self.server.lock:
            served.gets.append(self.headers.get("Range", ""))
            odd = served.status != 200 and len(served.gets) <= served.times
        if odd:
            self._status(served.status, served.location)
            return
        self._file(served)

    def _status(self, status, location=""):
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _begin(self, served):
        """Where to begin; the headers are sent."""
        asked = self.headers.get("Range", "")
        etag = f'"{served.sha256}"'
        partial = served.ranges and asked.startswith("bytes=") and \
            self.headers.get("If-Range", etag) == etag
        begin = int(asked[len("bytes="):].split("-")[0]) if partial else 0
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range",
                             f"bytes {begin}-{len(served.data) - 1}/{len(served.data)}")
        if served.ranges:
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", etag)
        length = len(served.data) - begin if served.claim is None else served.claim
        self.send_header("Content-Length", str(length))
        self.end_headers()
        return begin

    def _file(self, served):
        begin = self._begin(served)
        end = len(served.data)
        with self.server.lock:
            if served.drops > 0:
                served.drops -= 1
                end = min(end, begin + served.drop_after)
        stall = served.stall_after
        with contextlib.suppress(OSError):
            for at in range(begin, end, CHUNK):
                if stall is not None and at - begin >= stall:
                    self.server.stopping.wait(300)
                    return
                piece = served.data[at:min(end, at + CHUNK)]
                self.wfile.write(piece)
                with self.server.lock:
                    served.sent += len(piece)
                time.sleep(served.seconds_per_chunk)
        if end < len(served.data) or served.claim is not None:
            self.close_connection = True


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Two hundred may come at once.
    request_queue_size = 512


class HttpFiles:
    def __init__(self):
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.files = self.files = {}
        self._server.lock = threading.Lock()
        self._server.stopping = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"
