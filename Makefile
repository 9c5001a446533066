# make run   runs both workspaces and prints where their reports are
# make test  runs the whole test suite
# Needed: Python 3.11 or newer, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test clean

run: $(VENV)/.installed
	@$(BIN)/aftershock run
	@$(BIN)/aftershock run --workspace examples/facebook-2012

test: $(VENV)/.tested
	$(BIN)/python -m pytest

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aftershock needs Python 3.11 or newer; name one with make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) --editable '.[cluster,models,test]'
	touch $@

clean:
	rm -rf $(VENV)
