"""Creates PostgreSQL's data: a separate program, so that initdb runs under the guard, too.

`python -m todochat_local.init_cluster DATA_DIR`. The cluster is created under a temporary name and
renamed when it is complete: a killed start leaves no partial data.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from todochat.engines import init_postgres
from todochat_local.data_dir import DataDir
from todochat_local.engine_home import find_engine_home
from todochat_local.secret_store import POSTGRES, SecretStore


def main(data_dir: str) -> None:
    """Create the cluster of a data directory."""
    data = DataDir(Path(data_dir))
    home = find_engine_home(data)
    draft = home.postgres.with_name(f"{home.postgres.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if home.user is not None:
        os.chown(draft, home.user.uid, home.user.gid)
    password = SecretStore.load(data)[POSTGRES]
    try:
        init_postgres(draft, password, home.user, home.install_dir)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.stdout}{error.stderr}")
    draft.rename(home.postgres)


if __name__ == "__main__":
    main(sys.argv[1])
