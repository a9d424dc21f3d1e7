"""The parts of docs/ that follow from the code, and the links of README.md.

python3 -m local.documents           fails where a part is not what the code says, or a link leads nowhere
UPDATE=1 python3 -m local.documents  writes the parts

A part stands between `<!-- name -->` and `<!-- end of name -->`. The command's help is asked of target/debug/thumbtier.
Only the standard library: links inside docs/ are checked by MkDocs itself.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from .package import ROOT

DOCS = ROOT / "docs"
SUBCOMMANDS = re.compile(r"^  ([a-z]+)  ", re.MULTILINE)
# How settings are asked for: crates/function/src/environment.rs.
ASKED = re.compile(r'environment\s*\.(variable|number|flag|optional)\(\s*"([A-Z0-9_]+)"(?:,\s*"([^"]*)")?')
SETTINGS = {
    "crates/function/src/settings.rs": "all",
    "crates/function/src/meter.rs": "all",
    "worker/src/settings.rs": "workers",
    "api/src/settings.rs": "API",
}
# What Lambda itself sets.
OF_LAMBDA = ("AWS_REGION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE")


class DocumentError(Exception):
    """What is wrong with a document, in one sentence."""


def main() -> int:
    try:
        parts = {
            "configuration.md": {"parameters": parameters(), "settings": settings()},
            "command.md": {"help": command_help()},
            "contributing.md": {"targets": targets()},
        }
        problems = [problem for name, made in parts.items() for problem in follow(DOCS / name, made)]
    except DocumentError as error:
        problems = [str(error)]
    problems += undocumented() + dead_links(ROOT / "README.md")
    for problem in problems:
        print(f"documents: {problem}", file=sys.stderr)
    return 1 if problems else 0


def follow(path: Path, parts: dict[str, str]) -> list[str]:
    """Writes the parts, or says which one is another than it should be."""
    text = old = path.read_text()
    for name, want in parts.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        if start not in text or end not in text:
            raise DocumentError(f"{path.name} lacks `{start.strip()}` and `{end}`")
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n{want.strip()}\n\n{end}{rest.partition(end)[2]}"
    if text == old:
        return []
    if os.environ.get("UPDATE"):
        path.write_text(text)
        return []
    return [f"docs/{path.name} is not what the code says: run `UPDATE=1 make documents`"]


def parameters() -> str:
    """The parameters of serverless.yml, each with its default and the comment above it."""
    text = (ROOT / "serverless.yml").read_text()
    block = text.partition("params:\n  default:\n")[2].partition("\n  local:\n")[0]
    lines, words = [], []
    for line in (line.strip() for line in block.splitlines()):
        group = re.fullmatch(r"## (.+)", line)
        parameter = re.fullmatch(r"(# )?([a-z_]+): (.+)", line)
        if group:
            lines += ["", f"### {group[1]}", "", "| parameter | default | what it does |", "|---|---|---|"]
        elif parameter and (words or not parameter[1]):
            if not words:
                raise DocumentError(f"serverless.yml says nothing about {parameter[2]}: write a comment above it")
            default = "none" if parameter[1] else shown(parameter[3].strip('"'))
            lines.append(f"| `{parameter[2]}` | {default} | {' '.join(words)} |")
            words = []
        elif line.startswith("# "):
            words.append(line[2:])
    return "\n".join(lines)


def shown(default: str) -> str:
    for variable, word in [("${sls:stage}", "STAGE"), ("${AWS::AccountId}", "ACCOUNT"), ("${AWS::Region}", "REGION")]:
        default = default.replace(variable, word)
    return f"`{default}`" if default else "none"


def undocumented() -> list[str]:
    """Parameters that something reads and the table has not."""
    known = documented()
    files = [ROOT / "serverless.yml", *sorted((ROOT / "deploy").glob("*.js"))]
    read = {name for path in files for name in re.findall(r"param:([a-z_]+)", path.read_text())}
    return [f"parameter {name} has no default and no comment in serverless.yml" for name in sorted(read - known)]


def settings() -> str:
    """The environment variables that the functions read at INIT, and what sets each."""
    lines = ["| variable | read by | what is expected | set by |", "|---|---|---|---|"]
    for file, who in SETTINGS.items():
        for kind, name, words in ASKED.findall((ROOT / file).read_text()):
            expected = words or {"optional": "may be empty"}[kind]
            lines.append(f"| `{name}` | {who} | {expected} | {setter(name)} |")
    return "\n".join(lines)


def setter(name: str) -> str:
    """The parameter that a variable is set by, where it is one."""
    if name in OF_LAMBDA:
        return "Lambda"
    files = [ROOT / "serverless.yml", ROOT / "deploy" / "api.js"]
    sets = re.search(rf"\b{name}: (.+)", "\n".join(path.read_text() for path in files))
    if not sets:
        raise DocumentError(f"neither serverless.yml nor deploy/api.js sets {name}")
    asked = re.search(r"param:([a-z_]+)", sets[1])
    names = [asked[1]] if asked else [name.lower(), f"api_{name.lower()}"]
    known = [one for one in names if one in documented()]
    return f"parameter `{known[0]}`" if known else "the deployment"


def documented() -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+)` \|", parameters(), re.MULTILINE))


def command_help() -> str:
    """`thumbtier --help`, and that of every subcommand."""
    whole = told()
    parts = ["### thumbtier", "", fenced(whole)]
    for name in SUBCOMMANDS.findall(whole.partition("Commands:\n")[2].partition("\nOptions:")[0]):
        if name != "help":
            parts += ["", f"### thumbtier {name}", "", fenced(told(name))]
    return "\n".join(parts)


def told(*subcommand: str) -> str:
    command = [str(ROOT / "target" / "debug" / "thumbtier"), *subcommand, "--help"]
    try:
        # A file has no width: lines are as long as they are written.
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise DocumentError(f"`thumbtier {' '.join(subcommand)} --help` failed: {error}") from None


def fenced(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return f"```text\n{lines}\n```"


def targets() -> str:
    """`make help`."""
    lines = ["| target | what it does |", "|---|---|"]
    for name, words in re.findall(r"^([a-z0-9-]+):.*?## (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE):
        lines.append(f"| `make {name}` | {words.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def dead_links(path: Path) -> list[str]:
    """Links to files that are not there, or to headings that they have not."""
    found = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    problems = []
    for link in found:
        name, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = path.parent / name if name else path
        if not target.is_file():
            problems.append(f"{path.name} links to {name}, which is not there")
        elif anchor and anchor not in [slug(one) for one in re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)]:
            problems.append(f"{path.name} links to {link}: no heading has this name")
    return problems


def slug(heading: str) -> str:
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


if __name__ == "__main__":
    sys.exit(main())
