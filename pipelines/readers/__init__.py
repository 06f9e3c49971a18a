"""Readers of raw sources: each turns one file into drafts of samples and their pictures."""

from pipelines.readers import conversations, interleaved, problems
from pipelines.readers.aihub import AihubReader
from pipelines.readers.captions import CaptionsReader
from pipelines.readers.coco import CocoReader
from pipelines.readers.drafts import (
    BadInput,
    Draft,
    Failure,
    FileReader,
    LeftOut,
    Piece,
    RawImage,
    Reader,
    Row,
)
from pipelines.readers.html import read_html
from pipelines.readers.icdar import read_icdar
from pipelines.readers.label_studio import LabelStudioReader
from pipelines.readers.labelme import read_labelme
from pipelines.readers.pdf import PdfReader
from pipelines.readers.rows import RowReader
from pipelines.readers.tables import TablesReader
from pipelines.readers.vega_lite import VegaLiteReader
from pipelines.readers.voc import read_voc
from pipelines.readers.warc import WarcReader
from pipelines.readers.webdataset import WebDatasetReader
from pipelines.readers.yolo import YoloReader

#: By `kind` of the source.
READERS: dict[str, Reader] = {
    "html": FileReader(".html", ".htm", ".xhtml", read=read_html),
    "warc": WarcReader(),
    "pdf": PdfReader(),
    "coco": CocoReader(),
    "voc": FileReader(".xml", read=read_voc),
    "yolo": YoloReader(),
    "labelme": FileReader(".json", read=read_labelme),
    "label_studio": LabelStudioReader(),
    "icdar": FileReader(".txt", read=read_icdar),
    "aihub": AihubReader(),
    "tables": TablesReader(),
    "vega_lite": VegaLiteReader(),
    "conversations": RowReader(conversations.FIELDS, conversations.read_conversation),
    "interleaved": RowReader(interleaved.FIELDS, interleaved.read_interleaved),
    "captions": CaptionsReader(),
    "webdataset": WebDatasetReader(),
    "problems": RowReader(problems.FIELDS, problems.read_problem),
}

__all__ = [
    "READERS",
    "BadInput",
    "Draft",
    "Failure",
    "LeftOut",
    "Piece",
    "RawImage",
    "Reader",
    "Row",
]
