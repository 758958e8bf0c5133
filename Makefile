# `make demo` shows the laboratory at work; `make test` checks all of it. Both start from a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# a folder of datasets beside the checkout is used where there is one
export WORKBENCH_DATA ?= $(if $(wildcard ../shared/data/names),$(abspath ../shared/data))

.PHONY: demo test check bench chaos clusters mutants clean

demo: $(VENV)/installed
	$(BIN)/workbench train names --cell lstm --headless
	$(BIN)/workbench show last
	$(BIN)/workbench predict last Satoshi Müller Nguyen "O'Neill" Kowalski

# the checks run beside the tests, most of which wait now and then; what they say stands at the end
test: $(VENV)/installed-dev
	@said=$$(mktemp) && { $(MAKE) --no-print-directory check >$$said 2>&1 & }; checking=$$!; \
	$(BIN)/pytest; tests=$$?; wait $$checking; checks=$$?; cat $$said; rm $$said; \
	test $$checks = 0 || echo "make check failed"; test $$tests = 0 || echo "pytest failed"; \
	test $$checks = 0 -a $$tests = 0

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed
	$(BIN)/python bench/cells.py

# every fault on purpose, counted; SEED=7 draws other instants and bytes
chaos: $(VENV)/installed-dev
	WORKBENCH_CHAOS=whole WORKBENCH_CHAOS_SEED=$(or $(SEED),13) $(BIN)/pytest tests/chaos tests/project/test_every_pair.py --timeout 900

# the faults of clusters, each tried: Slurm where `sinfo` answers, Ray where it is installed
clusters: $(VENV)/installed-dev
	$(BIN)/pip install --quiet --editable '.[cluster]'
	WORKBENCH_CLUSTERS=whole $(BIN)/pytest tests/executors -n 0 --timeout 900

# ONLY='workbench.engine.ema* cells.gru*' names functions by their modules; nothing: all that pyproject.toml lists, for hours
mutants: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/mutmut run $(foreach name,$(ONLY),'$(name)')
	$(BIN)/mutmut results

$(VENV)/installed: pyproject.toml
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) dist mutants .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
