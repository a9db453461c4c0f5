"""Languages of code boxes: what a person calls them, and how their files end."""

from __future__ import annotations

_KNOWN: dict[str, tuple[str, str]] = {
    "bash": ("Bash", "sh"),
    "c": ("C", "c"),
    "c++": ("C++", "cpp"),
    "cpp": ("C++", "cpp"),
    "cs": ("C#", "cs"),
    "csharp": ("C#", "cs"),
    "css": ("CSS", "css"),
    "diff": ("Diff", "diff"),
    "dockerfile": ("Dockerfile", "dockerfile"),
    "go": ("Go", "go"),
    "html": ("HTML", "html"),
    "java": ("Java", "java"),
    "javascript": ("JavaScript", "js"),
    "js": ("JavaScript", "js"),
    "json": ("JSON", "json"),
    "jsx": ("JSX", "jsx"),
    "kotlin": ("Kotlin", "kt"),
    "latex": ("LaTeX", "tex"),
    "lua": ("Lua", "lua"),
    "markdown": ("Markdown", "md"),
    "md": ("Markdown", "md"),
    "mermaid": ("Mermaid", "mmd"),
    "patch": ("Patch", "patch"),
    "php": ("PHP", "php"),
    "powershell": ("PowerShell", "ps1"),
    "py": ("Python", "py"),
    "python": ("Python", "py"),
    "r": ("R", "r"),
    "rb": ("Ruby", "rb"),
    "ruby": ("Ruby", "rb"),
    "rs": ("Rust", "rs"),
    "rust": ("Rust", "rs"),
    "sh": ("Shell", "sh"),
    "shell": ("Shell", "sh"),
    "sql": ("SQL", "sql"),
    "svg": ("SVG", "svg"),
    "swift": ("Swift", "swift"),
    "tex": ("TeX", "tex"),
    "toml": ("TOML", "toml"),
    "ts": ("TypeScript", "ts"),
    "tsx": ("TSX", "tsx"),
    "typescript": ("TypeScript", "ts"),
    "xml": ("XML", "xml"),
    "yaml": ("YAML", "yaml"),
    "yml": ("YAML", "yaml"),
}


def language_name(language: str) -> str:
    """The usual spelling of a language, or the word as it was written."""
    return _KNOWN.get(language.lower(), (language[:40], ""))[0]


def extension(language: str) -> str:
    """The usual ending of a file in this language, without the dot; "txt" if unknown."""
    return _KNOWN.get(language.lower(), ("", "txt"))[1]
