"""Which audio track is heard."""

import pytest

from app.domain.errors import InvalidAudioTrackError, UnreadableMediaError
from app.domain.language import Language
from app.domain.media import AudioTrack
from app.services.media.track_choice import TrackWish, channel_of, ranked_tracks
from app.services.media.track_roles import role_of

SPANISH = AudioTrack(0, ("es",), default=True)
ENGLISH = AudioTrack(1, ("en",))
COMMENTARY = AudioTrack(2, ("en",), "With the director", "commentary", channels=6)
DESCRIBED = AudioTrack(3, ("en",), role="description")
UNMARKED = AudioTrack(4)
ALL = (SPANISH, ENGLISH, COMMENTARY, DESCRIBED, UNMARKED)


def chosen(tracks: tuple[AudioTrack, ...], spoken: str = "", track: int | str | None = None) -> int:
    wish = TrackWish(track, Language(spoken) if spoken else None)
    return ranked_tracks(tracks, wish)[0].index


@pytest.mark.parametrize(
    ("tracks", "spoken", "index"),
    [
        (ALL, "", 0),
        (ALL, "en", 1),
        (ALL, "en-GB", 1),
        (ALL, "es-419", 0),
        (ALL, "fr", 4),
        ((SPANISH, COMMENTARY), "en", 2),
        ((COMMENTARY, SPANISH), "", 0),
        ((DESCRIBED, COMMENTARY, UNMARKED), "", 4),
        ((DESCRIBED, COMMENTARY), "", 3),
    ],
)
def test_case_2_language_then_role_then_default(
    tracks: tuple[AudioTrack, ...], spoken: str, index: int
) -> None:
    assert chosen(tracks, spoken) == index


@pytest.mark.parametrize(("track", "index"), [(0, 0), (2, 2), ("en", 1), ("es-MX", 0), (4, 4)])
def test_the_request_decides(track: int | str, index: int) -> None:
    assert chosen(ALL, "es", track) == index


@pytest.mark.parametrize("track", [5, 99, "fr"])
def test_a_track_that_is_not_there_is_an_error_that_lists_them(track: int | str) -> None:
    with pytest.raises(InvalidAudioTrackError, match=r"0 \(es\); 1 \(en\); 2 \(en, commentary"):
        ranked_tracks(ALL, TrackWish(track))


def test_a_track_that_cannot_be_decoded_is_none() -> None:
    broken = AudioTrack(0, ("en",), default=True, decodable=False)
    assert chosen((broken, UNMARKED), "en") == 4
    with pytest.raises(UnreadableMediaError):
        ranked_tracks((broken,), TrackWish())
    with pytest.raises(InvalidAudioTrackError, match="cannot be decoded"):
        ranked_tracks((broken, UNMARKED), TrackWish(0))


def test_a_language_for_each_channel() -> None:
    both = AudioTrack(0, ("en", "es"))
    assert channel_of(both, Language("es")) == 1
    assert channel_of(both, Language("fr")) is None
    assert chosen((AudioTrack(1, ("fr",)), both), "es") == 0


@pytest.mark.parametrize(
    ("title", "role"),
    [
        *((title, "commentary") for title in ("Commentary", "Director's comments", "Комментарии")),
        *((title, "commentary") for title in ("Audiokommentar", "Comentario del director")),
        *((title, "commentary") for title in ("Commentaire audio", "Commento", "导演评论")),
        *((title, "description") for title in ("Audio Description", "English (AD)", "Hörfilm")),
        *((title, "description") for title in ("Audiodescription", "Audiodescripción", "DVS")),
        *((title, "description") for title in ("Audiodeskription", "音声解説", "Тифлокомментарий")),
        *((title, "music") for title in ("Music & Effects", "Karaoke", "Isolated Score")),
        *((title, "main") for title in ("", "English", "Stereo", "Surround 5.1", "Adam", "Madrid")),
        *((title, "main") for title in ("Deutsch", "Original", "Director's cut", "Advanced")),
    ],
)
def test_titles_tell_roles(title: str, role: str) -> None:
    assert role_of({}, title) == role


@pytest.mark.parametrize(
    ("mark", "role"),
    [("comment", "commentary"), ("visual_impaired", "description"), ("karaoke", "music")],
)
def test_marks_tell_roles(mark: str, role: str) -> None:
    assert role_of({mark: 1, "default": 1}, "English") == role
    assert role_of({mark: 0, "default": 1}, "English") == "main"
