"""text-dedup over JSON lines: its minhash program, start-up included.

python near_text_dedup.py DOCUMENTS BANDS ROWS
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

import datasets
from near_common import finish, read, start

path, bands, rows = sys.argv[1:4]
start()
with tempfile.TemporaryDirectory() as folder:
    command = [sys.executable, "-m", "text_dedup.minhash", "--path", "json", "--data_files", path]
    command += ["--split", "train", "--column", "text", "--idx_column", "id", "--ngram", "5"]
    command += ["--cache_dir", f"{folder}/cache", "--output", f"{folder}/out", "--num_proc", "2"]
    command += ["--num_perm", str(int(bands) * int(rows)), "--b", bands, "--r", rows]
    subprocess.run(command, check=True, capture_output=True)
    kept = set(datasets.load_from_disk(f"{folder}/out")["id"])
finish([d["id"] for d in read(path) if d["id"] not in kept])
