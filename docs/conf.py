"""Settings of the documentation site, which ``make docs`` builds without a network: Sphinx, MyST, the theme furo."""

project = "takedown"
author = "the takedown contributors"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "takedown"
exclude_patterns = ["tools"]
# Two dashes begin an option; they are no long dash.
smartquotes = False
# Headings can be linked to by their words, as on the pages of a code host.
myst_heading_anchors = 4
myst_links_external_new_tab = False
# The site carries no program that counts or reports its readers, and no source beside the pages.
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
