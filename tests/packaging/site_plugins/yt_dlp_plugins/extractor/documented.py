"""YouTube's stand-in: every id is one recording of a local site, with English captions."""

import os

from yt_dlp.extractor.youtube import YoutubeIE


class DocumentedYoutubeIE(YoutubeIE, plugin_name="documented"):
    def _real_extract(self, url):
        site = os.environ["STANDIN_SITE"]
        return {
            "id": self._match_id(url),
            "title": "A video",
            "url": f"{site}/talk.mp4",
            "ext": "mp4",
            "vcodec": "none",
            "subtitles": {"en": [{"ext": "json3", "url": f"{site}/captions.json3"}]},
        }
