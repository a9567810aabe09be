"""Nothing that is published tells of the machine or the tools it was written with."""

import re
import shutil
import subprocess

import pytest

from tests.unit.docs.markdown import ROOT

# One letter of each word stands in brackets, so that this file does not hold what it looks for.
FORBIDDEN = re.compile(
    r"""
    /wor[k]/(?:main|notes|shared)
    | /roo[t]/
    | \.librar[y]\b
    | bash_job[s]
    | str_replac[e]_based
    | \b(?:claud[e]|anthropi[c]|chatgp[t]|opena[i]|copilo[t])\b
    | (?<![\w-])(?:missio[n]|reliabilit[y]|performanc[e]|local-clou[d]|peer[s])\.md
    | \bdesig[n]/\w+\.md
    | \b(?:records_layou[t]|day_ap[i]|simulator_ap[i]|deploy_recip[e])\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Written by package managers from what they found in the registries.
GENERATED = {"uv.lock", "package-lock.json"}


def published_files() -> list[str]:
    """Files that are tracked, or would be with the next commit."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git working tree")
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and name not in GENERATED and (ROOT / name).is_file()]


def test_no_published_file_names_the_place_it_was_written_in() -> None:
    found = []
    for name in published_files():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{name}:{number}: {match.group()}"
            for number, line in enumerate(text.splitlines(), start=1)
            if (match := FORBIDDEN.search(line))
        ]

    assert not found
