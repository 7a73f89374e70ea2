"""How Sphinx builds the documentation: ``sphinx-build -W --keep-going -b html docs docs/_build``."""

import sys
from pathlib import Path

import cvmlab

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import listing  # noqa: E402 (found by the line above)

# `cvmlab.matrix` is an attribute; Sphinx looks for a module
sys.modules.update({subject.address: subject.module for subject in listing.subjects()})

project = "cvmlab"
author = "The cvmlab developers"
project_copyright = author
release = version = cvmlab.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "matplotlib.sphinxext.plot_directive"]
exclude_patterns = ["_build"]
default_role = "py:obj"
add_module_names = False
python_maximum_signature_line_length = 90
toc_object_entries = False

autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False

# two subjects have a `Result`: a bare name in a signature is linked to the one that its module comes to first
suppress_warnings = ["ref.python"]

plot_pre_code = ""
plot_formats = [("png", 110)]
plot_html_show_formats = False
plot_html_show_source_link = False

html_theme = "alabaster"
html_static_path = ["_static"]
html_css_files = ["cvmlab.css"]
html_copy_source = False
html_theme_options = {
    "description": "Customer value management: a teaching and case toolkit",
    "page_width": "1200px",
    "sidebar_width": "250px",
    "font_family": "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif",
    "head_font_family": "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif",
    "font_size": "16px",
    "show_powered_by": False,
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}


def write_reference(app):
    """Write the pages of the reference to ``docs/reference``; pages that did not change keep their date."""
    folder = HERE / "reference"
    folder.mkdir(exist_ok=True)
    pages = listing.pages()
    for old in folder.glob("*.rst"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def resolve_from_front_door(app, env, node, contnode):
    """Resolve `CvmError` as `cvmlab.CvmError` and `matrix.classify` as `cvmlab.matrix.classify`."""
    if node.get("refdomain") != "py":
        return None
    target = f"cvmlab.{node['reftarget']}"
    python = env.get_domain("py")
    return python.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], target, node, contnode)


def setup(app):
    """Add what this file does beyond Sphinx."""
    app.connect("builder-inited", write_reference)
    app.connect("missing-reference", resolve_from_front_door)
