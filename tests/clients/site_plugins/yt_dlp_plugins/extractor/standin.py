"""YouTube's stand-in: ids name files of a local site, whose address the environment tells.

An id that begins with ``capt`` has a page of its own, ``ID.json``, which tells its captions as
yt-dlp does: kind, then language, then a list of ``ext`` and the name of a file.
"""

import os

from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.utils import ExtractorError


class StandinYoutubeIE(YoutubeIE, plugin_name="standin"):
    def _real_extract(self, url):
        video_id = self._match_id(url)
        if video_id.startswith("private"):
            raise ExtractorError("Private video", expected=True, video_id=video_id)
        site = os.environ["STANDIN_SITE"]
        page = {}
        if video_id.startswith("capt"):
            page = self._download_json(f"{site}/{video_id}.json", video_id)
        for tracks in page.values():
            for files in tracks.values():
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
