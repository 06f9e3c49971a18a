"""How Arrow batches travel between Beam workers: as Arrow IPC streams.

Beam would pickle them, and pickling a slice writes the whole buffer it was cut
from. The coder applies only where Beam knows the element type, so functions
are annotated with `pa.RecordBatch`.
"""

from __future__ import annotations

import apache_beam as beam
import pyarrow as pa


class RecordBatchCoder(beam.coders.Coder):
    """`pa.RecordBatch` to and from an Arrow IPC stream."""

    def encode(self, value: pa.RecordBatch) -> bytes:
        """The batch with its schema."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, value.schema) as writer:
            writer.write_batch(value)
        return sink.getvalue().to_pybytes()

    def decode(self, encoded: bytes) -> pa.RecordBatch:
        """The batch, reading from `encoded` without a copy."""
        with pa.ipc.open_stream(encoded) as reader:
            return reader.read_next_batch()

    def estimate_size(self, value: pa.RecordBatch) -> int:
        """Bytes in memory."""
        return value.nbytes

    def is_deterministic(self) -> bool:
        """Equal batches can differ in buffers: a batch is never a key."""
        return False


beam.coders.registry.register_coder(pa.RecordBatch, RecordBatchCoder)
