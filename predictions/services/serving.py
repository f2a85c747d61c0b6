"""The model that this worker serves, and how it follows the champion without a restart.

A watcher thread asks which version is the champion. When it is another, that version is loaded
beside the one that serves, verified, asked a first question, and put in its place: requests that
run keep the pair of version and model that they began with.
"""

import logging
import math
import threading
import time
import traceback
from collections import OrderedDict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import django.db
from django.conf import settings

from buildings.services.interpreter import interpreter_tuned
from mlmodel import registry
from mlmodel.errors import ModelUnavailableError
from mlmodel.features import FEATURES, FeatureRow
from mlmodel.models import ModelVersion
from mlmodel.runtime import ServedModel
from mlmodel.selectors import model_version_champion, model_version_champion_id
from predictions.metrics import serving_set

logger = logging.getLogger(__name__)

#: Versions that are kept loaded beside the one that serves, whoever asks for how many: candidate
#: and champion of a comparison, or what callers pin.
_CACHED_VERSIONS: Final = 2
#: At most this long between two tries of a champion that does not load, and between two questions
#: to a database that does not answer.
_LONGEST_PAUSE_S: Final = 60.0
_LONGEST_SILENCE_S: Final = 10.0
#: How long a thread may keep the interpreter to itself while a model is being loaded, s.
_SWITCH_INTERVAL_S: Final = 0.0005
#: What each model is asked before it serves: the documented examples of the required features.
_FIRST_QUESTION: Final[FeatureRow] = {
    feature.name: feature.example if feature.is_required else None for feature in FEATURES
}


@dataclass(frozen=True, slots=True)
class Serving:
    """A loaded model and the row that says which it is; always read and replaced together."""

    version: ModelVersion
    model: ServedModel


_serving: Serving | None = None
_serving_lock = threading.Lock()
_cache: "OrderedDict[int, ServedModel]" = OrderedDict()
_cache_lock = threading.Lock()
#: One version is parsed at a time: memory and time of a worker are bounded, whatever is asked for.
_load_lock = threading.Lock()
_watcher: "Watcher | None" = None


def serving_get() -> Serving:
    """The served model of this worker, loaded at first use and replaced by the watcher.

    Read it once a request. The champion is resolved to a version first and that version is loaded,
    so that a promotion in between cannot mix the two.

    Raises ModelUnavailableError when there is no champion or its files cannot be had, and
    ArtifactIntegrityError or SignatureMismatchError when the files are not the registered ones.
    """
    global _serving  # noqa: PLW0603 -- one per process, guarded by the lock
    serving = _serving  # once: the watcher may replace it, a reset may take it away
    if serving is None:
        with _serving_lock:
            serving = _serving
            if serving is None:
                version = model_version_champion(name=settings.SERVED_MODEL_NAME)
                if version is None:
                    raise ModelUnavailableError(
                        f"no version of {settings.SERVED_MODEL_NAME} is the champion; "
                        "promote one with `manage.py promote_model`"
                    )
                serving = _serving = Serving(version, _load(version))
                serving_set(version=version, former=None)
    return serving


def serving_refresh() -> Serving | None:
    """Serve the champion if it is another version than the one served; what serves from now on.

    Without a champion the one that serves goes on, if there is one. Raises what `serving_get`
    raises, and ModelUnavailableError when the champion has no answer to a first question: then
    nothing has changed either.
    """
    return _take_up(model_version_champion_id(name=settings.SERVED_MODEL_NAME))


def _take_up(champion_id: int | None) -> Serving | None:
    global _serving  # noqa: PLW0603
    serving = _serving
    if champion_id is None or (serving is not None and serving.version.pk == champion_id):
        return serving
    version = model_version_champion(name=settings.SERVED_MODEL_NAME)
    if version is None:
        return serving
    with _load_lock, _requests_first():
        model = _load(version)
    with _serving_lock:
        _serving = Serving(version, model)
        serving_set(version=version, former=serving.version if serving else None)
    logger.info("%s serves from now on; it was %s", version, serving.version if serving else None)
    return _serving


def served_model(version: ModelVersion) -> ServedModel:
    """This version, loaded and verified; the last few are kept. Raises what `serving_get` raises.

    For replay and shadow, explanations of former predictions, and callers who pin a version. Who
    asks for a loaded version does not wait for the loading of another.
    """
    model = _loaded_model(version)
    if model is None:
        with _load_lock:
            model = _loaded_model(version)  # another thread may have been faster
            if model is None:
                with _requests_first():
                    model = _load(version)
                with _cache_lock:
                    _cache[version.pk] = model
                    while len(_cache) > _CACHED_VERSIONS:
                        _cache.popitem(last=False)
    return model


def _loaded_model(version: ModelVersion) -> ServedModel | None:
    serving = _serving
    if serving is not None and serving.version.pk == version.pk:
        return serving.model
    with _cache_lock:
        model = _cache.get(version.pk)
        if model is not None:
            _cache.move_to_end(version.pk)  # the last is the one used last
        return model


def log_model_failure(
    who: str, error: Exception, *, prediction_request_id: UUID | None = None
) -> None:
    """Say which model failed, and where: frames only, for an exception's text may quote an
    input."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    extra = {"prediction_request_id": str(prediction_request_id or "")}
    logger.error("%s failed with %s\n%s", who, type(error).__name__, frames, extra=extra)


def serving_reset() -> None:
    """Forget every loaded model; the next call loads the champion."""
    global _serving  # noqa: PLW0603
    with _serving_lock, _cache_lock:
        _serving = None
        _cache.clear()


def served_model_warm() -> None:
    """Load the model before the first caller waits for it. A failure is logged: `/readyz` then
    answers 503."""
    try:
        serving_get()
    except Exception:
        logger.exception("the served model could not be loaded")


def _load(version: ModelVersion) -> ServedModel:
    """Verified files, and an answer to a first question, which also touches what is loaded late."""
    model = ServedModel.load(
        registry.artifact_directory(version),
        name=version.name,
        version=version.version,
        file_digests=version.file_digests,
        signature=version.signature,
    )
    try:
        (answer,) = model.predict([_FIRST_QUESTION])
    except Exception as error:
        raise ModelUnavailableError(f"{version} has no answer to a first question.") from error
    if not math.isfinite(answer.site_energy_use_kbtu):
        raise ModelUnavailableError(f"{version} answers a first question with no number.")
    return model


def _requests_first() -> AbstractContextManager[None]:
    """Let threads that answer requests get the interpreter soon, while a model is parsed beside.

    By default a thread may keep it for 5 ms, each time another one asks for it back; and the many
    objects of a model make the garbage collector go through everything, in one go. Measured, the
    slowest request during a load takes 60 ms instead of 600.
    """
    return interpreter_tuned(switch_interval_s=_SWITCH_INTERVAL_S)


class Watcher(threading.Thread):
    """Looks for a new champion every `interval_s`, with a database connection of its own.

    Whatever fails, what serves goes on serving. A champion that cannot be taken up is logged once
    and tried again after ever longer pauses, while another one is still noticed at once; so is a
    database that does not answer.
    """

    def __init__(self, *, interval_s: float) -> None:
        super().__init__(name="champion-watcher", daemon=True)
        self.interval_s = interval_s
        #: The champion that could not be taken up, by primary key.
        self.failed_id: int | None = None
        self._retry_pause_s = interval_s
        self._retry_at = 0.0
        self._is_database_down = False
        self._stopping = threading.Event()

    def run(self) -> None:
        pause_s = self.interval_s
        try:
            while not self._stopping.wait(pause_s):
                try:
                    self._look()
                except django.db.Error as error:
                    django.db.connection.close()  # the next look opens another
                    self._note_database(error)
                    pause_s = max(self.interval_s, min(2 * pause_s, _LONGEST_SILENCE_S))
                else:
                    self._is_database_down = False
                    pause_s = self.interval_s
        finally:
            django.db.connection.close()

    def stop(self, *, timeout_s: float = 2.0) -> None:
        """Ask it to end and wait for it, but not for a load to finish."""
        self._stopping.set()
        self.join(timeout_s)

    def _look(self) -> None:
        champion = model_version_champion_id(name=settings.SERVED_MODEL_NAME)
        if champion is not None and champion == self.failed_id:
            if time.monotonic() < self._retry_at:
                return
        else:
            self._retry_pause_s = self.interval_s
        try:
            _take_up(champion)
        except django.db.Error:
            raise
        except Exception as error:  # noqa: BLE001 -- the thread must outlive whatever a file may hold
            self._note_champion(champion, error)
        else:
            self.failed_id = None

    def _note_champion(self, champion: int | None, error: Exception) -> None:
        self._retry_pause_s = min(2 * self._retry_pause_s, _LONGEST_PAUSE_S)
        self._retry_at = time.monotonic() + self._retry_pause_s
        if champion != self.failed_id:
            version = model_version_champion(name=settings.SERVED_MODEL_NAME)
            logger.error(
                "the champion %s cannot be taken up; %s", version, _goes_on(), exc_info=error
            )
        self.failed_id = champion

    def _note_database(self, error: Exception) -> None:
        if not self._is_database_down:
            # The type alone: an error's text may quote where the database is.
            logger.warning(
                "who is the champion cannot be asked (%s); %s", type(error).__name__, _goes_on()
            )
        self._is_database_down = True


def _goes_on() -> str:
    serving = _serving
    return f"{serving.version} goes on serving" if serving else "nothing serves"


def serving_watch() -> None:
    """Follow the champion in this process, from now on; off with MODEL_POLL_SECONDS = 0.

    Call it once a worker, after the fork.
    """
    global _watcher  # noqa: PLW0603
    if _watcher is None and settings.MODEL_POLL_SECONDS > 0:
        _watcher = Watcher(interval_s=settings.MODEL_POLL_SECONDS)
        _watcher.start()


def serving_unwatch() -> None:
    """Stop following; nothing if it was not begun."""
    global _watcher
    watcher, _watcher = _watcher, None
    if watcher is not None:
        watcher.stop()


def serving_is_former() -> bool:
    """Whether the champion could not be taken up, so that a former one goes on serving."""
    watcher = _watcher
    return _serving is not None and watcher is not None and watcher.failed_id is not None
