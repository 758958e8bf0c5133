"""Search of settings by Optuna: trials are runs of the study, pruned by STOP at their evaluations.

Source: T. Akiba et al., Optuna: A Next-generation Hyperparameter Optimization Framework, KDD 2019; its default sampler
is TPE (J. Bergstra et al., NeurIPS 2011), its pruner stops a trial that is worse than the median of the others.
"""

from __future__ import annotations

import importlib.util
import subprocess
import time
from contextlib import suppress
from typing import Any

from tasks.base import PlainError, Value
from workbench.config.fields import as_typed
from workbench.executors import log
from workbench.executors.local import Slot
from workbench.executors.places import Place, Places, on_gpus
from workbench.runs import folder, launch
from workbench.runs.comparison import setting_words
from workbench.runs.folder import RunError
from workbench.runs.history import read_history
from workbench.runs.run import Run
from workbench.studies import space
from workbench.studies.space import Search
from workbench.studies.study import Study, StudyError

_JOURNAL = "optuna.log"
_STARTUP = 5  # trials that are never pruned
_WARMUP = 1  # evaluations of a trial before it may be pruned


def check_installed() -> None:
    """Raise StudyError: Optuna is not installed."""
    if importlib.util.find_spec("optuna") is None:
        raise StudyError("A search needs Optuna: `pip install 'workbench-rnn[search]'` installs it.")


class _HeldByTheStudy:
    """Lock of the journal in place of Optuna's own, which a killed queue leaves behind: the study's lock guards it."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


class SearchQueue:
    """Trials of a search that train, and the sampler that chooses the next."""

    def __init__(self, study: Study, search: Search, *, jobs: int, per_gpu: int) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study, self._search, self._optuna = study, search, optuna
        self._base = study.content.runs[0].described
        with folder.open_regular(study.path / _JOURNAL, "r+b") as journal:  # Optuna would follow a stranger's link
            journal.truncate(journal.read().rfind(b"\n") + 1)  # cut off by a full disk: nothing could follow it
        self._trials = optuna.create_study(
            storage=JournalStorage(
                JournalFileBackend(str(study.path / _JOURNAL), lock_obj=_HeldByTheStudy())  # type: ignore[arg-type]
            ),
            study_name=study.id,
            load_if_exists=True,
            direction="maximize" if search.maximize else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=_WARMUP),
        )
        begun = len(self._trials.trials)  # the same seed again would choose the first trials' values again
        self._trials.sampler = optuna.samplers.TPESampler(seed=search.seed + begun)
        self._places = Places([self._base] * search.trials, jobs=jobs, per_gpu=per_gpu, say=log.say)
        running = optuna.trial.TrialState.RUNNING
        self._left = [frozen.number for frozen in self._trials.trials if frozen.state == running]  # of a killed queue
        self._live: dict[int, tuple[Any, subprocess.Popen[bytes] | None]] = {}
        self._told: dict[int, int] = {}  # by trial: the last step that was reported
        self._pruned: set[int] = set()
        self.refused = 0  # trials that could not be started

    def work(self) -> bool:
        """Report evaluations, take in what has ended, start what there is room for.

        Returns:
            whether anything is left to wait for.
        """
        for number, (trial, worker) in list(self._live.items()):
            self._report(number, trial)
            run = self._study.run(number + 1)
            if worker.poll() is None if worker else run.trains():
                continue
            del self._live[number]
            self._places.release(run)
            self._conclude(number, trial)
        while self._left or len(self._trials.trials) < self._search.trials:
            place = self._places.take(self._base)
            if place is None:
                return True
            self._start(place)
        return bool(self._live)

    def stop(self) -> None:
        """Start nothing more; ask what trains to save a checkpoint and end: such a trial is gone on with later."""
        while self._live:
            for number, (_, worker) in list(self._live.items()):
                run = self._study.run(number + 1)
                if worker.poll() is None if worker else run.trains():
                    with suppress(RunError):
                        run.request_stop()
                else:
                    del self._live[number]
                    self._places.release(run)
            time.sleep(0.2)

    def _start(self, place: Place) -> None:
        """Start or go on with a trial; one that cannot be described or started fails, and costs no other."""
        number = self._left.pop(0) if self._left else -1
        trial = self._optuna.trial.Trial(self._trials, self._trials.trials[number]._trial_id) if number >= 0 else None
        trial = trial or self._trials.ask()
        values = self._suggested(trial)
        try:
            described = space.chosen(self._base, values)
            label = ", ".join(setting_words(key, as_typed(value)) for key, value in values.items())
            run = self._study.begin(trial.number + 1, described, label)
            worker = None if run.trains() else self._launched(run, place.slot)
        except (PlainError, OSError) as error:
            self.refused += 1
            log.say(f"Trial {trial.number + 1} was not started: {error}")
            self._trials.tell(trial, state=self._optuna.trial.TrialState.FAIL)
            return
        log.say(f"{run.id} ({label}) begins{on_gpus(place)}.")
        if worker:
            self._places.hold(run, place)
        else:
            self._places.adopt(run)
        self._live[trial.number] = (trial, worker)

    def _launched(self, run: Run, slot: Slot) -> subprocess.Popen[bytes] | None:
        if run.status() == "finished":
            return None
        return launch.start(run, slot.device, slot.threads, gpus=slot.gpus)

    def _suggested(self, trial: Any) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for one in self._search.space:
            if one.kind == "choice":
                values[one.key] = trial.suggest_categorical(one.key, one.choices)
            elif one.kind == "int":
                values[one.key] = trial.suggest_int(one.key, int(one.low), int(one.high), log=one.log)
            else:
                values[one.key] = space.rounded(trial.suggest_float(one.key, one.low, one.high, log=one.log), one)
        return values

    def _report(self, number: int, trial: Any) -> None:
        """Report a trial's new evaluations, and ask it to stop where it is to be pruned."""
        run = self._study.run(number + 1)
        try:
            evals = read_history(run.events_file).evals
        except (RunError, OSError):
            return
        for count, event in enumerate(evals):
            value = event.metrics.get(self._search.metric)
            if event.step > self._told.get(number, -1) and value is not None:
                trial.report(value, count)
                self._told[number] = event.step
        if number not in self._pruned and trial.should_prune():
            with suppress(RunError):  # it has ended by itself
                run.request_stop()
                self._pruned.add(number)

    def _conclude(self, number: int, trial: Any) -> None:
        """Tell the sampler how a trial ended; one that cannot be read any more has failed."""
        run, states = self._study.run(number + 1), self._optuna.trial.TrialState
        status, values = "unreadable", []
        with suppress(RunError, OSError):
            evals = read_history(run.events_file).evals
            values = [v for event in evals if (v := event.metrics.get(self._search.metric)) is not None]
            status = run.status()
        if status == "finished" and values:
            self._trials.tell(trial, (max if self._search.maximize else min)(values))
        elif status == "stopped" and number in self._pruned:
            self._trials.tell(trial, state=states.PRUNED)
        else:
            self._trials.tell(trial, state=states.FAIL)
        log.say(f"{run.id} is {status}{' (pruned)' * (number in self._pruned)}.")
