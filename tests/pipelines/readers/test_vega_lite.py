from __future__ import annotations

import json

import pytest

from pipelines.readers import Draft, LeftOut
from tests.pipelines.readers.packages import altair_charts, vega_datasets
from tests.pipelines.readers.reading import read

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
VALUES = [{"city": "Seoul", "mass": 5, "share": 0.5}, {"city": "Busan", "mass": 7, "share": 0.25}]
ENCODING = {
    "x": {"field": "city", "axis": {"title": "City (m)"}},
    "y": {"field": "mass", "type": "quantitative", "axis": {"title": "Mean mass (kg)"}},
}


def read_spec(root, spec, name="c.json", schema=SCHEMA, source=None, **config):
    spec = ({"$schema": schema} if schema else {}) | spec
    (root / name).write_text(json.dumps(spec))
    return read(root, name, "vega_lite", source=source, **config)


def chart(**fields):
    return {"data": {"values": VALUES}, "mark": "bar", "encoding": ENCODING} | fields


def units(draft):
    columns = json.loads(draft.targets["table"])["columns"]
    return {c["name"]: c["unit"] for c in columns if c["unit"]}


def rows(draft):
    return json.loads(draft.targets["table"])["rows"]


def test_a_chart_is_its_specification_and_its_table(tmp_path):
    spec = chart(title={"text": ["Mass", "of cities"]}, description="Two  cities.")
    (draft,) = read_spec(tmp_path, spec)
    assert json.loads(draft.targets["vega_lite"]) == {"$schema": SCHEMA} | spec
    assert json.loads(draft.targets["table"]) == {
        "columns": [
            {"name": "city", "type": "string", "unit": None},
            {"name": "mass", "type": "integer", "unit": "kg"},
            {"name": "share", "type": "number", "unit": None},
        ],
        "rows": [["Seoul", 5, 0.5], ["Busan", 7, 0.25]],
        "total_rows": 2,
    }
    assert draft.parts[0].text.startswith(
        "Mass of cities\n\nTwo cities.\n\n| city | mass (kg) | share |"
    )
    assert (draft.bucket, draft.url) == ("chart", "c.json")


@pytest.mark.parametrize(
    "channel",
    [
        {"field": "share", "title": "Share (%)", "axis": {"format": ".0%"}},
        {"field": "share", "title": "Share (%)", "stack": "normalize"},
        {"field": "share", "title": "Share (kg)", "axis": {"labelExpr": "datum.value * 1000"}},
        {"field": "share", "title": "Shares (건)", "aggregate": "count"},
        {"field": "share", "title": "Share (old)"},
        {"field": "share", "title": None},
        {"title": "Share (kg)"},
    ],
)
def test_a_title_that_does_not_give_the_field_s_unit_is_not_used(tmp_path, channel):
    (draft,) = read_spec(tmp_path, chart(encoding={"y": channel}))
    assert units(draft) == {}


@pytest.mark.parametrize(
    "transform",
    [
        {"calculate": "datum.mass / 1000", "as": "mass"},
        {"aggregate": [{"op": "count", "as": "mass"}]},
        {"timeUnit": "year", "field": "x", "as": ["mass", "other"]},
    ],
)
def test_a_field_that_a_transform_makes_has_no_unit(tmp_path, transform):
    (draft,) = read_spec(tmp_path, chart(transform=[transform]))
    assert units(draft) == {}


def test_units_are_also_in_the_names_of_fields(tmp_path):
    values = [{"Body Mass (g)": 5, "x": 1}]
    (draft,) = read_spec(tmp_path, chart(data={"values": values}))
    assert units(draft) == {"Body Mass (g)": "g"}


@pytest.mark.parametrize("key", ["layer", "concat", "hconcat", "vconcat"])
def test_the_first_data_of_the_views_is_the_table(tmp_path, key):
    other = {
        "data": {"values": [{"city": 1, "mass": 2}]},
        "encoding": {"x": {"field": "share", "title": "S (t)"}},
    }
    (draft,) = read_spec(tmp_path, {key: [{"mark": "rule"}, chart(), other]})
    assert rows(draft)[0] == ["Seoul", 5, 0.5]
    assert units(draft) == {"mass": "kg"}


def test_views_draw_the_data_of_what_they_are_in(tmp_path):
    view = {"mark": "bar", "encoding": ENCODING}
    spec = {"data": {"values": VALUES}, "facet": {"field": "city"}, "spec": {"layer": [view]}}
    (draft,) = read_spec(tmp_path, spec)
    assert units(draft) == {"mass": "kg"}


def test_named_data_are_read(tmp_path):
    (draft,) = read_spec(tmp_path, chart(data={"name": "d"}, datasets={"d": VALUES}))
    assert len(rows(draft)) == 2


@pytest.mark.parametrize("name", ["charts/c.json", "c.json"])
def test_files_are_found_beside_the_chart_and_in_the_folder_of_pictures(tmp_path, name):
    root, other = tmp_path / "root", tmp_path / "other"
    (root / "charts").mkdir(parents=True)
    (other / "data").mkdir(parents=True)
    (other / "data" / "t.csv").write_text("city,mass\nSeoul,5\n")
    url = chart(data={"url": "data/t.csv"})
    (draft,) = read_spec(root, url, name, source={"images": other})
    assert (rows(draft), units(draft)) == ([["Seoul", 5]], {"mass": "kg"})
    (failure,) = read_spec(root, url, name)
    assert failure.reason == "data_missing"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"url": "https://a.example/cars.json"}, "remote"),
        ({"url": "//a.example/cars.json"}, "remote"),
        ({"url": "us.json", "format": {"type": "topojson", "feature": "states"}}, "not_flat"),
        ({"url": "t.arrow"}, "other_format"),
        ({"values": "a,b\n1,2", "format": {"type": "csv"}}, "inline_text"),
        ({"values": [1, 2, 3]}, "not_a_table"),
        ({"values": []}, "not_a_table"),
        ({"values": [{"a": {"b": 1}, "c": 2}]}, "not_a_table"),
    ],
)
def test_a_chart_whose_data_is_not_a_table_here_stays_without_one(tmp_path, data, reason):
    (tmp_path / "t.arrow").write_bytes(b"")
    left_out, draft = read_spec(tmp_path, chart(data=data, title="T"))
    assert left_out == LeftOut("tables", reason)
    assert list(draft.targets) == ["vega_lite"]
    assert draft.parts[0].text == "T"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"mark": "bar"}, "no_data"),
        (chart(data=None), "no_data"),
        (chart(data={"sequence": {"start": 0, "stop": 9}}), "no_data"),
        (chart(data={"name": "later"}), "no_data"),
        (chart(data={"url": "../t.csv"}), "path_outside_source"),
        (chart(data={"url": "http://[bad"}), "bad_url"),
        (chart(data={"url": "missing.csv"}), "data_missing"),
        (chart(data={"url": "ragged.csv"}), "ragged_rows"),
    ],
)
def test_a_bad_chart_has_its_reason(tmp_path, spec, reason):
    (tmp_path / "ragged.csv").write_text("a,b\n1,2,3\n")
    item = read_spec(tmp_path, spec)[0]
    assert item.reason == reason


@pytest.mark.parametrize(
    ("version", "read_it"),
    [("v3", False), ("v4.17.0", True), ("v5", True), ("v6", True), ("v7", False)],
)
def test_versions_4_to_6_are_read(tmp_path, version, read_it):
    (item,) = read_spec(tmp_path, chart(), schema=SCHEMA.replace("v5", version))
    assert isinstance(item, Draft) if read_it else item.reason == "unsupported_version"


@pytest.mark.parametrize(
    "content", ["[1]", "{}", '{"$schema": "https://vega.github.io/schema/vega/v5.json"}']
)
def test_other_json_is_left_out(tmp_path, content):
    (tmp_path / "d.json").write_text(content)
    assert read(tmp_path, "d.json", "vega_lite") == [LeftOut("files", "not_vega_lite")]


def test_a_file_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "d.json").write_text("{")
    (failure,) = read(tmp_path, "d.json", "vega_lite")
    assert (failure.reason, failure.lost) == ("not_json", "row")


@pytest.mark.parametrize("depth", [50, 900])
def test_views_in_views_are_read_or_refused(tmp_path, depth):
    text = '{"layer": [' * depth + json.dumps(chart()) + "]}" * depth
    (tmp_path / "d.vl.json").write_text(text)
    (item,) = read(tmp_path, "d.vl.json", "vega_lite")
    assert isinstance(item, Draft) or item.reason == "not_json"


def test_altair_s_charts_are_read():
    root = altair_charts()
    (bar,) = read(root, "bar.vl.json", "vega_lite")
    assert rows(bar)[:2] == [["A", 28], ["B", 55]]
    (scatter,) = read(root, "scatter.vl.json", "vega_lite")
    assert scatter.reason == "no_data"  # it has a sequence, which Vega-Lite makes
    assert read(root, "bar.vg.json", "vega_lite") == [LeftOut("files", "not_vega_lite")]


def test_a_chart_of_vega_s_data_is_read(tmp_path):
    y = {"field": "Weight_in_lbs", "type": "quantitative", "title": "Weight (lb)"}
    spec = chart(data={"url": "data/cars.json"}, encoding={"y": y})
    (draft,) = read_spec(tmp_path, spec, source={"images": vega_datasets().parent})
    assert units(draft) == {"Weight_in_lbs": "lb"}
    assert len(rows(draft)) == 406
