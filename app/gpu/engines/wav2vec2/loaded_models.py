"""Loaded alignment models by language."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.domain.errors import EngineLoadError

if TYPE_CHECKING:
    from app.gpu.engines.wav2vec2.alignment_model import AlignmentModel

_RETRY_AFTER_S = 600.0
"""Time until a model that failed to load is tried again: not for every window."""


class LoadedModels:
    """Models by language, loaded at first use; safe for any number of threads.

    Args:
        load: loads the model of a language; raises EngineLoadError.
        most: models that stay loaded; the least recently used is unloaded first.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        load: Callable[[str], AlignmentModel],
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._most = most
        self._clock = clock
        self._loaded: OrderedDict[str, AlignmentModel] = OrderedDict()
        self._failed: dict[str, tuple[float, EngineLoadError]] = {}
        self._guard = threading.Lock()
        self._loading = threading.Lock()

    def get(self, language: str) -> AlignmentModel:
        """Return the model of a language; load it unless it is loaded.

        A loaded model is returned at once, also while another one is being loaded.

        Raises:
            EngineLoadError: it cannot be loaded, or could not some minutes ago.
        """
        found = self._known(language)
        if found is not None:
            return found
        with self._loading:
            found = self._known(language)
            if found is not None:
                return found
            try:
                model = self._load(language)
            except EngineLoadError as error:
                with self._guard:
                    self._failed[language] = (self._clock(), error)
                raise
            self._add(language, model)
            return model

    @property
    def loaded(self) -> tuple[tuple[str, str], ...]:
        """Languages with the names of their models, the least recently used first."""
        with self._guard:
            return tuple((language, model.name) for language, model in self._loaded.items())

    def _known(self, language: str) -> AlignmentModel | None:
        with self._guard:
            if language in self._loaded:
                self._loaded.move_to_end(language)
                return self._loaded[language]
            if language in self._failed:
                since_s, error = self._failed[language]
                if self._clock() - since_s < _RETRY_AFTER_S:
                    raise EngineLoadError(error.message)
                del self._failed[language]
        return None

    def _add(self, language: str, model: AlignmentModel) -> None:
        with self._guard:
            self._loaded[language] = model
            while len(self._loaded) > self._most:
                self._loaded.popitem(last=False)
