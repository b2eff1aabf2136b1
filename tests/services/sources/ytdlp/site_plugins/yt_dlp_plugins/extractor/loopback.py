"""A site on loopback, as an extractor for yt-dlp: what it says comes from the test's server."""

import socket

from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.utils import ExtractorError, UserNotLive


class LoopbackSiteIE(InfoExtractor):
    _VALID_URL = r"http://[\w.]+:\d+/watch/(?P<id>\w+)"

    def _real_extract(self, url):
        video_id = self._match_id(url)
        page = self._download_json(url.replace("/watch/", "/page/"), video_id)
        self._fail(page.pop("fails", None), video_id)
        around = page.pop("around_the_proxy", None)
        if around:
            socket.create_connection(tuple(around)).close()
        return {"id": video_id, "title": "A video", **page}

    def _fail(self, how, video_id):
        if how == "geo":
            self.raise_geo_restricted(countries=["DE"])
        if how == "login":
            self.raise_login_required()
        if how == "drm":
            self.report_drm(video_id)
        if how == "not_live":
            raise UserNotLive(video_id=video_id)
        if how == "defect":
            raise KeyError("streamingData")
        if how == "regex":
            self._search_regex("a", "b", "player version")
        if how:
            raise ExtractorError(how, expected=True, video_id=video_id)
