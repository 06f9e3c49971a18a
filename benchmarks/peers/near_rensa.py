"""rensa over JSON lines: RMinHash and RMinHashLSH, as its README does it.

python near_rensa.py DOCUMENTS BANDS ROWS
"""

from __future__ import annotations

import sys

from near_common import clusters, finish, read, shingles, start
from rensa import RMinHash, RMinHashLSH

documents = read(sys.argv[1])
bands, rows = int(sys.argv[2]), int(sys.argv[3])
start()
sets = [shingles(document["text"]) for document in documents]
signatures = RMinHash.from_token_sets(sets, num_perm=bands * rows, seed=42)
index = RMinHashLSH(threshold=0.5, num_perm=bands * rows, num_bands=bands)
index.insert_pairs(enumerate(signatures))
pairs = ((i, j) for i, near in enumerate(index.query_all(signatures)) for j in near if i != j)
finish([documents[i]["id"] for i in clusters(pairs)])
