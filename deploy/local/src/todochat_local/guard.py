"""The guard: the parent process of all children, so that no child outlives the launcher.

It is run by path with `python -I -S` and has 5 MB. Its standard input is a socket, over which the
launcher sends the two pipes of each child: orders and reports. The launcher writes one `GuardConfig`
to the pipe for orders; then each byte is an order, and end of file means that the launcher has ended
for whatever reason. A parent-death signal is no alternative: it fires when the *thread* that forked
ends, is cleared by setuid, misses grandchildren and doesn't exist on macOS.

The guard also writes the children's logs, so that logging works without the launcher and a terminal
that doesn't read never blocks a service.

    launcher --(config, then "s" stop, "k" kill, end of file)--> guard --signals--> child's group
    launcher <--("started PID", "exited STATUS", "failed WHY")-- guard <--its output-- child
"""

# pathlib and typing would double the time the guard takes to start, and add 1 MB.
# ruff: noqa: PTH105, PTH108, PTH110, PTH123, PTH208

import marshal
import os
import select
import signal
import socket
import sys
import time

ORDER_STOP = b"s"
ORDER_KILL = b"k"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
KILL_AGAIN_S = 1.0
LENGTH_BYTES = 4
DRAIN_OUTPUT_S = 0.3  # a grandchild may hold the output open after the child's end
CHUNK_BYTES = 65_536
EXIT_CANNOT_EXEC = 127
ON_LINUX = sys.platform == "linux"


class GuardConfig:
    """The configuration of a child, sent through the pipe with `marshal` after its length.

    Args:
        uid: -1 is the launcher's user.
        grace_s: time between the stop order and SIGKILL.
        orphan_grace_s: the same after the launcher has ended.
        log_files: number of rotated files besides the current one.
        record_path: the file of the `ChildRecord`, which exists while the child runs.
    """

    def __init__(
        self,
        *,
        command: list[str],
        env: dict[str, str],
        cwd: str,
        uid: int,
        gid: int,
        stop_signal: int,
        grace_s: float,
        orphan_grace_s: float,
        log_path: str,
        log_max_bytes: int,
        log_files: int,
        record_path: str,
    ) -> None:
        self.command = command
        self.env = env
        self.cwd = cwd
        self.uid = uid
        self.gid = gid
        self.stop_signal = stop_signal
        self.grace_s = grace_s
        self.orphan_grace_s = orphan_grace_s
        self.log_path = log_path
        self.log_max_bytes = log_max_bytes
        self.log_files = log_files
        self.record_path = record_path

    def encode(self) -> bytes:
        """Return the bytes for `decode`."""
        body = marshal.dumps(vars(self))
        return len(body).to_bytes(LENGTH_BYTES, "big") + body

    @classmethod
    def decode(cls, data: bytes) -> "tuple[GuardConfig, bytes] | None":
        """Return a configuration and the bytes that follow it; None if it is incomplete."""
        end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "big")
        if len(data) < max(end, LENGTH_BYTES + 1):
            return None
        values = marshal.loads(data[LENGTH_BYTES:end])  # noqa: S302 - the launcher's own pipe  # nosec B302
        return cls(**values), data[end:]


class ChildRecord:
    """Identifies a running child for a later launcher, in case launcher and guard are killed."""

    def __init__(self, child: int, child_start: str, stop_signal: int) -> None:
        self.child = child
        self.child_start = child_start
        self.stop_signal = stop_signal

    def write(self, path: str) -> None:
        """Write the record atomically."""
        # A text file would load its codec, half a megabyte.
        fd = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, f"{self.child} {self.stop_signal} {self.child_start}\n".encode())
        finally:
            os.close(fd)
        os.replace(f"{path}.new", path)

    @classmethod
    def parse(cls, text: str) -> "ChildRecord":
        """Parse the content of a record file.

        Raises:
            ValueError: the file is damaged.
        """
        child, stop_signal, child_start = text.split()
        return cls(int(child), child_start, int(stop_signal))


class RotatingLog:
    """A log file rotated by size; on a full disk it drops lines and raises nothing."""

    def __init__(self, path: str, max_bytes: int, files: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._files = files
        self._fd = self._open()
        self._size = os.fstat(self._fd).st_size

    def write(self, data: bytes) -> None:
        """Append to the file; rotate it first if it is full."""
        try:
            if self._size + len(data) > self._max_bytes:
                self._rotate()
            self._size += os.write(self._fd, data)
        except OSError:
            return  # no space left: the child must keep running, and the error can't be logged

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _rotate(self) -> None:
        if os.path.exists(self._path):  # or it was deleted, or the last rotation failed below
            for number in range(self._files - 1, 0, -1):
                if os.path.exists(f"{self._path}.{number}"):
                    os.replace(f"{self._path}.{number}", f"{self._path}.{number + 1}")
            os.replace(self._path, f"{self._path}.1")
        full, self._fd = self._fd, self._open()
        os.close(full)  # only now: without a new file, its number would soon be another child's
        self._size = os.fstat(self._fd).st_size

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, 0o600)


class ChildGuard:
    """Runs one child until it exits or has to stop; `orders` and `reports` are descriptors."""

    def __init__(self, config: GuardConfig, orders: int, reports: int) -> None:
        self._config = config
        self._orders = orders
        self._reports = reports
        self._log = RotatingLog(config.log_path, config.log_max_bytes, config.log_files)
        self._kill_at: float | None = None
        self._drain_until: float | None = None  # set when the child has exited
        self._status = 0
        self._has_sent_stop = False
        try:
            self.child, self._output = self._spawn()
        except OSError:
            self._log.close()
            raise
        report(reports, f"started {self.child}")

    def descriptors(self) -> list[int]:
        """Return the descriptors to wait for."""
        return [fd for fd in (self._orders, self._output) if fd >= 0]

    def deadline(self) -> float | None:
        """Return when `is_finished` has something to do, though no descriptor is readable."""
        return self._kill_at if self._drain_until is None else self._drain_until

    def is_finished(self, readable: list[int]) -> bool:
        """Handle what has happened; return True, once, when the child and its group have ended."""
        if self._output in readable:
            self._copy_output()
        if self._orders in readable:
            self._handle_orders(os.read(self._orders, CHUNK_BYTES))
        if self._drain_until is None:
            self._reap()
        if self._drain_until is None:
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                for pid in [*descendants(self.child), self.child]:
                    send(pid, signal.SIGKILL)
                self._kill_at = time.monotonic() + KILL_AGAIN_S
            return False
        if self._output >= 0 and time.monotonic() < self._drain_until:
            return False
        remove(self._config.record_path)
        report(self._reports, f"exited {self._status}")
        for fd in [*self.descriptors(), self._reports]:
            os.close(fd)
        self._log.close()
        return True

    def stop(self, grace_s: float | None = None) -> None:
        """Send the stop signal, and SIGKILL after a time, the configured one by default."""
        kill_at = time.monotonic() + (self._config.grace_s if grace_s is None else grace_s)
        self._kill_at = kill_at if self._kill_at is None else min(kill_at, self._kill_at)
        if not self._has_sent_stop:
            self._has_sent_stop = True
            send_group(self.child, self._config.stop_signal)

    def _reap(self) -> None:
        pid, raw = os.waitpid(self.child, os.WNOHANG)
        if pid:
            self._status = os.waitstatus_to_exitcode(raw)
            self._drain_until = time.monotonic() + DRAIN_OUTPUT_S
            send_group(self.child, signal.SIGKILL)  # processes that outlived the child

    def _handle_orders(self, orders: bytes) -> None:
        if not orders:
            os.close(self._orders)
            self._orders = -1
        if self._drain_until is not None:
            return  # its group may belong to another process by now
        if ORDER_KILL in orders:
            self.stop(0)
        elif orders:
            self.stop()
        else:
            self.stop(self._config.orphan_grace_s)

    def _copy_output(self) -> None:
        data = os.read(self._output, CHUNK_BYTES)
        if data:
            self._log.write(data)
        else:
            os.close(self._output)
            self._output = -1

    def _spawn(self) -> tuple[int, int]:
        """Fork the child; it executes its program only after its record has been written."""
        output, output_writer = os.pipe()
        gate, gate_writer = os.pipe()
        # Stop signals are blocked until the child has reset its handlers: with the guard's handlers
        # a signal would be lost, and stopping would take the whole grace period.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        pid = 0
        try:
            pid = os.fork()
            if pid == 0:
                os.close(gate_writer)
                become_child(self._config, gate, output_writer)
            os.setpgid(pid, pid)  # in parent and child: the group must exist whichever runs first
            record = ChildRecord(pid, start_mark(pid), self._config.stop_signal)
            record.write(self._config.record_path)
            os.write(gate_writer, b"g")
        except OSError:
            os.close(output)
            if pid:
                send(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            for fd in (output_writer, gate, gate_writer):
                os.close(fd)
        return pid, output


def become_child(config: GuardConfig, gate: int, output: int) -> None:
    """Set up signals, streams and user in the forked process, wait for the gate, and exec."""
    try:
        os.setpgid(0, 0)
        os.umask(0o077)
        for number in (*STOP_SIGNALS, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if not os.read(gate, 1):
            os._exit(EXIT_CANNOT_EXEC)
        if config.uid >= 0:
            os.setgroups([])
            os.setgid(config.gid)
            os.setuid(config.uid)
        os.chdir(config.cwd)
        os.execve(config.command[0], config.command, config.env)  # noqa: S606 - no shell
    except OSError as error:
        os.write(2, f"cannot start {config.command[0]}: {error}\n".encode())
    finally:
        os._exit(EXIT_CANNOT_EXEC)


def start_mark(pid: int) -> str:
    """Return a start time that distinguishes a process from a later one with its PID; empty if ended."""
    if not ON_LINUX:
        with os.popen(f"ps -o state= -o lstart= -p {int(pid)}") as ps:  # noqa: S605 - an integer  # nosec
            state, *start = ps.read().split() or ["Z"]
        return "" if state.startswith("Z") else "-".join(start)
    fields = proc_stat(pid)
    return "" if not fields or fields[0] in "ZX" else fields[19]


def proc_stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name: state, parent, ...; the 20th is start."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].decode().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def parents() -> list[tuple[int, int]]:
    """List every process of the machine with its parent."""
    if not ON_LINUX:
        with os.popen("ps -A -o pid= -o ppid=") as ps:  # noqa: S605, S607  # nosec B605 B607
            return [(int(pid), int(parent)) for pid, parent in (line.split() for line in ps)]
    stats = ((int(pid), proc_stat(int(pid))) for pid in os.listdir("/proc") if pid.isdigit())
    return [(pid, int(stat[1])) for pid, stat in stats if stat]


def descendants(root: int) -> list[int]:
    """List the descendants of `root`; PostgreSQL's processes have their own groups."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def send(pid: int, number: int) -> None:
    """Signal a process; no-op if it has ended, or has become another user's."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def send_group(leader: int, number: int) -> None:
    """Signal a process group; no-op if it is empty (macOS: EPERM if only zombies are left)."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return


def remove(path: str) -> None:
    """Remove a file; no-op if it doesn't exist."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def report(fd: int, line: str) -> None:
    """Write a line to the launcher; no-op if it has ended."""
    try:
        os.write(fd, line.encode() + b"\n")
    except BrokenPipeError:
        return


class Guard:
    """The loop of all children, until the launcher and they have ended."""

    def __init__(self, launcher: socket.socket) -> None:
        self._launcher: socket.socket | None = launcher
        self._arriving: dict[int, tuple[int, bytes]] = {}  # orders -> reports, part of a config
        self._children: list[ChildGuard] = []
        self._has_stop_signal = False
        self._wake, wake_writer = os.pipe()
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_stop_signal)

    def run(self) -> None:
        """Run until the launcher has closed its socket and the last child has ended."""
        while self._launcher is not None or self._arriving or self._children:
            readable = self._wait()
            if self._wake in readable:
                os.read(self._wake, CHUNK_BYTES)
            if self._has_stop_signal:
                self._has_stop_signal = False
                for child in self._children:
                    child.stop()
            self._children = [each for each in self._children if not each.is_finished(readable)]
            for orders in [fd for fd in self._arriving if fd in readable]:
                self._start_child(orders)
            if self._launcher is not None and self._launcher.fileno() in readable:
                self._accept(self._launcher)

    def _wait(self) -> list[int]:
        watched = [self._wake, *self._arriving]
        if self._launcher is not None:
            watched.append(self._launcher.fileno())
        for child in self._children:
            watched += child.descriptors()
        deadlines = [at for at in (child.deadline() for child in self._children) if at is not None]
        left_s = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        return select.select(watched, [], [], left_s)[0]

    def _accept(self, launcher: socket.socket) -> None:
        request, fds, _, _ = socket.recv_fds(launcher, 1, 2)
        if not request:
            launcher.close()
            self._launcher = None
            return
        orders, reports = fds
        for fd in fds:
            os.set_inheritable(fd, False)
        self._arriving[orders] = (reports, b"")

    def _start_child(self, orders: int) -> None:
        """Read a configuration, and start the child when it is complete."""
        reports, data = self._arriving.pop(orders)
        chunk = os.read(orders, CHUNK_BYTES)
        data += chunk
        decoded = GuardConfig.decode(data)
        if decoded is None and chunk:
            self._arriving[orders] = (reports, data)
            return
        problem = "stopped before it started"
        has_order = bool(select.select([orders], [], [], 0)[0])  # or the launcher has ended
        if decoded is not None and not decoded[1] and not has_order:
            try:
                self._children.append(ChildGuard(decoded[0], orders, reports))
            except OSError as error:
                problem = str(error)
            else:
                return
        report(reports, f"failed {problem}")
        os.close(orders)
        os.close(reports)

    def _on_stop_signal(self, _signal: int, _frame: object) -> None:
        self._has_stop_signal = True


def main() -> None:
    """Guard children until the launcher ends. Argument: a lock to hold for as long."""
    os.set_inheritable(int(sys.argv[1]), False)
    Guard(socket.socket(fileno=os.dup(0))).run()


if __name__ == "__main__":
    main()
