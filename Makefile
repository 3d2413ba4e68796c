# Each command makes .venv itself, from requirements.txt, with Python 3.11 or newer and nothing else.
PYTHON ?= python3
PY := .venv/bin/python
READY := .venv/.ready
SOURCES := mkdocs.yml $(shell find attn docs snippets -type f -not -path '*/__pycache__/*')
export PYTHONPATH := docs

.PHONY: help site serve test evidence evidence-all bench clean

help:
	@echo "make site          the book as a website, and its PDF, in site/"
	@echo "make serve         the book on this machine, built again at every change"
	@echo "make test          style, types, tests, and every code block of the book"
	@echo "make evidence      train what has no recorded run"
	@echo "make evidence-all  train everything from nothing, and say what moved"
	@echo "make bench         time attn beside PyTorch, JAX and autograd, which it installs for itself"
	@echo "make clean         remove what the commands above have made"

site: $(READY)
	$(PY) -m _hooks.build

serve: $(READY)
	BOOK_PRINT=false PYTHONPYCACHEPREFIX=.cache/pycache $(PY) -m mkdocs serve --livereload

test: export OPENBLAS_NUM_THREADS = 1
test: $(READY) site/index.html
	$(PY) -m _hooks.browser
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m pytest -n auto --dist loadfile

# The tests read the built site; they take the one that is there unless something changed since.
site/index.html: $(READY) $(SOURCES)
	$(PY) -m _hooks.build

evidence evidence-all: $(READY)
	$(PY) -m _hooks.experiments $@

bench: .venv-bench/.ready
	.venv-bench/bin/python -m _hooks.bench

clean:
	rm -rf .venv .venv-bench .cache build site .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The book needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@echo "Setting up .venv from requirements.txt; this takes a minute or two …"
	@$(PYTHON) -m venv --clear .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv-bench/.ready: pyproject.toml
	@echo "Setting up .venv-bench with the libraries to compare with …"
	@$(PYTHON) -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@.venv-bench/bin/python -m pip install --quiet --group bench
	@touch $@
