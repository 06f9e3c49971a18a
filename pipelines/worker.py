"""How a worker process begins. Imports nothing of Beam, so that it is quiet before Beam speaks."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def start_worker(parent: int) -> None:
    """Die with the parent, even if that is killed; leave Ctrl-C to it; log errors only."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR, force=True)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
