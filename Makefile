# Thin names for scripts that a person could type.
.PHONY: setup demo classifier test lint bench bench-engine bench-render

setup:   ## virtual environment, packages, a Chromium, fonts
	scripts/setup base

demo: setup   ## the main job on real input: runs/demo
	scripts/demo

classifier: setup   ## a quality model from package data: models/quality
	.venv/bin/vlmforge samples labels --classifier
	.venv/bin/vlmforge train-classifier labels/labels.parquet --out models/quality

test:   ## style, types, tests
	scripts/setup dev
	scripts/test

lint:   ## style and types alone
	scripts/setup dev
	scripts/lint

bench:   ## measurements beside peers
	scripts/setup bench
	.venv/bin/vlmforge samples samples
	.venv/bin/python benchmarks/ingest.py --json
	.venv/bin/python benchmarks/curate.py --json

bench-engine:   ## the clients of the model beside vLLM's own, on this CPU
	scripts/setup dev
	.venv/bin/python benchmarks/engine.py --json

bench-render:   ## drawing pages beside other ways, and who else reads them
	scripts/setup dev
	.venv/bin/python benchmarks/render.py --json
	.venv/bin/python benchmarks/ocr_truth.py --json
