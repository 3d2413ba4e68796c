"""The machinery of the book: plain functions with files in and text or files out.

`build` and the modules `mkdocs_…` know MkDocs; `docstrings`, `labs`, `print_page`, `quiz` and
`reference` know plugins of it. A change of site generator touches these and no other.
"""
