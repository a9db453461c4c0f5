"""PDFs through PDFium: what they are, their text in reading order, their pages as pictures.

Nothing here is thread-safe, and PDFium has faults of its own: files of strangers are read in a confined
process. Pages are counted from 1.
"""
