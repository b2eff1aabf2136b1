"""A site with playlists: ``list-NAME.json`` is what yt-dlp would tell of one.

``endless`` entries of the same kind follow its own, each made when it is asked for, as yt-dlp asks
a site for page after page.
"""

from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.utils import ExtractorError


class StandinListIE(InfoExtractor):
    _VALID_URL = r"http://[\w.]+:\d+/(?P<id>list-\w+)\.json"

    def _real_extract(self, url):
        name = self._match_id(url)
        page = self._download_json(url, name)
        if "fails" in page:
            raise ExtractorError(page["fails"], expected=True, video_id=name)
        more = page.pop("endless", 0)
        if more:
            page["entries"] = self._made(url, page["entries"], more)
        return {"_type": "playlist", "id": name, **page}

    def _made(self, url, entries, more):
        yield from entries
        for number in range(more):
            yield self.url_result(f"{url}/{number}", video_id=str(number))
