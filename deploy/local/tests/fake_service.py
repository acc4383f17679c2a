"""A fake service: responds to health checks, logs, and misbehaves as requested.

`python fake_service.py PORT [exit|hang|stubborn|stall]`
"""

import http.server
import signal
import sys
import threading
import time

IS_STALLED = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/stall":
            IS_STALLED.set()
        if IS_STALLED.is_set():
            time.sleep(600)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        sys.stdout.write(f'{{"event":"request","level":"info","path":"{self.path}"}}\n')
        sys.stdout.flush()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    port, behavior = int(sys.argv[1]), sys.argv[2]
    if behavior == "exit":
        sys.exit("setting FAKE_SETTING is required")
    if behavior == "hang":
        time.sleep(600)
    if behavior in {"stubborn", "stall"}:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
