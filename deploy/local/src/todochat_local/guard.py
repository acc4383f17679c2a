"""The guard: a small parent process of each child, so that no child outlives the launcher.

The guard server, run by path with `python -I -S`, forks a guard for each set of file descriptors
that the launcher sends; a forked guard has 1 MB of memory of its own, a Python process 4.5 MB.

A guard's standard input is a pipe whose other end only the launcher holds. The launcher writes
one `GuardConfig`; then each byte is an order, and end of file means that the launcher has ended for
whatever reason. A parent-death signal is no alternative: it fires when the *thread* that forked
ends, is cleared by setuid, misses grandchildren and doesn't exist on macOS.

The guard also writes the child's log, so that logging works without the launcher and a terminal that
doesn't read never blocks a service.

    launcher --(config, then "s" stop, "k" kill, end of file)--> guard --signals--> child's group
    launcher <--("started PID", "exited STATUS", "failed WHY")-- guard <--its output-- child
"""

# pathlib and typing would double the time a guard takes to start, and add 1 MB to each.
# ruff: noqa: PTH105, PTH108, PTH110, PTH123, PTH208

import gc
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
DRAIN_OUTPUT_S = 0.3  # a grandchild may hold the output open after the child's end
CHUNK_BYTES = 65_536
EXIT_CANNOT_EXEC = 127
ON_LINUX = sys.platform == "linux"


class GuardConfig:
    """The configuration of a guard, sent through the pipe with `marshal` after a length of 4 bytes.

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
        return len(body).to_bytes(4, "big") + body

    @classmethod
    def decode(cls, fd: int) -> "GuardConfig":
        """Read a configuration from a pipe; exit if the launcher dies while it writes."""
        with open(fd, "rb", buffering=0, closefd=False) as pipe:
            left = int.from_bytes(pipe.read(4), "big")
            body = b""
            while left > len(body):
                chunk = pipe.read(left - len(body))
                if not chunk:
                    break
                body += chunk
        if not body or left > len(body):
            sys.exit("the launcher ended")
        return cls(**marshal.loads(body))  # noqa: S302 - the launcher's own pipe  # nosec B302


class ChildRecord:
    """Identifies a running child for a later launcher, in case launcher and guard are killed."""

    def __init__(self, child: int, child_start: str, stop_signal: int) -> None:
        self.child = child
        self.child_start = child_start
        self.stop_signal = stop_signal

    def write(self, path: str) -> None:
        """Write the record atomically."""
        # A text file would load its codec, half a megabyte in each guard.
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
        self._open()

    def write(self, data: bytes) -> None:
        """Append to the file; rotate it first if it is full."""
        try:
            if self._size + len(data) > self._max_bytes:
                for number in range(self._files - 1, 0, -1):
                    if os.path.exists(f"{self._path}.{number}"):
                        os.replace(f"{self._path}.{number}", f"{self._path}.{number + 1}")
                os.replace(self._path, f"{self._path}.1")
                os.close(self._fd)
                self._open()
            self._size += os.write(self._fd, data)
        except OSError:
            return  # no space left: the child must keep running, and the error can't be logged

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._fd).st_size


class Guard:
    """Runs one child until it exits or has to stop."""

    def __init__(self, config: GuardConfig) -> None:
        self._config = config
        self._log = RotatingLog(config.log_path, config.log_max_bytes, config.log_files)
        self._kill_at: float | None = None
        self._has_sent_stop = False
        self._has_stop_signal = False
        self._is_launcher_alive = True
        self._wake, wake_writer = os.pipe()
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_stop_signal)
        self._child, self._output = self._spawn()

    def run(self) -> None:
        """Run the child to its end, then kill the rest of its process group."""
        report(f"started {self._child}")
        try:
            status = self._watch()
        finally:
            send_group(self._child, signal.SIGKILL)  # processes that outlived the child
        deadline = time.monotonic() + DRAIN_OUTPUT_S
        while self._output >= 0 and (left_s := deadline - time.monotonic()) > 0:
            if select.select([self._output], [], [], left_s)[0]:
                self._copy_output()
        remove(self._config.record_path)
        report(f"exited {status}")

    def _watch(self) -> int:
        while True:
            pid, raw = os.waitpid(self._child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(raw)
            if self._has_stop_signal and not self._has_sent_stop:
                self._stop(self._config.grace_s)
            readable = self._wait()
            if self._output in readable:
                self._copy_output()
            if self._wake in readable:
                os.read(self._wake, CHUNK_BYTES)
            if 0 in readable:
                self._handle_order(os.read(0, 1))

    def _wait(self) -> list[int]:
        watched = [self._wake, *([0] if self._is_launcher_alive else [])]
        if self._output >= 0:
            watched.append(self._output)
        if self._kill_at is None:
            return select.select(watched, [], [])[0]
        left_s = self._kill_at - time.monotonic()
        if left_s <= 0:
            for pid in [*descendants(self._child), self._child]:
                send(pid, signal.SIGKILL)
            left_s = 1.0
        return select.select(watched, [], [], left_s)[0]

    def _handle_order(self, order: bytes) -> None:
        if order == ORDER_STOP:
            self._stop(self._config.grace_s)
        elif order == ORDER_KILL:
            self._stop(0)
        else:
            self._is_launcher_alive = False
            self._stop(self._config.orphan_grace_s)

    def _on_stop_signal(self, _signal: int, _frame: object) -> None:
        self._has_stop_signal = True

    def _stop(self, grace_s: float) -> None:
        kill_at = time.monotonic() + grace_s
        self._kill_at = kill_at if self._kill_at is None else min(kill_at, self._kill_at)
        if not self._has_sent_stop:
            self._has_sent_stop = True
            send_group(self._child, self._config.stop_signal)

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
        pid = os.fork()
        if pid == 0:
            os.close(gate_writer)
            become_child(self._config, gate, output_writer)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        os.setpgid(pid, pid)  # in parent and child: the group must exist whichever runs first
        os.close(output_writer)
        os.close(gate)
        ChildRecord(pid, start_mark(pid), self._config.stop_signal).write(self._config.record_path)
        os.write(gate_writer, b"g")
        os.close(gate_writer)
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
    """Signal a process; no-op if it has ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
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


def report(line: str) -> None:
    """Write a line to the launcher; no-op if it has ended."""
    try:
        os.write(1, line.encode() + b"\n")
    except BrokenPipeError:
        return


def run_guard() -> None:
    """Run one guard."""
    config = GuardConfig.decode(0)
    if select.select([0], [], [], 0)[0]:  # an order, or the launcher has ended
        report("failed stopped before it started")
        return
    try:
        guard = Guard(config)
    except OSError as error:
        report(f"failed {error}")
        sys.exit(1)
    guard.run()


def main() -> None:
    """Fork guards until the launcher ends, then wait until all guards have exited.

    Standard input is a socket. Each byte comes with three file descriptors: a guard's standard
    input and output, and a shared lock, which it holds until it exits.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system discards the status of guards
    launcher = socket.socket(fileno=os.dup(0))
    gc.freeze()  # a collection in a guard would copy the memory that guards share
    while True:
        request, fds, _, _ = socket.recv_fds(launcher, 1, 3)
        if not request:
            break
        if os.fork() == 0:
            launcher.close()
            os.setsid()
            os.dup2(fds[0], 0)
            os.dup2(fds[1], 1)
            os.close(fds[0])
            os.close(fds[1])
            os.set_inheritable(fds[2], False)
            run_guard()
            return
        for fd in fds:
            os.close(fd)
    try:
        os.wait()
    except ChildProcessError:
        return


if __name__ == "__main__":
    main()
