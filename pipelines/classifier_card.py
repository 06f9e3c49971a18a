"""A quality model's figures: the model card that lies beside it, and the table in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

CARD = "README.md"
#: What each head's figures are of: the positive answer of its most important question.
QUESTIONS = {"education": "grade 3 or more", "field": "any STEM field"}
_BINARY_NAMES = (
    "rows",
    "positive",
    "precision",
    "recall",
    "F1",
    "rank corr.",
    "calib. error",
    "mean error",
)
_CLASS_NAMES = ("rows", "precision", "recall", "F1")


def print_figures(told: dict[str, Any], warnings: Sequence[str], console: Console) -> None:
    """The figures on the test rows, and what to beware of."""
    for name, part, metrics in _measured(told):
        table = Table(title=f"{name}: {QUESTIONS[name]}, {part} rows", title_justify="left")
        table.add_column("language")
        for heading in _BINARY_NAMES:
            table.add_column(heading, justify="right")
        for line in _by_language(metrics):
            table.add_row(*line)
        console.print(table)
        table = Table(title=f"{name}: each class", title_justify="left")
        table.add_column("class")
        for heading in _CLASS_NAMES:
            table.add_column(heading, justify="right")
        for line in _by_class(metrics):
            table.add_row(*line)
        console.print(table)
    for warning in warnings:
        console.print(f"warning: {warning}", style="bold yellow", highlight=False)


def card(told: dict[str, Any], warnings: Sequence[str]) -> str:
    """The model card, in Markdown."""
    training = told["training"]
    lines = [
        "# Quality model",
        "",
        "fastText classifiers of educational value (0..5) and STEM field, for vlmforge's "
        "`filter.quality_model`. `model.json` holds all that is told here.",
        "",
        *(f"**Warning:** {warning}.\n" for warning in warnings),
        "## Labels",
        "",
        *_table(("graded by", "rows"), [(k, str(n)) for k, n in training["labels_by"].items()]),
        *_table(
            ("split", "rows", "sources"),
            [
                (split, str(training["rows"][split]), ", ".join(sources) or "none")
                for split, sources in training["sources"].items()
            ],
        ),
        f"{training['rows']['left_out']} rows were left out: near-duplicates of held-out rows. "
        f"Fingerprint of the labels: `{training['fingerprint']}`.",
        "",
    ]
    for name, head in told["heads"].items():
        settings = ", ".join(f"{k} {v}" for k, v in head["parameters"].items())
        lines += [
            f"## {name}",
            "",
            f"`{head['file']}`, {head['bytes'] / 1e6:.1f} MB. {settings}; "
            f"temperature {head['temperature']:.2f}.",
            "",
        ]
    for name, part, metrics in _measured(told):
        lines += [f"## {name} on {part} rows", "", f"The positive answer is {QUESTIONS[name]}.", ""]
        lines += _table(("language", *_BINARY_NAMES), list(_by_language(metrics)))
        lines += _table(("class", *_CLASS_NAMES), list(_by_class(metrics)))
        lines += _table(
            ("predicted", "true", "rows"),
            [
                (f"{b['predicted']:.2f}", f"{b['true']:.2f}", str(b["rows"]))
                for b in metrics["reliability"]
            ],
        )
        lines += _table(
            ("source", "rows", "mean score", "right"),
            [
                (source, str(m["rows"]), f"{m['score']:.2f}", f"{m['right']:.2f}")
                for source, m in metrics["by_source"].items()
            ],
        )
        classes = list(metrics["classes"])
        for code, found in metrics["by_language"].items():
            lines += [f"Confusion, {code} (true down, predicted across):", ""]
            rows = [
                (label, *map(str, counts))
                for label, counts in zip(classes, found["confusion"], strict=True)
                if any(counts)
            ]
            lines += _table(("", *classes), rows)
    return "\n".join(lines)


def _measured(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(head, split, metrics): on the test rows, or validation where there are none."""
    for name, head in told["heads"].items():
        for part in ("test", "validation"):
            if part in head["metrics"]:
                yield name, part, head["metrics"][part]
                break


def _by_language(metrics: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for code, found in [*metrics["by_language"].items(), ("all", metrics["all"])]:
        counts = (f"{found['rows']:,}", f"{found['positive']:,}")
        # Without a positive row, precision and recall say nothing.
        shares = ("precision", "recall", "f1") if found["positive"] else ()
        order = found["rank_correlation"]
        yield (
            code,
            *counts,
            *([f"{found[s]:.2f}" for s in shares] or ["–"] * 3),
            "–" if order is None else f"{order:.2f}",
            f"{found['calibration_error']:.2f}",
            f"{found['mean_absolute_error']:.2f}",
        )


def _by_class(metrics: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for label, found in metrics["classes"].items():
        if found["rows"]:
            shares = (f"{found[s]:.2f}" for s in ("precision", "recall", "f1"))
            yield (label, f"{found['rows']:,}", *shares)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]
