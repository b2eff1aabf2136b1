"""YouTube's stand-in: ids name files of a local site, whose address the environment tells.

An id that begins with ``capt`` or ``page``, and that of the API's examples, has a page of its own,
``ID.json``, which is asked for once by each extraction. It tells what yt-dlp would tell
(``title``, ``description``, ``chapters``, ``duration``, ``language``, ...), its captions as yt-dlp
does (kind, then language, then a list of ``ext`` and the name of a file), or with ``fails`` why
there is no video. With ``waits_s`` it takes so long to say so.
"""

import os
import time

from yt_dlp.extractor.youtube import YoutubeIE

_SAYS = {
    "private": "Private video. Sign in if you've been granted access to this video",
    "age": "Sign in to confirm your age. This video may be inappropriate for some users",
    "bot": "Sign in to confirm you’re not a bot. Use --cookies for the authentication",
    "removed": "Video unavailable. This video has been removed by the uploader",
    "login": "Join this channel to get access to members-only content like this video",
    "upcoming": "Premieres in 3 hours",
    "limited": "This content isn't available, try again later",
}
"""Reasons in YouTube's own words."""


class StandinYoutubeIE(YoutubeIE, plugin_name="standin"):
    def _real_extract(self, url):
        video_id = self._match_id(url)
        site = os.environ["STANDIN_SITE"]
        page = {}
        if video_id.startswith(("capt", "page", "dQw4w9WgXcQ")):
            page = self._download_json(f"{site}/{video_id}.json", video_id)
        time.sleep(page.pop("waits_s", 0))
        self._fail("private" if video_id.startswith("private") else page.pop("fails", ""), video_id)
        for kind in ("subtitles", "automatic_captions"):
            for files in page.get(kind, {}).values():
                for file in files:
                    file["url"] = f"{site}/{file['url']}"
        return {
            "id": video_id,
            "title": "A video",
            "url": f"{site}/{video_id}.wav",
            "ext": "wav",
            "vcodec": "none",
            **page,
        }

    def _fail(self, how, video_id):
        if how == "geo":
            self.raise_geo_restricted(
                "The uploader has not made this video available in your country", ["DE"]
            )
        if how == "drm":
            self.report_drm(video_id)
        if how:
            self.raise_no_formats(_SAYS[how], expected=True, video_id=video_id)
