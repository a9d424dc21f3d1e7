"""What is in the zips, as CycloneDX 1.6: each crate with its version, licence, checksum and what it is made of.

**Source:** CycloneDX 1.6, JSON reference; "Package URL" for crates of Cargo.
"""

import json
import subprocess
import tomllib
import uuid
from pathlib import Path

from .package import FUNCTIONS, ROOT, PackageError

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "thumbtier.sbom")


def write(path: Path, target: str, features: list[str]) -> Path:
    """Writes the list for the functions as they are built for `target` with `features`."""
    path.write_text(json.dumps(bill_of_materials(target, features), indent=1) + "\n")
    return path


def bill_of_materials(target: str, features: list[str]) -> dict:
    """The list, the same for the same source: it has no time, and its number follows from what it says."""
    inside = _inside(target, features)
    metadata = json.loads(_cargo("metadata", "--format-version=1", f"--filter-platform={target}", *features))
    packages = {package["id"]: package for package in metadata["packages"]
                if (package["name"], package["version"]) in inside}
    references = {id: _reference(package) for id, package in packages.items()}
    checksums = {(one["name"], one["version"]): one.get("checksum")
                 for one in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    functions = [references[id] for id, package in packages.items() if package["name"] in FUNCTIONS]
    needs = {references[node["id"]]: sorted({references[dep["pkg"]] for dep in node["deps"] if dep["pkg"] in packages})
             for node in metadata["resolve"]["nodes"] if node["id"] in packages}
    version = next(package["version"] for package in packages.values() if package["name"] in FUNCTIONS)
    whole = {"type": "application", "bom-ref": "thumbtier", "name": "thumbtier", "version": version}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": whole, "properties": [{"name": "thumbtier:target", "value": target}]},
        "components": sorted((_component(package, checksums) for package in packages.values()), key=lambda one: one["bom-ref"]),
        "dependencies": [{"ref": "thumbtier", "dependsOn": sorted(functions)},
                         *({"ref": reference, "dependsOn": needs[reference]} for reference in sorted(needs))],
    }
    return document | {"serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, json.dumps(document))}"}


def _inside(target: str, features: list[str]) -> set[tuple[str, str]]:
    """Name and version of what the programs are linked from; procedural macros only wrote it."""
    names = [flag for name in FUNCTIONS for flag in ("--package", name)]
    lines = _cargo("tree", "--edges=normal,no-proc-macro", f"--target={target}", "--prefix=none", "--no-dedupe", *names, *features)
    return {(name, version.removeprefix("v")) for name, version, *_ in map(str.split, filter(str.strip, lines.splitlines()))}


def _cargo(command: str, *arguments: str) -> str:
    done = subprocess.run(["cargo", command, "--locked", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackageError(f"`cargo {command}` failed:\n{done.stderr.strip()}")
    return done.stdout


def _reference(package: dict) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def _component(package: dict, checksums: dict) -> dict:
    reference = _reference(package)
    component = {"type": "application" if package["name"] in FUNCTIONS else "library", "bom-ref": reference,
                 "name": package["name"], "version": package["version"], "purl": reference}
    # The older way to write `OR`.
    licence = " ".join((package["license"] or "").replace("/", " OR ").split())
    checksum = checksums.get((package["name"], package["version"]))
    return (component
            | ({"licenses": [{"expression": licence}]} if licence else {})
            | ({"hashes": [{"alg": "SHA-256", "content": checksum}]} if checksum else {}))
