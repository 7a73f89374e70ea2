"""What the page of a what-if needs beside its widgets: looks, sentences, tables, names for screen readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from cvmlab.core.words import term, wording

_STYLE = """<style>
.cvm-whatif .widget-hslider, .cvm-whatif .widget-text, .cvm-whatif .widget-dropdown, .cvm-whatif .widget-checkbox {
  height: auto; width: auto; min-height: 28px; margin: 0 2px 3px; align-items: center }
.cvm-whatif .widget-hslider > label, .cvm-whatif .widget-text > label, .cvm-whatif .widget-dropdown > label {
  flex: 1 1 150px; width: auto; max-width: none; text-align: left; height: auto; line-height: 16px; white-space: normal;
  margin-right: 6px }
.cvm-whatif .widget-checkbox > label { line-height: 16px; white-space: normal }
.cvm-whatif .widget-text > input, .cvm-whatif .widget-dropdown > select { flex: 0 0 150px; height: 28px }
.cvm-whatif .widget-hslider .slider-container { flex: 0 0 116px; margin: 0 8px }
.cvm-whatif .widget-readout { flex: 0 0 auto; min-width: 46px; text-align: right; margin-left: 2px; padding: 0 2px }
.cvm-whatif .cvm-buttons .widget-button { height: 26px; line-height: 26px; margin: 0 5px 4px 0; padding: 0 7px }
.cvm-whatif .cvm-player { align-items: center; margin-top: 2px }
.cvm-whatif .cvm-player .widget-play { width: auto; flex: 0 0 auto }
.cvm-whatif .cvm-player .widget-play > button { width: auto; padding: 0 10px; line-height: 26px; height: 26px }
.cvm-whatif .cvm-player .widget-play > button:nth-child(n+2) { display: none }
.cvm-whatif .cvm-player .widget-hslider { flex: 1 1 auto; margin: 0 }
.cvm-whatif .cvm-player .widget-hslider > label { flex: 0 0 auto; margin: 0 2px 0 8px }
.cvm-whatif .cvm-player .widget-hslider .slider-container { flex: 1 1 auto }
.cvm-whatif .jupyter-widget-Collapse-header { padding: 3px 8px; line-height: 20px }
.cvm-whatif .jupyter-widget-Collapse-contents { padding: 4px 0 2px }
.cvm-whatif .cvm-more > * { flex: 1 1 280px; max-width: 420px; padding-right: 12px }
.cvm-whatif .widget-accordion, .cvm-whatif .jupyter-widget-Collapse { margin: 0 0 3px }
.cvm-whatif img { max-width: 100%; height: auto; align-self: flex-start; margin: 0 }
.cvm-whatif .widget-html, .cvm-whatif .widget-html-content { height: auto; min-height: 0 }
.cvm-whatif .cvm-figures { border-collapse: collapse; font-size: 12.5px; line-height: 16px; margin: 3px 2px;
  width: 100% }
.cvm-whatif .cvm-figures th, .cvm-whatif .cvm-figures td {
  padding: 2px 0 2px 8px; border-bottom: 1px solid #8884; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums }
.cvm-whatif .cvm-figures th[scope=row] { text-align: left; font-weight: normal; white-space: normal; padding-left: 0 }
.cvm-whatif .cvm-figures thead th { font-weight: 600; border-bottom: 1px solid #888 }
.cvm-whatif .cvm-figures thead th:first-child { text-align: left; padding-left: 0 }
.cvm-guess .cvm-figures { width: auto }
.cvm-guess .cvm-figures th, .cvm-guess .cvm-figures td { padding: 2px 6px }
.cvm-guess .cvm-figures td { white-space: normal }
.cvm-whatif .cvm-sentence, .cvm-whatif .cvm-question { font-size: 14px; line-height: 1.4; margin: 3px 2px }
.cvm-whatif .cvm-trouble { font-size: 14px; line-height: 1.4; margin: 3px 2px; padding: 3px 8px;
  border-left: 4px solid #D55E00; background: #D55E0014 }
</style>"""

# The sliders of ipywidgets have no name for a screen reader, what is folded does not open by keyboard, and their HTML
# is not a live region. Their boxes keep Ctrl+S from JupyterLab: nothing is saved, and the browser offers to save the
# page. It is handed on here, a little later, so that the kernel has kept the last letters. A picture of one transparent
# pixel, once loaded, gives all this; where a page forbids it, everything else still works.
_NAMES = (
    '<img alt="" width="1" height="1" style="position:absolute;opacity:0" '
    'src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" onload="'
    "const page=this.closest('.cvm-whatif');let left=40;"
    "if(page)page.addEventListener('keydown',event=>{"
    "if(!event.isTrusted||!(event.ctrlKey||event.metaKey)||event.shiftKey||event.key.toLowerCase()!=='s')return;"
    "event.preventDefault();event.stopPropagation();const same={key:'s',code:'KeyS',keyCode:83,ctrlKey:event.ctrlKey,"
    "metaKey:event.metaKey,bubbles:true,cancelable:true};"
    "setTimeout(()=>page.dispatchEvent(new KeyboardEvent('keydown',same)),600)},true);"
    "const timer=setInterval(()=>{if(!page||--left<0)return clearInterval(timer);"
    "page.querySelectorAll('.widget-hslider').forEach(slider=>{"
    "const handle=slider.querySelector('[role=slider]'),label=slider.querySelector('label');"
    "if(handle&&label)handle.setAttribute('aria-label',label.textContent)});"
    "page.querySelectorAll('.cvm-player .widget-play').forEach(play=>{"
    "play.firstElementChild.setAttribute('aria-label',play.title)});"
    "page.querySelectorAll('.jupyter-widget-Collapse-header:not([role])').forEach(head=>{"
    "const say=()=>head.setAttribute('aria-expanded',head.parentElement.matches('.jupyter-widget-Collapse-open'));"
    "head.tabIndex=0;head.setAttribute('role','button');say();"
    "head.addEventListener('click',()=>setTimeout(say,100));"
    "head.addEventListener('keydown',event=>{if(event.key==='Enter'||event.key===' '){"
    "event.preventDefault();event.stopPropagation();head.click()}})});"
    "page.querySelectorAll('.cvm-sentence').forEach(told=>{"
    "const region=told.parentElement;region.setAttribute('aria-live','polite')})},250)\">"
)


def page_of(parts: Sequence[Any], *, guess: bool = False) -> Any:
    """Return the widgets of a what-if or a guess below each other, with their looks."""
    import ipywidgets as widgets

    layout = {"align_items": "flex-start"} if guess else {}
    page = widgets.VBox([widgets.HTML(_STYLE + _NAMES), *parts], layout=layout)
    for name in ("cvm-whatif", *(["cvm-guess"] if guess else [])):
        page.add_class(name)
    return page


def what_if_page(
    buttons: Sequence[Any], left: Sequence[Any], right: Sequence[Any], width: int, below: Sequence[Any]
) -> Any:
    """Return the page of a what-if: its buttons, below them the picture beside its settings and figures, then the rest.

    The picture gives way a little where the page is narrow, so that the settings stay beside it.
    """
    import ipywidgets as widgets

    row = widgets.HBox(buttons, layout=_WRAPPED)
    row.add_class("cvm-buttons")
    looks = {"flex": f"3 1 {round(0.8 * width)}px", "max_width": f"{width}px", "min_width": "0"}
    columns = [widgets.VBox(left, layout=looks), widgets.VBox(right, layout=_BESIDE)]
    return page_of([row, widgets.HBox(columns, layout=_WRAPPED), *below])


_BESIDE = {"flex": "1 1 300px", "max_width": "460px", "margin": "0 0 0 14px"}
_WRAPPED = {"flex_flow": "row wrap", "align_items": "flex-start"}


def folded(settings: Sequence[Any]) -> list[Any]:
    """Return settings that open on a click, in columns; nothing where there are none."""
    import ipywidgets as widgets

    columns = widgets.HBox(settings, layout=_WRAPPED)
    columns.add_class("cvm-more")
    return [widgets.Accordion([columns], titles=(term("whatif.more"),))] if settings else []


def button(word: str, act: Callable[[], None], icon: str = "") -> Any:
    """Return a button; ``<word>_tip`` is its tooltip if the vocabulary has it."""
    import ipywidgets as widgets

    made = widgets.Button(description=wording(word), icon=icon, layout={"width": "auto"})
    tip = f"{word}_tip"
    made.tooltip = wording(tip) if wording(tip) != tip else wording(word)
    made.on_click(lambda _: act())
    return made


def said(text: str, kind: str = "sentence", *, strong: bool = False) -> str:
    """Return a sentence or question as HTML."""
    shown = f"<strong>{escape(text)}</strong>" if strong else escape(text)
    return f'<p class="cvm-{kind}">{shown}</p>'


def closed(html: str) -> str:
    """Return HTML that a saved notebook keeps closed: whoever has not guessed yet opens it or not."""
    return f"<details><summary>{escape(term('whatif.guess_then_open'))}</summary>{html}</details>"


def trouble(text: str) -> str:
    """Return a warning as HTML, which a screen reader reads at once."""
    return f'<p class="cvm-trouble" role="alert">{escape(text)}</p>'


def figures(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as HTML; the first cell of each row is its head."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for first, *cells in rows
    )
    return f'<table class="cvm-figures"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def picture_widget(width: int, height: int) -> Any:
    """Return an image widget whose tooltip serves as the text alternative of the picture."""
    import ipywidgets as widgets
    import traitlets

    class DescribedImage(widgets.Image):  # type: ignore[misc]
        # the page sets a tooltip only on a widget that has a description, be it an empty one
        description = traitlets.Unicode("").tag(sync=True)

    return DescribedImage(format="png", width=width, height=height)
