# `make run` opens the application, `make test` runs every check; both install what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test setup system lint bench tour clean

run: setup
	$(BIN)/python main.py

test: setup lint
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python main.py bench

tour: setup
	QT_QPA_PLATFORM=offscreen $(BIN)/python main.py tour --out docs/pictures

setup: system $(VENV)/.installed

# Asking the network only when pyproject.toml changed lets the second start work without one.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	touch $@

system:
	@sh scripts/system-libraries.sh

clean:
	rm -rf $(VENV) build dist *.egg-info
