"""Finding users to erase again after a restore: runs the page's command."""

import re
import subprocess
import sys
from pathlib import Path

from deploy_kit import ROOT
from todochat.telemetry.log_safety import derive_user_key, hash_user

PAGE = (ROOT / "docs/operations/erase-user.md").read_text(encoding="utf-8")
ADA, BOB = "usr_ada", "usr_bob"
LOG_USER_KEY, SECRET = "", "s" * 32


def test_documented_command_finds_erased_users_among_restored_accounts(tmp_path: Path) -> None:
    filters, program = (
        re.search(r"grep erasure\.finished .*", PAGE),
        re.search(r"python -c '(import sys.*?)' \"", PAGE, re.DOTALL),
    )
    assert filters is not None
    assert program is not None
    line = (
        f'{{"user":"{hash_user(derive_user_key(LOG_USER_KEY, SECRET), BOB)}","attempts":2,'
        '"event":"erasure.finished","service":"auth-session"}'
    )
    (tmp_path / "accounts").write_text(
        "".join(f"{who}\t{who}@example.com\t2026-11-23\t-\tenabled\n" for who in (ADA, BOB))
    )

    subprocess.run(
        ["bash", "-c", filters[0]], input=f"other\n{line}\n", text=True, cwd=tmp_path, check=True
    )
    found = subprocess.run(
        [sys.executable, "-c", program[1], LOG_USER_KEY, SECRET],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    assert found.stdout.split() == [BOB]
