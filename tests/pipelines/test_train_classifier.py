"""A quality model from real pages: what is written, what repeats, what the filter does with it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from io import StringIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from filters import NoQualityModel, QualityModel, quality_model_digest
from pipelines.classifier_card import print_figures
from pipelines.cli import main
from pipelines.config import RunConfig, identity
from pipelines.errors import UsageError
from pipelines.filter import Filter
from pipelines.labels import read_labels
from pipelines.samples.weak_texts import passages
from pipelines.train_classifier import Parameters, assign, train_classifier
from records import to_batch
from tests.conftest import make_sample

KINDS = (
    ("scikit-learn/modules/[a-m]*.html", 5, "statistics", "en"),
    ("libreoffice-help/en-US/text/swriter/guide/*.html", 1, "none", "en"),
    ("libreoffice-help/ko/text/swriter/guide/*.html", 1, "none", "ko"),
)


#: Fit for a few hundred rows.
SMALL = Parameters(epoch=40, bucket=10_000)


@pytest.fixture(scope="module")
def labels(samples, tmp_path_factory):
    """Passages of the scikit-learn user guide and of a word processor's help."""
    rows = []
    for pattern, education, field, lang in KINDS:
        for path in sorted(samples.glob(pattern))[:40]:
            for text in list(passages(path.read_bytes(), path.name, "page"))[:4]:
                rows.append({
                    "text": text, "education": education, "field": field, "lang": lang,
                    "document": path.name, "source": pattern.split("/")[0],
                })  # fmt: skip
    path = tmp_path_factory.mktemp("labels") / "labels.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture(scope="module")
def trained(labels):
    return train_classifier(labels, labels.parent / "model", columns={}, parameters=SMALL)


def test_the_model_tells_a_textbook_from_a_manual(trained):
    for head in trained.told["heads"].values():
        assert head["metrics"]["test"]["all"]["f1"] > 0.9
        assert head["bytes"] < 4_000_000
    theory = "The covariance matrix of the regression estimator minimises the squared loss. " * 4
    clicking = "Choose Format and click the button in the dialog to close the toolbar. " * 4
    quality = QualityModel(trained.folder).score(pa.array([theory, clicking, "", "?!"]))
    assert quality.education[0] > 3.5 > 2.5 > quality.education[1]
    assert quality.stem[0] > 0.6 > 0.4 > quality.stem[1]
    assert quality.field.tolist() == ["statistics", "none", None, None]
    assert np.isnan(quality.education[2:]).all()


def test_scores_do_not_depend_on_the_batch(trained):
    texts = pa.array([f"{word} of the matrix and its estimator" for word in ("Rank", "", "Sum")])
    model = QualityModel(trained.folder)
    alone = [model.score(texts.slice(i, 1)).education[0] for i in range(3)]
    assert np.array_equal(model.score(texts).education, alone, equal_nan=True)
    assert len(model.score(texts.slice(0, 0)).education) == 0


def test_the_same_rows_in_another_order_give_the_same_bytes(trained, labels, tmp_path):
    table = pq.read_table(labels)
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    pq.write_table(shuffled, tmp_path / "labels.parquet")
    again = train_classifier(
        tmp_path / "labels.parquet", tmp_path / "model", columns={}, parameters=SMALL
    )
    for path in sorted(trained.folder.iterdir()):
        assert (again.folder / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_person_sees_the_figures_as_tables(trained):
    console = Console(record=True, width=120, file=StringIO())
    print_figures(trained.told, ["beware"], console)
    shown = console.export_text()
    for words in ("education: grade 3 or more, test rows", "rank corr.", "warning: beware"):
        assert words in shown


def test_the_card_says_all_that_matters(trained):
    card = (trained.folder / "README.md").read_text()
    for words in ("## education on test rows", "| ko |", "Confusion, en", "temperature", "unknown"):
        assert words in card


def table(*rows):
    """(id, document, text, education, split)."""
    names = ("id", "document", "text", "education", "split")
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_rows_of_a_document_and_near_duplicates_share_a_split(labels, tmp_path):
    found = read_labels(labels, {})
    copies = found.set_column(0, "id", pa.array([f"copy of {i}" for i in found["id"].to_pylist()]))
    both = pa.concat_tables([found, copies])
    splits, left_out = assign(both, seed=0)
    half = len(found)
    assert splits[:half] == splits[half:]
    assert left_out == 0
    of_document = set(
        zip(both["source"].to_pylist(), both["document"].to_pylist(), splits, strict=True)
    )
    assert len(of_document) == len({pair[:2] for pair in of_document})
    assert min(Counter(splits).values()) > 0


def test_a_training_row_that_knows_a_test_row_is_left_out(tmp_path):
    text = "Water boils when its vapour pressure reaches the pressure of the air above it. " * 3
    rows = table(
        ("1", "a", text, 1, "train"),
        ("2", "b", text.replace("air", "gas", 1), 1, "test"),
        ("3", "c", "Something else entirely stands in this row of the set.", 1, "train"),
        ("4", "d", "And here is a fourth text about bread and butter.", 1, "validation"),
    )
    (tmp_path / "l.jsonl").write_text("\n".join(map(json.dumps, rows)))
    splits, left_out = assign(read_labels(tmp_path / "l.jsonl", {}), seed=0)
    assert (splits, left_out) == ([None, "test", "train", "validation"], 1)


@pytest.mark.parametrize(
    ("row", "columns", "told"),
    [
        ({"text": "a"}, {}, "no row has a text and a label"),
        ({"text": "a", "education": 7}, {}, "holds 7; it may be 0, 1"),
        ({"text": "a", "field": "alchemy"}, {}, "holds 'alchemy'"),
        ({"text": "a", "education": "x"}, {}, "the column 'education'"),
        ({"body": "a", "education": 1}, {}, "no column 'text'"),
        ({"text": "a", "score": 1}, {"education": "scores"}, "did you mean 'score'?"),
        ({"text": "a", "score": 1}, {"educaton": "score"}, "did you mean 'education'?"),
    ],
)
def test_labels_that_cannot_be_used_are_told(tmp_path, row, columns, told):
    path = tmp_path / "l.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(UsageError) as error:
        read_labels(path, columns)
    assert told in str(error.value)


def test_the_command_reads_any_columns_and_replaces_only_a_model(labels, tmp_path, capsys):
    rows = [
        {"content": r["text"], "score": r["education"], "lang": r["lang"]}
        for r in pq.read_table(labels).to_pylist()
    ]
    path = tmp_path / "other.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    command = ["train-classifier", str(path), "--out", str(tmp_path / "m")]
    command += ["--column", "text=content", "--column", "education=score"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["heads"]) == ["education"]
    (tmp_path / "m" / "model.json").unlink()
    assert main(command) == 2
    assert (tmp_path / "m" / "README.md").exists()
    with pytest.raises(NoQualityModel, match="train-classifier"):
        QualityModel(tmp_path / "m")


def test_autotune_finds_parameters_within_its_budget(labels, tmp_path):
    found = train_classifier(
        labels, tmp_path / "m", columns={}, autotune_seconds=3, parameters=SMALL
    ).told
    assert found["heads"]["education"]["metrics"]["test"]["all"]["f1"] > 0.8
    assert found["heads"]["education"]["autotune_seconds"] == 3


def test_files_that_do_not_belong_together_are_refused(trained, tmp_path):
    folder = tmp_path / "m"
    shutil.copytree(trained.folder, folder)
    shutil.copy(folder / "field.ftz", folder / "education.ftz")
    with pytest.raises(NoQualityModel, match=r"not the file that its model\.json tells of"):
        QualityModel(folder)
    told = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**told, "normaliser": 0}))
    with pytest.raises(NoQualityModel, match="train it again"):
        QualityModel(folder)


def filter_config(folder, model, **settings):
    return RunConfig.model_validate({
        "sources": [{"name": "s", "kind": "html", "path": folder}],
        "filter": {"quality_model": model, **settings},
    })  # fmt: skip


def test_another_model_in_the_same_place_runs_the_filter_again(trained, tmp_path):
    folder = tmp_path / "m"
    shutil.copytree(trained.folder, folder)
    config, elsewhere = filter_config(tmp_path, folder), filter_config(tmp_path, trained.folder)
    assert identity(config, "filter") == identity(elsewhere, "filter")
    assert identity(config, "bucket") == identity(filter_config(tmp_path, None), "bucket")
    before = Filter(config, tmp_path).config_hash
    told = json.loads((folder / "model.json").read_text())
    told["heads"]["education"]["temperature"] *= 2
    (folder / "model.json").write_text(json.dumps(told))
    assert Filter(config, tmp_path).config_hash != before
    assert quality_model_digest(folder) != quality_model_digest(trained.folder)
    with pytest.raises(UsageError, match=r"filter\.quality_model"):
        Filter(filter_config(tmp_path, tmp_path / "none"), tmp_path)


def test_the_filter_drops_documents_that_teach_too_little(trained, samples, tmp_path):
    page = next(samples.glob("libreoffice-help/en-US/text/swriter/guide/auto*.html"))
    manual = "\n\n".join(passages(page.read_bytes(), page.name, "page"))
    guide = samples / "scikit-learn/modules/naive_bayes.html"
    textbook = next(passages(guide.read_bytes(), guide.name, "page"))
    rows = [
        make_sample(textbook, url="t"),
        make_sample(manual, url="m"),
        make_sample(manual, url="c", bucket="stem"),
        make_sample("Too short.", url="s"),
    ]
    judge = Filter(filter_config(tmp_path, trained.folder, min_education=2.5), tmp_path).judge
    verdicts = judge(to_batch(rows))
    assert verdicts.reasons.tolist() == [None, "low_education", None, "too_few_words"]
    assert verdicts.threshold[1] == 2.5 > verdicts.score[1]
    assert verdicts.scores[1]["education"] == pytest.approx(verdicts.score[1], abs=1e-4)
    assert verdicts.scores[0]["quality"] == pytest.approx(
        verdicts.scores[0]["education"] / 5, abs=1e-4
    )
    assert verdicts.scores[0]["stem"] > 0.5
    assert "education" not in verdicts.scores[2]
    judge = Filter(filter_config(tmp_path, trained.folder), tmp_path).judge
    assert judge(to_batch(rows)).reasons.tolist() == [None, None, None, "too_few_words"]


def test_a_minimum_takes_a_model(tmp_path):
    with pytest.raises(ValueError, match="takes a quality_model"):
        filter_config(tmp_path, None, min_education=2)
