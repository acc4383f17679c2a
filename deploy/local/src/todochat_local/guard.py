"""The guard: one small process over each child of the launcher, so that no child outlives it.

Run by path with `python -I -S`: it starts in about 15 ms and needs nothing but the standard
library. Its standard input is a pipe whose other end only the launcher holds. The launcher writes
one `GuardConfig`; afterwards a byte on the pipe is an order, and the end of the pipe means that
the launcher is gone, however it went. A parent-death signal would not do: it fires when the
*thread* that forked ends, is cleared by setuid, misses grandchildren and is unknown to macOS.

The guard also writes the child's log, so that logging neither needs the launcher to be alive nor
ever blocks a service because somebody's terminal doesn't read.

    launcher --(config, then "s" stop, "k" kill, end of file)--> guard --signals--> child's group
    launcher <--("started PID", "exited STATUS", "failed WHY")-- guard <--its output-- child
"""

# pathlib and typing would double the time a guard takes to start, and add 1 MB to each.
# ruff: noqa: PTH105, PTH108, PTH110, PTH123, PTH208

import marshal
import os
import select
import signal
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
    """What the launcher tells a guard, `marshal`led on the pipe after a length of 4 bytes.

    Args:
        uid: -1 is the launcher's own user.
        grace_s: from the order to stop until SIGKILL.
        orphan_grace_s: the same when the launcher is gone.
        log_files: rotated files kept beside the current one.
        record_path: holds a `Record` while the child lives.
        lock_fd: a shared lock, held until the guard ends.
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
        lock_fd: int,
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
        self.lock_fd = lock_fd

    def encode(self) -> bytes:
        """Return the bytes that `decode` reads."""
        body = marshal.dumps(vars(self))
        return len(body).to_bytes(4, "big") + body

    @classmethod
    def decode(cls, fd: int) -> "GuardConfig":
        """Read a config from a pipe; the launcher may die while it writes one."""
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


class Record:
    """Who runs: for a later launcher that finds a child alive without launcher and guard."""

    def __init__(self, child: int, child_start: str, stop_signal: int) -> None:
        self.child = child
        self.child_start = child_start
        self.stop_signal = stop_signal

    def write(self, path: str) -> None:
        """Put the record on the disk in one step."""
        with open(f"{path}.new", "w", encoding="ascii") as file:
            file.write(f"{self.child} {self.stop_signal} {self.child_start}\n")
        os.replace(f"{path}.new", path)

    @classmethod
    def parse(cls, text: str) -> "Record":
        """Read what `write` wrote.

        Raises:
            ValueError: it is something else.
        """
        child, stop_signal, child_start = text.split()
        return cls(int(child), child_start, int(stop_signal))


class Log:
    """A file rotated by size; a full disk loses lines and stops nothing."""

    def __init__(self, path: str, max_bytes: int, files: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._files = files
        self._open()

    def write(self, data: bytes) -> None:
        """Append; begin a new file when this one is full."""
        try:
            if self._size + len(data) > self._max_bytes:
                self._rotate()
            self._size += os.write(self._fd, data)
        except OSError:
            return  # no space left: the child must go on, and there is nowhere to say so

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._fd).st_size

    def _rotate(self) -> None:
        for number in range(self._files - 1, 0, -1):
            if os.path.exists(f"{self._path}.{number}"):
                os.replace(f"{self._path}.{number}", f"{self._path}.{number + 1}")
        os.replace(self._path, f"{self._path}.1")
        os.close(self._fd)
        self._open()


class Guard:
    """Runs one child until it ends or has to."""

    def __init__(self, config: GuardConfig) -> None:
        self._config = config
        self._log = Log(config.log_path, config.log_max_bytes, config.log_files)
        self._kill_at: float | None = None
        self._stop_sent = False
        self._signalled = False
        self._lifeline_open = True
        self._wake, wake_writer = os.pipe()
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        for number in STOP_SIGNALS:
            signal.signal(number, lambda _signal, _frame: self._on_signal())
        self._child, self._output = self._spawn()

    def run(self) -> None:
        """Return when the child has ended and nothing of its group is left."""
        say(f"started {self._child}")
        try:
            status = self._watch()
        finally:
            send_group(self._child, signal.SIGKILL)  # what the child left behind
        self._drain_output()
        remove(self._config.record_path)
        say(f"exited {status}")

    def _watch(self) -> int:
        while True:
            pid, raw = os.waitpid(self._child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(raw)
            if self._signalled and not self._stop_sent:
                self._stop(self._config.grace_s)
            readable = self._wait()
            if self._output in readable:
                self._copy_output()
            if self._wake in readable:
                os.read(self._wake, CHUNK_BYTES)
            if 0 in readable:
                self._obey(os.read(0, 1))

    def _wait(self) -> list[int]:
        watched = [self._wake, *([0] if self._lifeline_open else [])]
        if self._output >= 0:
            watched.append(self._output)
        if self._kill_at is None:
            return select.select(watched, [], [])[0]
        left_s = self._kill_at - time.monotonic()
        if left_s <= 0:
            self._kill_tree()
            left_s = 1.0
        return select.select(watched, [], [], left_s)[0]

    def _obey(self, order: bytes) -> None:
        if order == ORDER_STOP:
            self._stop(self._config.grace_s)
        elif order == ORDER_KILL:
            self._stop(0)
        else:
            self._lifeline_open = False
            self._stop(self._config.orphan_grace_s)

    def _on_signal(self) -> None:
        self._signalled = True

    def _stop(self, grace_s: float) -> None:
        kill_at = time.monotonic() + grace_s
        self._kill_at = kill_at if self._kill_at is None else min(kill_at, self._kill_at)
        if not self._stop_sent:
            self._stop_sent = True
            send_group(self._child, self._config.stop_signal)

    def _kill_tree(self) -> None:
        for pid in [*descendants(self._child), self._child]:
            send(pid, signal.SIGKILL)

    def _copy_output(self) -> bool:
        data = os.read(self._output, CHUNK_BYTES)
        if data:
            self._log.write(data)
        else:
            os.close(self._output)
            self._output = -1
        return bool(data)

    def _drain_output(self) -> None:
        until = time.monotonic() + DRAIN_OUTPUT_S
        while self._output >= 0 and (left_s := until - time.monotonic()) > 0:
            if select.select([self._output], [], [], left_s)[0]:
                self._copy_output()

    def _spawn(self) -> tuple[int, int]:
        """Start the child, but let it run only when its record is on the disk."""
        output, output_writer = os.pipe()
        gate, gate_writer = os.pipe()
        # A stop that comes before the child has put its signals in order waits for that: with the
        # guard's handlers still in place it would be lost, and cost the child's whole grace.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        pid = os.fork()
        if pid == 0:
            os.close(gate_writer)
            become_child(self._config, gate, output_writer)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        os.setpgid(pid, pid)  # in both, so that the group exists whoever comes first
        os.close(output_writer)
        os.close(gate)
        Record(pid, start_mark(pid), self._config.stop_signal).write(self._config.record_path)
        os.write(gate_writer, b"g")
        os.close(gate_writer)
        return pid, output


def become_child(config: GuardConfig, gate: int, output: int) -> None:
    """In the forked process: wait for the go, put everything in order and exec."""
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
    """Return what tells this process from a later one with its pid; empty when it has ended."""
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
    """List the processes under `root`: PostgreSQL's lead groups of their own."""
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
    """Signal a process that may have just ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def send_group(leader: int, number: int) -> None:
    """Signal a process group that may be empty; macOS says EPERM when only zombies are left."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return


def remove(path: str) -> None:
    """Remove a file that may be gone."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def say(line: str) -> None:
    """Tell the launcher, if it is still there."""
    try:
        os.write(1, line.encode() + b"\n")
    except BrokenPipeError:
        return


def main() -> None:
    """Guard one child."""
    config = GuardConfig.decode(0)
    os.set_inheritable(config.lock_fd, False)
    if select.select([0], [], [], 0)[0]:  # an order, or the launcher is gone already
        say("failed it was stopped before it began")
        return
    try:
        guard = Guard(config)
    except OSError as error:
        say(f"failed {error}")
        sys.exit(1)
    guard.run()


if __name__ == "__main__":
    main()
