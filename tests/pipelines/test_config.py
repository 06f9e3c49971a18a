from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.config import NOT_IDENTITY, identity, load_config
from pipelines.errors import UsageError

SOURCE = {"name": "a", "kind": "html", "path": "x"}


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"sources": [SOURCE], "fliter": {}}, "fliter: no such key; did you mean 'filter'?"),
        (
            {"sources": [SOURCE], "filter": {"min_image_sid": 3}},
            "filter.min_image_sid: no such key; did you mean 'min_image_side'?",
        ),
        ({"sources": [{**SOURCE, "patj": "x"}]}, "did you mean 'path'?"),
        ({"sources": [SOURCE], "model": {"zzz": 1}}, "known: endpoint, engine, name"),
        ({"sources": []}, "sources"),
        ({"sources": [SOURCE], "stages": ["ingest", "shard", "filter"]}, "keep the order"),
        ({"sources": [SOURCE], "stages": ["filter"]}, "start with ingest"),
        ({"sources": [SOURCE, SOURCE]}, "same name"),
        ({"sources": [SOURCE], "render": {"scale": 9}}, "render.scale"),
        ({"sources": [{**SOURCE, "name": "a b"}]}, "sources.0.name"),
    ],
)
def test_a_wrong_config_names_the_key_and_the_nearest_right_one(write_config, sections, told):
    with pytest.raises(UsageError) as error:
        load_config(write_config(**sections))
    assert told in str(error.value)


def test_overrides_are_yaml_values(write_config):
    path = write_config(sources=[SOURCE])
    config = load_config(path, ["filter.languages=[ko]", "seed=7", "model.endpoint=http://h/v1"])
    assert (config.filter.languages, config.seed) == (["ko"], 7)
    assert config.model.endpoint == "http://h/v1"


@pytest.mark.parametrize("override", ["seed", "=1", "seed.x=1", "filter.nope=1", "seed={"])
def test_a_wrong_override_is_a_usage_error(write_config, override):
    with pytest.raises(UsageError):
        load_config(write_config(sources=[SOURCE], seed=1), [override])


@pytest.mark.parametrize("content", ["[1, 2]", "a: [", "", "\udcff"])
def test_what_is_not_a_mapping_is_a_usage_error(tmp_path, content):
    path = tmp_path / "c.yaml"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError):
        load_config(path)
    with pytest.raises(UsageError, match="No such file"):
        load_config(tmp_path / "none.yaml")


def test_identity_ignores_what_cannot_change_the_output(write_config):
    path = write_config(sources=[SOURCE])
    plain = load_config(path)
    faster = load_config(
        path, ["model.concurrency=2", "model.media=m", "near_dedupe.max_edges=3", "out=/elsewhere"]
    )
    other = load_config(path, ["model.name=other"])
    assert identity(plain, "recaption") == identity(faster, "recaption")
    assert identity(plain, "near_dedupe") == identity(faster, "near_dedupe")
    assert identity(plain, "recaption") != identity(other, "recaption")
    assert identity(plain, "filter") == identity(other, "filter")
    assert all(NOT_IDENTITY.values())


def test_the_demo_config_is_right():
    config = load_config(Path("pipelines/configs/demo.yaml"))
    assert config.out == Path("runs/demo")
    assert len(config.sources) == 4
