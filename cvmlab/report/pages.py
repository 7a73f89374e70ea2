"""From the executed notebook to pages: one HTML file that needs nothing else, its figures, a PDF, an index."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvmlab.core.fonts import FONT_FAMILY, FONT_FILE
from cvmlab.core.words import language, say, term

if TYPE_CHECKING:
    from cvmlab.data.reading import Log

    from .result import Group

_TEMPLATES = Path(__file__).parent / "template"
_BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge",
)  # fmt: skip
_BROWSER_SECONDS = 120
_FIGURES = ("rows", "amount", "customers", "yearly", "at_stake", "calls")


def write_html(notebook: Path, page: Path, *, figures: Path, title: str) -> None:
    """Export an executed notebook to one page that opens offline, and its pictures as numbered PNG files."""
    import nbformat

    content = nbformat.read(notebook, as_version=4)
    figures.mkdir(exist_ok=True)
    for number, (name, picture) in enumerate(_pictures(content), start=1):
        (figures / f"{number:02}-{name}.png").write_bytes(picture)
    said = {"title": title, "language": _language_tag(), "style": style()}
    body, _ = html_exporter().from_notebook_node(content, resources={"cvmlab": said})
    page.write_text(body, encoding="utf-8")


@cache
def html_exporter() -> Any:
    """Return what turns notebooks into pages, with its template loaded."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="case", extra_template_basedirs=[str(_TEMPLATES)], exclude_input=True)
    exporter.template  # noqa: B018
    return exporter


def style() -> str:
    """Return the stylesheet of reports."""
    return (_TEMPLATES / "case" / "style.css").read_text(encoding="utf-8")


def _language_tag() -> str:
    return "zh-CN" if language() == "zh" else "en"


def _pictures(content: Any) -> list[tuple[str, bytes]]:
    return [
        (output.metadata.get("image/png", {}).get("name", "figure"), base64.b64decode(output.data["image/png"]))
        for cell in content.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def write_pdf(page: Path, pdf: Path) -> tuple[bool, str]:
    """Print a page with WeasyPrint or an installed browser; return whether that worked and otherwise why not."""
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


def write_index(page: Path, title: str, by: str, groups: Sequence[Group], failed: Mapping[str, str], log: Log) -> None:
    """Write the page that leads to the reports of all groups; a group without one is listed with the reason.

    The lines of the groups add up to the line of all rows used; customers who belong to several groups are said to.
    """
    from jinja2 import Environment, FileSystemLoader

    heads = {name: term(f"report.index_{name}") for name in ("group", *_FIGURES, "quality")}
    pages = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)
    made = [group for group in groups if group.name not in failed]
    once, counted = log.quality.customers, sum(group.customers for group in groups)
    remarks = [say("report.index_left_out", rows=f"{_left_out(log):,}")] if _left_out(log) else []
    if counted != once:
        remarks.append(say("report.index_in_several", counted=f"{counted:,}", once=f"{once:,}"))
    said = pages.get_template("case/groups.html.j2").render(
        title=title, language=_language_tag(), style=style(), heads=heads, figures=_FIGURES,
        lead=say("report.index_lead", column=by, count=len(made)),
        rows=[_index_row(page.parent, group, failed) for group in groups],
        total=[term("report.index_all"), *_of_whole(log), "", "", ""], remarks=remarks,
    )  # fmt: skip
    page.write_text(said, encoding="utf-8")


def _left_out(log: Log) -> int:
    return log.quality.control_rows - log.quality.rows("used", "refund")


def _of_whole(log: Log) -> list[str]:
    found = log.quality
    return [f"{found.rows('used', 'refund'):,}", f"{found.amount('used', 'refund'):,.2f}", f"{found.customers:,}"]


def _index_row(folder: Path, group: Group, failed: Mapping[str, str]) -> dict[str, Any]:
    figures = [f"{group.rows:,}", f"{group.amount:,.2f}", f"{group.customers:,}"]
    row = {"group": group.name, "folder": group.folder, "figures": figures, "why": failed.get(group.name, "")}
    if row["why"]:
        return row
    record = json.loads((folder / group.folder / "case.json").read_text(encoding="utf-8"))
    figures += [f"{record['index'][name]:,.0f}" for name in ("yearly", "at_stake", "calls")]
    return {**row, "quality": term(f"report.light_{record['light']}")}
