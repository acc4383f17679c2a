"""A stand-in for a service: answers /health/ready, logs, and misbehaves when told to.

`python stand_in.py PORT [exit|hang|stubborn|stall]`
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
        sys.stdout.write(f'{{"event":"asked","level":"info","path":"{self.path}"}}\n')
        sys.stdout.flush()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    port, mood = int(sys.argv[1]), sys.argv[2]
    if mood == "exit":
        sys.exit("setting STAND_IN_COURAGE is required")
    if mood == "hang":
        time.sleep(600)
    if mood in {"stubborn", "stall"}:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
