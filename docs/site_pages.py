"""Hooks of the docs site: its navigation, and pages that are written from the program."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
_SECTIONS = (
    ("Start", ("index.md", "start-cpu.md", "start-gpu.md", "pod.md", "load-balancer.md")),
    ("Use", ("terminal.md", "api.md", "api-reference.md", "errors.md", "settings.md")),
    ("Subtitles", ("formats.md", "layout.md", "quality.md", "editor.md", "media.md", "sites.md")),
    ("Operate", ("queue-worker.md", "roles.md", "scaling.md", "supabase.md", "security.md")),
    ("Inside", ("architecture.md", "glossary.md", "benchmarks.md")),
)
_FOLDERS = (("Clients", "clients"), ("Decisions", "decisions"))
"""Folders whose pages are found: files may be added to them."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write the navigation: named sections, folders, and in the end whatever is left."""
    docs = Path(config.docs_dir)
    named = {page for _, pages in _SECTIONS for page in pages}
    nav: list[Any] = [{title: list(pages)} for title, pages in _SECTIONS]
    for title, folder in _FOLDERS:
        if pages := sorted(f"{folder}/{path.name}" for path in (docs / folder).glob("*.md")):
            nav.insert(2 if folder == "clients" else len(nav), {title: pages})
    if left := sorted(path.name for path in docs.glob("*.md") if path.name not in named):
        nav.insert(-1, {"More": left})
    config.nav = nav
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are written from the program."""
    sys.path.insert(0, str(ROOT))
    from scripts.docs_pages import api_reference, errors_page

    for name, text in (("api-reference.md", api_reference()), ("errors.md", errors_page())):
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links out of the folder to the repository, and those to decisions to their first.

    Without ``repo_url`` a file that is no page is named by its path in the repository.
    """
    del files
    depth = page.file.src_uri.count("/") + 1
    away = re.compile(r"\[([^\]\n]+)\]\((?:\.\./){" + str(depth) + r"}([^)\s]+)\)")
    markdown = away.sub(lambda found: _outside(found[1], found[2], config.repo_url), markdown)
    first = "decisions/0001-uv-inside-the-environment.md"
    return markdown.replace("](decisions)", f"]({first})")


def _outside(text: str, path: str, repository: str | None) -> str:
    """Return what stands for a link to a file of the repository that is no page."""
    if repository:
        return f"[{text}]({repository.rstrip('/')}/blob/HEAD/{path})"
    plain = text.strip("`")
    return text if plain == path.rstrip("/") else f"{text} (`{path}`)"
