"""The configuration: one YAML file, these models are its schema.

    sources:
      - {name: handbook, kind: html, path: data/handbook, license: CC-BY-4.0}
    stages: [ingest, dedupe, filter, bucket, shard]
    filter: {min_image_side: 64}

Paths are relative to the current directory. A key that does not exist is an
error that names the nearest one that does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipelines.errors import UsageError, nearest

#: Stages in the only order in which they make sense.
STAGES = (
    "ingest",
    "dedupe",
    "filter",
    "near_dedupe",
    "decontaminate",
    "select",
    "bucket",
    "recaption",
    "render",
    "shard",
)


#: Kinds of sources.
KINDS = (
    "html",
    "warc",
    "pdf",
    "coco",
    "voc",
    "yolo",
    "labelme",
    "label_studio",
    "icdar",
    "aihub",
    "tables",
    "vega_lite",
    "conversations",
    "interleaved",
    "captions",
    "webdataset",
    "problems",
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class SourceConfig(_Section):
    """One raw source."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    """The dataset's name in every row and report: letters, digits, `.`, `_`, `-`."""
    kind: Literal[KINDS]  # type: ignore[valid-type]
    """What its files are; the README's table says what each kind reads and gives."""
    path: Path
    """A folder, or one file."""
    images: Path | None = None
    """The folder of the pictures that rows name; by default that of `path`."""
    level: Literal["char", "word", "line"] = "word"
    """For `icdar`: what a line of its files transcribes."""
    fields: dict[str, str] = {}
    """For rows whose fields have names of their own: ours -> theirs, such as `answer: label`."""
    include: list[str] = ["**/*"]
    """Which files below `path`, as globs. The images of pages need no mention."""
    exclude: list[str] = []
    """Which of the included files not."""
    lang: str | None = None
    """The language that the source claims, for pages that claim none themselves."""
    license: str | None = None
    """Goes into every row."""

    @property
    def folder(self) -> Path:
        """The folder that `path` is, or lies in: nothing outside it is read …"""
        return self.path.parent if self.path.is_file() else self.path

    @property
    def pictures(self) -> Path:
        """… nor a picture outside this one."""
        return self.images or self.folder


class StageConfig(_Section):
    """What every stage has."""

    max_error_rate: float = Field(0.05, ge=0, le=1)
    """The stage fails when a larger share of its inputs cannot be read."""


class IngestConfig(StageConfig):
    """Raw sources to samples."""

    unit_files: int = Field(64, ge=1)
    """Files a work unit."""
    unit_bytes: int = Field(16 << 20, ge=1)
    """Bytes a work unit; a larger file of JSON lines is split."""
    max_file_bytes: int = Field(32 << 20, ge=1)
    """A larger page, line, or annotation of one picture is an error."""
    max_index_bytes: int = Field(2 << 30, ge=1)
    """A larger file of many rows that must be read whole (COCO, JSON array, PDF) is an error."""
    max_image_bytes: int = Field(64 << 20, ge=1)
    """A larger image file is an error."""
    max_image_pixels: int = Field(100_000_000, ge=1)
    """A picture with more pixels is an error; it is never decoded."""
    pdf_dpi: int = Field(144, ge=36, le=600)
    """Dots an inch of the pictures of PDF pages; a page too large for the limits gets fewer."""
    max_table_rows: int = Field(1000, ge=1)
    """Rows of a table that are kept; how many it had is recorded."""
    max_seconds: float = Field(30, gt=0)
    """A row that takes longer to read is an error."""
    max_memory: int = Field(2 << 30, ge=1 << 28)
    """Bytes that reading may take; a row that takes more is an error."""


class DedupeConfig(StageConfig):
    """Exact duplicates: boilerplate of a site, normalised text, image bytes."""

    boilerplate_pages: int = Field(10, ge=2)
    """A paragraph that stands on so many pages of a site …"""
    boilerplate_share: float = Field(0.05, ge=0, le=1)
    """… and on this share of its pages is boilerplate: it leaves them all. 1 leaves everything."""


def _off(value: Any) -> Any:
    """YAML reads `off` as false."""
    return None if value is False or value == "off" else value


#: Other limits of a rule, or None: the rule is off.
RuleLimits = Annotated[dict[Literal["low", "high"], float] | None, BeforeValidator(_off)]


class FilterConfig(StageConfig):
    """Language identification, document heuristics, image sizes."""

    languages: list[str] = ["ko", "en", "ja", "es", "de", "vi"]
    """ISO 639-1 codes to keep."""
    min_language_confidence: float = Field(0.5, ge=0, le=1)
    """A text that the language model is less sure of is dropped."""
    min_image_side: int = Field(64, ge=1)
    """Pixels. Smaller pictures (icons, buttons) leave their document, which stays; formulas may
    be lower."""
    max_image_aspect: float = Field(8.0, ge=1)
    """Long side over short side; pictures beyond it (rules, banners) leave too."""
    unsafe_images: Literal["keep", "drop"] = "keep"
    """`drop` has open_nsfw look at every picture; it needs the extra `safety`."""
    max_unsafe: float = Field(0.5, ge=0, le=1)
    """A picture that open_nsfw is more sure of being pornographic leaves."""
    personal: Literal["mask", "keep"] = "mask"
    """Whether e-mail addresses, phone, identity and card numbers and IP addresses are masked."""
    personal_in_pictures: Literal["keep", "drop"] = "keep"
    """What becomes of rows that say their picture shows some: they are never masked."""
    min_unsafe_words: int = Field(3, ge=1)
    """A text with fewer listed words is never unsafe."""
    max_unsafe_share: float = Field(0.01, ge=0, le=1)
    """A text of which more words are listed is dropped."""
    word_lists: Path | None = None
    """A folder of more lists: `<language>.txt`, a term a line."""
    quality_model: Path | None = None
    """A folder that `vlmforge train-classifier` wrote; null: documents get no quality scores."""
    min_education: float = Field(0.0, ge=0, le=5)
    """A document whose expected grade is lower is dropped; it takes a quality model."""
    rules: dict[str, RuleLimits] = {}
    """Other limits of the heuristics by reason (`too_few_words: {low: 20}`), in all languages,
    or `off`; docs/thresholds.md has the reasons."""

    @model_validator(mode="after")
    def _check_quality(self) -> FilterConfig:
        if self.min_education and self.quality_model is None:
            raise ValueError("min_education takes a quality_model")
        return self


class NearDedupeConfig(StageConfig):
    """Near-duplicates: MinHash of texts, shared images, perceptual hashes of pictures."""

    threshold: float = Field(0.8, ge=0.3, le=1)
    """The Jaccard index of two texts' shingles from which on they are near-duplicates. Of 200
    words, 4 may differ at 0.8, 8 at 0.65, 20 at 0.4."""
    buckets: list[str] = ["interleaved", "text"]
    """Buckets whose rows are compared by their text. In others the same words may be said of
    different pictures or numbers."""
    image_threshold: float = Field(0.8, ge=0.3, le=1)
    """The share of their images from which on two documents of one language are duplicates."""
    min_images: int = Field(3, ge=1)
    """Different images that a document must have to be compared by them."""
    image_buckets: list[str] = ["caption"]
    """Buckets of which rows leave that show another row's picture, resized or encoded anew."""
    engine: Literal["numpy", "datasketch"] = "numpy"
    """Who computes signatures; datasketch is slower, and an extra to install."""
    max_edges: int = Field(20_000_000, ge=1)
    """Similar pairs that are clustered in one place, at 100 bytes each; more go in rounds."""


class DecontaminateConfig(StageConfig):
    """Rows that hold items of the evaluation sets."""

    min_share: float = Field(0.5, gt=0, le=1)
    """The share of an item's 13-grams that a row must have to hold it."""


class RepeatConfig(_Section):
    """A rule of `select.repeats`."""

    score: str
    """Such as `education`, or `tokens_per_image`, which `select` measures."""
    at_least: float
    """A row whose score is this or higher …"""
    add: int = Field(1, ge=1)
    """… is shown so many times more."""


class SelectConfig(StageConfig):
    """Entity balance, and how often each row is shown."""

    max_per_entity: int | None = Field(20_000, ge=1)
    """Rows that stay for the sake of one entity, about; counted within a language. 20,000 is what
    MetaCLIP takes for 400 million pictures. Null: no balancing."""
    max_without_entity: int | None = Field(None, ge=1)
    """The same for the rows of one bucket and language that name nothing. Null: all stay."""
    preference: float = Field(1.0, ge=0, le=4)
    """How much good rows are preferred where some must go: the best are 2^preference times as
    likely to stay as the rule says, the worst that much less; 0 for the rule alone."""
    repeats: list[RepeatConfig] = [
        RepeatConfig(score="education", at_least=3.5),
        RepeatConfig(score="stem", at_least=0.5),
        RepeatConfig(score="tokens_per_image", at_least=1024),
    ]
    """Which rows are shown more than once an epoch."""
    max_repeat: int = Field(3, ge=1)
    """The most times a row is shown."""


class BucketConfig(StageConfig):
    """Bucket, quality tier and length class."""

    tiers: dict[str, tuple[float, float]] = {"education": (1.5, 3.0), "quality": (1 / 3, 2 / 3)}
    """Score -> where the tiers mid and high begin. The first that a row has decides; a row that
    has none is in no tier."""

    max_pixels: int = Field(1_003_520, ge=784)
    """Pixels to which the model's processor scales a picture down: decides its visual tokens."""


class RecaptionConfig(StageConfig):
    """Captions from picture, alt text and surrounding text."""

    rate: float = Field(1.0, ge=0, le=1)
    """The share of eligible pictures to caption, chosen by hash."""
    min_image_side: int = Field(128, ge=1)
    """Pixels; smaller pictures are not worth a caption."""
    context_characters: int = Field(600, ge=0)
    """How much of the text before and after the picture the model is given."""
    max_tokens: int = Field(160, ge=16)
    """Tokens of an answer."""
    min_characters: int = Field(20, ge=1)
    """A shorter caption is rejected."""
    max_characters: int = Field(600, ge=1)
    """A longer caption is rejected."""
    max_copied: float = Field(0.6, ge=0, le=1)
    """A caption that shares more of its word 4-grams with the text it was given is rejected."""
    max_failure_rate: float = Field(0.2, ge=0, le=1)
    """The stage fails when the endpoint answers fewer requests than that leaves."""


class RenderConfig(StageConfig):
    """Text problems, pages and office papers as pictures."""

    scale: float | None = Field(None, ge=1, le=3)
    """Device pixels a CSS pixel; null: sheets choose, documents have 2."""
    documents: float = Field(0.1, ge=0, le=1)
    """The share of pages that are set anew as documents, chosen by hash."""
    papers: int = Field(0, ge=0)
    """Office papers to make up: invoices, receipts, forms, notices, reports."""
    effects: dict[Literal["clean", "scan", "photo", "screen", "fax", "copy"], float] = {
        "clean": 0.5,
        "scan": 0.15,
        "photo": 0.2,
        "screen": 0.05,
        "fax": 0.05,
        "copy": 0.05,
    }
    """How often pictures go through what."""
    levels: list[Literal["char", "word", "line", "block"]] = ["char", "word", "line", "block"]
    """Levels of the regions in the rows; characters make rows long."""

    @model_validator(mode="after")
    def _check_effects(self) -> RenderConfig:
        if min(self.effects.values(), default=0) < 0 or not sum(self.effects.values()) > 0:
            raise ValueError("effects are weights: none below 0, and not all of them 0")
        return self


class ShardConfig(StageConfig):
    """Training shards."""

    samples: int = Field(1000, ge=1)
    """Samples a shard; shards differ by at most one."""
    formats: list[Literal["webdataset", "parquet"]] = ["webdataset", "parquet"]
    """What to write."""
    split: str = Field("train", pattern=r"^[a-z0-9_]+$")
    """The first part of the shards' names."""


class AnnotateConfig(_Section):
    """Grades by the model, for `vlmforge annotate`; no stage."""

    stage: Literal[STAGES] = "filter"  # type: ignore[valid-type]
    """The finished stage whose rows are sampled."""
    rows: int = Field(1000, ge=1)
    """Rows to grade, dealt evenly to buckets, languages and sources."""
    buckets: list[str] = ["interleaved", "text"]
    """Which rows: those that the quality model will judge."""
    min_characters: int = Field(200, ge=1)
    """Shorter texts are not worth a grade."""
    excerpt_characters: int = Field(2000, ge=100, le=2000)
    """The beginning of a text that the model is given, and the classifier reads."""
    max_tokens: int = Field(160, ge=32)
    """Tokens of an answer."""
    max_failure_rate: float = Field(0.2, ge=0, le=1)
    """The command fails when the endpoint answers fewer requests than that leaves."""


class ModelConfig(_Section):
    """The model that writes: behind an endpoint, in process, or the embedded default."""

    endpoint: str | list[str] | None = None
    """An OpenAI-compatible address with `/v1`, or several of the same model."""
    engine: Literal["openai", "vllm", "embedded"] | None = None
    """Null: `openai` where an endpoint is named, else `embedded`, SmolLM2 on this CPU. `vllm` runs
    the model in this process: one worker that owns its GPUs."""
    name: str = "LGAI-EXAONE/EXAONE-4.5-33B"
    """The name that the endpoint knows the model by; for `vllm` a model id or a folder."""
    revision: str | None = None
    """Of the weights; another one is asked everything again."""
    license: str | None = None
    """The licence under which its output stands; goes into the rows it wrote. Known for EXAONE 4.5
    and the embedded model."""
    allowed_licenses: list[str] | None = None
    """Licences that a teacher may have, such as `Apache-2.0` or `EXAONE*`; null: any."""
    sees_images: bool = True
    """Whether to send pictures."""
    api_key_env: str = "VLMFORGE_API_KEY"
    """The environment variable that holds the key, if the endpoint wants one."""
    concurrency: int = Field(256, ge=1)
    """Requests in flight from a worker to one endpoint, at most; how many it can use is found."""
    timeout: float = Field(600, gt=0)
    """Seconds for one try of a request, from its first byte to the answer's last."""
    patience: float = Field(900, ge=0)
    """Seconds that requests wait while no endpoint answers, as a server may restart …"""
    patience_at_start: float = Field(60, ge=0)
    """… and before the first answer, when the address may be wrong."""
    media: Path | None = None
    """A folder that the endpoint may read (vLLM's `--allowed-local-media-path`): pictures are put
    there and named, not sent."""
    vllm: dict[str, Any] = {}
    """Engine arguments for `vllm`, such as `max_model_len` or `tensor_parallel_size`."""
    responses: Path | None = None
    """Where answers are stored; default: `responses` beside the run's directory, for all runs."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The endpoints."""
        if self.endpoint is None:
            return ()
        return (self.endpoint,) if isinstance(self.endpoint, str) else tuple(self.endpoint)

    @property
    def kind(self) -> str:
        """The engine."""
        return self.engine or ("openai" if self.urls else "embedded")

    @model_validator(mode="after")
    def _check_endpoint(self) -> ModelConfig:
        if self.kind == "openai" and not self.urls:
            raise ValueError("the engine openai takes an endpoint")
        if self.kind != "openai" and self.urls:
            raise ValueError(f"the engine {self.kind} takes no endpoint")
        for url in self.urls:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"not the address of an endpoint: {url!r}")
        return self


class RunConfig(_Section):
    """A whole run."""

    out: Path = Path("runs/default")
    """The run's directory."""
    seed: int = 0
    """Of every random choice."""
    workers: int = Field(0, ge=0)
    """Processes on this machine; 0 for one a core."""
    sources: list[SourceConfig] = Field(min_length=1)
    """What to read."""
    evaluation: list[SourceConfig] = []
    """Evaluation sets, of any kind that sources have: `decontaminate` drops what holds them."""
    stages: list[Literal[STAGES]] = Field(list(STAGES), min_length=1)  # type: ignore[valid-type]
    """Which stages, in this order; some may be left out."""
    ingest: IngestConfig = IngestConfig()
    dedupe: DedupeConfig = DedupeConfig()
    filter: FilterConfig = FilterConfig()
    near_dedupe: NearDedupeConfig = NearDedupeConfig()
    decontaminate: DecontaminateConfig = DecontaminateConfig()
    select: SelectConfig = SelectConfig()
    bucket: BucketConfig = BucketConfig()
    recaption: RecaptionConfig = RecaptionConfig()
    render: RenderConfig = RenderConfig()
    shard: ShardConfig = ShardConfig()
    annotate: AnnotateConfig = AnnotateConfig()
    model: ModelConfig = ModelConfig()

    @model_validator(mode="after")
    def _check_order(self) -> RunConfig:
        places = [STAGES.index(s) for s in self.stages]
        if self.stages[0] != "ingest" or places != sorted(set(places)):
            raise ValueError(f"stages start with ingest and keep the order {', '.join(STAGES)}")
        for sources in (self.sources, self.evaluation):
            if len({s.name for s in sources}) != len(sources):
                raise ValueError("two sources have the same name")
        return self

    def section(self, stage: str) -> Any:
        """The section of a stage; evaluation sets are read as sources are."""
        return getattr(self, "ingest" if stage == "evaluation" else stage)

    @property
    def responses(self) -> Path:
        """Where the model's answers are stored."""
        return self.model.responses or self.out.parent / "responses"


#: Fields that cannot change what a stage writes, each with its reason; not in the config hash.
NOT_IDENTITY = {
    "max_error_rate": "decides whether the stage fails, not what it writes",
    "max_failure_rate": "the same",
    "endpoint": "where the model runs; `name` says which it is",
    "engine": "how it is run",
    "vllm": "the same",
    "allowed_licenses": "decides whether the stage runs, not what it writes",
    "api_key_env": "a secret's place",
    "concurrency": "speed",
    "timeout": "speed",
    "patience": "decides when the stage fails",
    "patience_at_start": "the same",
    "media": "how pictures reach the model",
    "responses": "a cache's place",
    "path": "where the data lies on this machine; the listing is fingerprinted by the stage",
    "images": "the same",
    "max_edges": "the same clusters either way",
    "word_lists": "where they lie; what they say is hashed",
    "quality_model": "where the model lies; its files are hashed",
}


def identity(config: RunConfig, stage: str) -> dict[str, Any]:
    """All of the configuration that can change what a stage writes."""
    parts: dict[str, Any] = {
        "seed": config.seed,
        stage: config.section(stage).model_dump(mode="json"),
    }
    if stage in ("ingest", "evaluation"):
        sources = config.sources if stage == "ingest" else config.evaluation
        parts["sources"] = [s.model_dump(mode="json") for s in sources]
    if stage == "recaption":
        parts["model"] = config.model.model_dump(mode="json")
        parts["embedded"] = config.model.kind == "embedded"
    if stage in ("recaption", "render"):
        parts["bucket"] = config.bucket.model_dump(mode="json")
    return _without(parts, NOT_IDENTITY)


def _without(value: Any, names: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without(v, names) for k, v in value.items() if k not in names}
    return [_without(v, names) for v in value] if isinstance(value, list) else value


def load_config(path: Path, overrides: list[str] = [], out: Path | None = None) -> RunConfig:  # noqa: B006
    """Read a YAML file, apply `section.key=value` overrides, check it all.

    Raises UsageError, naming the key and the nearest right one.
    """
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the config {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise UsageError(
            f"{path} must be a mapping with the keys {', '.join(RunConfig.model_fields)}"
        )
    for override in overrides:
        _override(raw, override)
    if out is not None:
        raw["out"] = str(out)
    try:
        return RunConfig.model_validate(raw)
    except ValidationError as error:
        raise UsageError(f"{path}:\n" + "\n".join(_explain(e) for e in error.errors())) from error


def _override(raw: dict[str, Any], text: str) -> None:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--set takes section.key=value, not {text!r}")
    *sections, key = name.split(".")
    place = raw
    for section in sections:
        place = place.setdefault(section, {})
        if not isinstance(place, dict):
            raise UsageError(f"--set {name}: {section} has no keys")
    try:
        place[key] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"--set {name}: {value!r} is not a YAML value") from error


def _explain(error: Any) -> str:
    place = list(error["loc"])
    name = ".".join(str(p) for p in place)
    if error["type"] == "extra_forbidden":
        return f"  {name}: no such key; {nearest(place[-1], list(_fields_at(place[:-1])))}"
    if place[-1:] == ["kind"] and error["type"] == "literal_error":
        return f"  {name}: no such kind {error['input']!r}; {nearest(error['input'], KINDS)}"
    return f"  {name or 'config'}: {error['msg'].removeprefix('Value error, ')}"


def _fields_at(place: list[str | int]) -> Any:
    """The field names of the model at a place of the configuration."""
    model: type[BaseModel] = RunConfig
    for step in place:
        if step in ("sources", "evaluation"):
            model = SourceConfig
        elif isinstance(step, str):
            annotation = model.model_fields[step].annotation
            assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
            model = annotation
    return model.model_fields
