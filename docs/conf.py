"""How Sphinx makes a site of the manual: `python -m tests.manual`. Nothing is fetched."""

project = "FaultLab"
author = "FaultLab"
extensions = ["myst_parser"]
html_theme = "alabaster"
html_theme_options = {"description": "A teaching lab for streaming anomaly detection", "page_width": "70rem"}
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
exclude_patterns = ["_build"]
myst_heading_anchors = 3
suppress_warnings: list[str] = []
