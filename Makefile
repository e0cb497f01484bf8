PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPING := $(VENV)/.developing
SOURCES := nnrun tests benchmarks docs
COVERING := $(wildcard $(addprefix tests/,analysis cli config data pages runs sources tasks))
TRAINING := $(wildcard $(addprefix tests/cli/test_,eval_command.py lr_find_command.py pages_of_commands.py train_command.py))

.PHONY: help demo test coverage faults lint types format catalogue docs gallery bench clean

help:  ## Say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(DEVELOPING): EXTRA := [dev]
$(INSTALLED) $(DEVELOPING): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "nnrun needs Python 3.11 or newer"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.$(EXTRA)'
	touch $(INSTALLED) $@

demo: $(INSTALLED)  ## Install nnrun into .venv and train a small network on data it carries
	@$(BIN)/nnrun train configs/digits_mlp.yaml
	@echo
	@echo "That was your first run. Look at the curves named above, or at all of it with:"
	@echo "  $(BIN)/nnrun tensorboard"
	@echo "Then change configs/digits_mlp.yaml and train again:"
	@echo "  $(BIN)/nnrun train configs/digits_mlp.yaml --set optimizer.Adam.learning_rate=0.01"

test: $(DEVELOPING)  ## Run all tests; those on the big data sets where NNRUN_DATA names them
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

coverage: $(DEVELOPING)  ## See that tests reach the lines and branches of what needs no training
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --cov --cov-report=term:skip-covered $(COVERING) $(addprefix --ignore=,$(TRAINING))

faults: $(DEVELOPING)  ## Break runs off in every way, 20 times each, and note it in docs/
	$(BIN)/python tests/faults/campaign.py 20

lint: $(DEVELOPING)  ## Check style, formatting, types and which module may import which
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

types: $(DEVELOPING)  ## Check the type hints
	$(BIN)/mypy

format: $(DEVELOPING)  ## Format the code
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

catalogue: $(DEVELOPING)  ## Read the classes of the installed Keras anew
	$(BIN)/python -m nnrun.cataloguing

docs: $(DEVELOPING)  ## Write the generated parts of docs/
	$(BIN)/python -m docs.generate

gallery: $(INSTALLED)  ## Run every config, and write docs/gallery.md
	$(BIN)/nnrun gallery

bench: $(DEVELOPING)  ## Measure nnrun against its peers, side by side: about a quarter of an hour
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks.compare --json benchmarks/results.json
	$(BIN)/python -m benchmarks.range_test
	$(BIN)/python -m benchmarks.startup

clean:  ## Remove the environment and everything made, but not the runs
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
