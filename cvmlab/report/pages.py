"""From the executed notebook to pages: one HTML file that needs nothing else, its figures, a PDF, an index."""

from __future__ import annotations

import base64
import html
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvmlab.core.fonts import FONT_FAMILY, FONT_FILE
from cvmlab.core.words import language, say, term

if TYPE_CHECKING:
    from .result import Result

_TEMPLATES = Path(__file__).parent / "template"
_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
_BROWSER_SECONDS = 120


def write_html(notebook: Path, page: Path, *, figures: Path, title: str) -> None:
    """Export an executed report notebook to one page that opens offline, and save its figures.

    Parameters
    ----------
    notebook
        An executed notebook; its code is hidden, its text, HTML and PNG outputs are shown.
    page
        The HTML file to write; pictures are inside it, nothing is loaded from elsewhere.
    figures
        Folder for the pictures as PNG files, numbered in the order of the report.
    title
        Title of the page.
    """
    import nbformat
    from nbconvert import HTMLExporter

    content = nbformat.read(notebook, as_version=4)
    figures.mkdir(exist_ok=True)
    for number, (name, picture) in enumerate(_pictures(content), start=1):
        (figures / f"{number:02}-{name}.png").write_bytes(picture)
    exporter = HTMLExporter(template_name="case", extra_template_basedirs=[str(_TEMPLATES)])
    exporter.exclude_input = True
    said = {"title": title, "language": "zh-CN" if language() == "zh" else "en", "style": style()}
    body, _ = exporter.from_notebook_node(content, resources={"cvmlab": said})
    page.write_text(body, encoding="utf-8")


def style() -> str:
    """Return the stylesheet of reports."""
    return (_TEMPLATES / "case" / "style.css").read_text(encoding="utf-8")


def _pictures(content: Any) -> list[tuple[str, bytes]]:
    return [
        (
            output.metadata.get("image/png", {}).get("name", "figure"),
            base64.b64decode(output.data["image/png"]),
        )
        for cell in content.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def write_pdf(page: Path, pdf: Path) -> tuple[bool, str]:
    """Print a page to PDF with WeasyPrint, else with an installed Chromium, Chrome or Edge.

    Returns
    -------
    made : bool
        Whether there is a PDF now.
    note : str
        Why there is none, empty if there is.
    """
    if _print_with_weasyprint(page, pdf) or _print_with_browser(page, pdf):
        return True, ""
    return False, say("report.no_pdf_printer")


def _print_with_weasyprint(page: Path, pdf: Path) -> bool:
    try:
        # OSError: WeasyPrint is there, but the Pango library it draws with is not (often so on Windows)
        from weasyprint import CSS, HTML
        from weasyprint.text.fonts import FontConfiguration
    except (ImportError, OSError):
        return False
    fonts = FontConfiguration()
    face = f"@font-face {{ font-family: '{FONT_FAMILY}'; src: url('{FONT_FILE.as_uri()}'); }}"
    HTML(filename=str(page)).write_pdf(str(pdf), stylesheets=[CSS(string=face, font_config=fonts)], font_config=fonts)
    return True


def _print_with_browser(page: Path, pdf: Path) -> bool:
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        return False
    command = [browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
               "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.absolute().as_uri()]  # fmt: skip
    if _is_root():
        command.insert(1, "--no-sandbox")
    try:
        subprocess.run(command, capture_output=True, timeout=_BROWSER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return pdf.is_file()


def _is_root() -> bool:
    import os

    # Windows has no geteuid, and its browsers no such restriction
    return getattr(os, "geteuid", lambda: 1)() == 0


def write_index(page: Path, title: str, by: str, results: Sequence[Result], failed: Mapping[str, str]) -> None:
    """Write the page that leads to the reports of all groups; a group without one is listed with the reason."""
    rows = "".join(_index_row(result) for result in results)
    reasons = "".join(
        f"<tr><td class='id'>{html.escape(group)}</td><td colspan='5'>{html.escape(why)}</td></tr>"
        for group, why in failed.items()
    )
    heads = "".join(
        f"<th{' class=number' if number else ''}>{html.escape(term(f'report.index_{key}'))}</th>"
        for key, number in _INDEX_COLUMNS.items()
    )
    lang = "zh-CN" if language() == "zh" else "en"
    page.write_text(
        f"<!DOCTYPE html><html lang='{lang}'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<style>{style()}</style></head><body><main><h1>{html.escape(title)}</h1>"
        f"<p class='quiet'>{html.escape(say('report.index_lead', column=by, count=len(results)))}</p>"
        f"<div class='table'><table><thead><tr>{heads}</tr></thead><tbody>{rows}{reasons}</tbody></table></div>"
        "</main></body></html>",
        encoding="utf-8",
    )


_INDEX_COLUMNS = {
    "group": False,
    "customers": True,
    "yearly": True,
    "at_stake": True,
    "calls": True,
    "quality": False,
}


def _index_row(result: Result) -> str:
    import json
    from urllib.parse import quote

    record = json.loads((result.folder / "case.json").read_text(encoding="utf-8"))
    cells = "".join(
        f"<td class='number'>{record['index'][key]:,.0f}</td>" for key in ("customers", "yearly", "at_stake", "calls")
    )
    name = html.escape(result.folder.name)
    light = html.escape(term(f"report.light_{record['light']}"))
    link = f"<a href='{quote(result.folder.name)}/report.html'>{name}</a>"
    return f"<tr><td class='id'>{link}</td>{cells}<td>{light}</td></tr>"
