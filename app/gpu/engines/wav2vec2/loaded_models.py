"""The models that are loaded, and why others are not."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.domain.errors import EngineLoadError

if TYPE_CHECKING:
    from app.gpu.engines.wav2vec2.alignment_model import AlignmentModel

_FORGET_AFTER_S = 600.0
"""How long a failure counts: a hub that does not answer is not asked again for every window."""


class LoadedModels:
    """Models by language, loaded when they are first wanted; any thread may ask.

    Args:
        load: loads the model of a language; raises EngineLoadError.
        most: models that stay loaded.
        clock: seconds that only rise.
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

    def take(self, language: str) -> AlignmentModel:
        """Return the model of a language, the loaded one if there is one.

        A loaded model is returned at once, whatever else is being loaded.

        Raises:
            EngineLoadError: it cannot be loaded, or could not some minutes ago.
        """
        found = self._seen(language)
        if found is not None:
            return found
        with self._loading:
            found = self._seen(language)
            if found is not None:
                return found
            try:
                made = self._load(language)
            except EngineLoadError as error:
                with self._guard:
                    self._failed[language] = (self._clock(), error)
                raise
            self._keep(language, made)
            return made

    @property
    def loaded(self) -> tuple[tuple[str, str], ...]:
        """Languages with their models' names, the one unused for longest first."""
        with self._guard:
            return tuple((language, made.name) for language, made in self._loaded.items())

    def _seen(self, language: str) -> AlignmentModel | None:
        with self._guard:
            if language in self._loaded:
                self._loaded.move_to_end(language)
                return self._loaded[language]
            if language in self._failed:
                since_s, error = self._failed[language]
                if self._clock() - since_s < _FORGET_AFTER_S:
                    raise EngineLoadError(error.message)
                del self._failed[language]
        return None

    def _keep(self, language: str, made: AlignmentModel) -> None:
        with self._guard:
            self._loaded[language] = made
            while len(self._loaded) > self._most:
                self._loaded.popitem(last=False)
