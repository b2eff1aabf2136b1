"""YouTube's stand-in: ids name files of a local site, whose address the environment tells."""

import os

from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.utils import ExtractorError


class StandinYoutubeIE(YoutubeIE, plugin_name="standin"):
    def _real_extract(self, url):
        video_id = self._match_id(url)
        if video_id.startswith("private"):
            raise ExtractorError("Private video", expected=True, video_id=video_id)
        return {
            "id": video_id,
            "title": "A video",
            "url": f"{os.environ['STANDIN_SITE']}/{video_id}.wav",
            "ext": "wav",
            "vcodec": "none",
        }
