"""The machinery of the book: plain functions with files in and text or files out.

`mkdocs_hooks` alone knows MkDocs; a change of site generator touches that module and no other.
"""
