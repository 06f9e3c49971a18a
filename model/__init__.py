"""The model that writes: its spec, requests and responses, and the engines that answer."""

from model import (
    exaone,
)
from model.answer_files import (
    Entry,
    data_files,
)
from model.architecture import (
    EXAONE_4_5,
    MODELS,
    Architecture,
    Checkpoint,
    Vision,
    read_model,
)
from model.compaction import (
    Compaction,
    Pruning,
    compact_store,
    compact_store_if_due,
    prune_store,
    stored_entries,
)
from model.embedded import (
    EmbeddedModelMissing,
    embedded_endpoint,
)
from model.endpoints import (
    Endpoints,
)
from model.engine import (
    Client,
    Engine,
    Model,
    Usage,
    generate,
)
from model.exaone import (
    BOXED_INSTRUCTION,
    MODEL_ID,
    TASKS,
    Sampling,
    boxed,
    processor_pixels,
    split_thought,
    task_of,
    visual_tokens,
)
from model.in_process import (
    EngineFailed,
    InProcess,
)
from model.messages import (
    Picture,
    Request,
    Response,
    Teacher,
)
from model.responses import (
    ResponseStore,
)
from model.serving import (
    DoesNotFit,
    Gpu,
    ServingPlan,
    serving_command,
    serving_plan,
)
from model.throughput import (
    PUBLISHED,
    PUBLISHED_SIZE,
    RequestSize,
    gpu_hours,
    seconds_a_request,
    speeds,
)
from model.vllm_core import (
    VllmMissing,
)

__all__ = [
    "BOXED_INSTRUCTION",
    "EXAONE_4_5",
    "MODELS",
    "MODEL_ID",
    "PUBLISHED",
    "PUBLISHED_SIZE",
    "TASKS",
    "Architecture",
    "Checkpoint",
    "Client",
    "Compaction",
    "DoesNotFit",
    "EmbeddedModelMissing",
    "Endpoints",
    "Engine",
    "EngineFailed",
    "Entry",
    "Gpu",
    "InProcess",
    "Model",
    "Picture",
    "Pruning",
    "Request",
    "RequestSize",
    "Response",
    "ResponseStore",
    "Sampling",
    "ServingPlan",
    "Teacher",
    "Usage",
    "Vision",
    "VllmMissing",
    "boxed",
    "compact_store",
    "compact_store_if_due",
    "data_files",
    "embedded_endpoint",
    "exaone",
    "generate",
    "gpu_hours",
    "processor_pixels",
    "prune_store",
    "read_model",
    "seconds_a_request",
    "serving_command",
    "serving_plan",
    "speeds",
    "split_thought",
    "stored_entries",
    "task_of",
    "visual_tokens",
]
