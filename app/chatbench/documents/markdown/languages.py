"""Which language source code is written in, as the fences of Markdown name it: by the file's name, or by
its first line."""

from __future__ import annotations

import re
from typing import Final

_OF_ENDING: Final = {
    ending: language
    for language, endings in {
        "asm": "asm s",
        "bash": "sh bash zsh ksh bashrc zshrc profile",
        "bat": "bat cmd",
        "c": "c h",
        "clojure": "clj cljs edn",
        "cmake": "cmake",
        "cpp": "cpp cc cxx hpp hh hxx ino",
        "csharp": "cs csx",
        "css": "css",
        "d": "d",
        "dart": "dart",
        "diff": "diff patch",
        "dockerfile": "dockerfile containerfile",
        "elixir": "ex exs",
        "elm": "elm",
        "erlang": "erl hrl",
        "fortran": "f f90 f95 for",
        "fsharp": "fs fsx",
        "go": "go",
        "graphql": "graphql gql",
        "groovy": "groovy gradle",
        "haskell": "hs",
        "hcl": "tf hcl tfvars",
        "html": "vue svelte",
        "ini": "ini cfg conf properties editorconfig gitconfig env",
        "java": "java",
        "javascript": "js mjs cjs",
        "json": "json5 jsonc geojson webmanifest",
        "jsonl": "jsonl ndjson",
        "jsx": "jsx",
        "julia": "jl",
        "kotlin": "kt kts",
        "less": "less",
        "lisp": "lisp lsp el cl",
        "lua": "lua",
        "makefile": "makefile mk gnumakefile",
        "matlab": "m",
        "nim": "nim",
        "nix": "nix",
        "objc": "mm",
        "ocaml": "ml mli",
        "pascal": "pas pp dpr",
        "perl": "pl pm",
        "php": "php",
        "powershell": "ps1 psm1 psd1",
        "protobuf": "proto",
        "python": "py pyi pyw pyx",
        "r": "r",
        "ruby": "rb rake gemfile rakefile gemspec",
        "rust": "rs",
        "scala": "scala sbt",
        "scheme": "scm ss rkt",
        "scss": "scss sass",
        "solidity": "sol",
        "sql": "sql",
        "swift": "swift",
        "tcl": "tcl",
        "tex": "tex sty cls bib",
        "toml": "toml",
        "tsx": "tsx",
        "typescript": "ts mts cts",
        "vb": "vb vbs bas",
        "verilog": "v sv",
        "vhdl": "vhd vhdl",
        "vim": "vim",
        "wasm": "wat",
        "xml": "xml xsd xsl xslt plist rss atom svg kml gpx csproj xaml ui qrc",
        "yaml": "yaml yml",
        "zig": "zig",
    }.items()
    for ending in endings.split()
}
_SHEBANG: Final = re.compile(
    r"#!\s*\S*?(?:/env\s+(?:-S\s+)?)?(?:/|\b)(bash|sh|zsh|python|perl|ruby|node|php|lua)[\d.]*\b"
)
_OF_PROGRAM: Final = {"sh": "bash", "zsh": "bash", "node": "javascript"}


def language_of(name: str, beginning: str = "") -> str:
    """The name for a fence ("python"); "" for what is no source code."""
    ending = name.rpartition("/")[2].rpartition(".")[2].lower()
    if language := _OF_ENDING.get(ending):
        return language
    found = _SHEBANG.match(beginning)
    return _OF_PROGRAM.get(found[1], found[1]) if found else ""
