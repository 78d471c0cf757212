"""What an audit has found, in words: `.ci/audit` gives the folder with what pip-audit and npm printed."""

import json
import sys
from pathlib import Path
from typing import Any

FOUND, NOT_ASKED = 1, 2


def read(path: Path) -> dict[str, Any]:
    """What a tool printed; empty where it printed no answer."""
    try:
        told = json.loads(path.read_text())
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def not_asked(folder: Path, tool: str) -> tuple[int, list[str]]:
    """That no advisory came, and the last that the tool said: most often that nobody was reached."""
    log = folder / f"{tool}.log"
    said = log.read_text(errors="replace").strip() if log.exists() else ""
    why = f" ({said.splitlines()[-1][:200]})" if said else ""
    return NOT_ASKED, [f"{tool}: the advisory service did not answer; no package was looked up{why}."]


def python(folder: Path) -> tuple[int, list[str]]:
    """Exit code and lines for the packages of requirements.lock."""
    packages = read(folder / "python.json").get("dependencies", [])
    asked = [package for package in packages if "skip_reason" not in package]
    if not asked:
        return not_asked(folder, "python")
    lines = [f"python: {len(asked)} of {len(packages)} packages looked up."]
    lines += [f"python: {package['name']} was NOT looked up." for package in packages if package not in asked]
    for package in asked:
        for flaw in package["vulns"]:
            mended = ", ".join(flaw.get("fix_versions", [])) or "no version yet"
            lines.append(f"python: {package['name']} {package['version']}: {flaw['id']}, mended in {mended}.")
    return FOUND if len(lines) > 1 else 0, lines


def npm(folder: Path) -> tuple[int, list[str]]:
    """Exit code and lines for the packages of package-lock.json."""
    flaws = read(folder / "npm.json").get("vulnerabilities")
    if flaws is None:
        return not_asked(folder, "npm")
    lines = [f"npm: {name}: {flaw['severity']}." for name, flaw in flaws.items()]
    return FOUND if lines else 0, lines or ["npm: all packages looked up, no known vulnerability."]


def main(folder: Path) -> int:
    results = [python(folder), npm(folder)]
    for _, lines in results:
        sys.stdout.write("\n".join(lines) + "\n")
    code = max(code for code, _ in results)
    words = {0: "no known vulnerability", FOUND: "NOT in order", NOT_ASKED: "NOT AUDITED in full"}
    sys.stdout.write(f"audit: {words[code]}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
