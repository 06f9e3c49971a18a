"""datasketch over JSON lines: MinHash and MinHashLSH, as its README does it.

python near_datasketch.py DOCUMENTS BANDS ROWS
"""

from __future__ import annotations

import sys

from datasketch import MinHash, MinHashLSH
from near_common import clusters, finish, read, shingles, start

documents = read(sys.argv[1])
bands, rows = int(sys.argv[2]), int(sys.argv[3])
start()
sets = ([shingle.encode() for shingle in shingles(d["text"])] for d in documents)
index = MinHashLSH(num_perm=bands * rows, params=(bands, rows))
pairs = []
for place, signature in enumerate(MinHash.bulk(sets, num_perm=bands * rows)):
    pairs += ((place, other) for other in index.query(signature))
    index.insert(place, signature)
finish([documents[i]["id"] for i in clusters(pairs)])
