"""The Python blocks of the pages run, and print what the page says that they print."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
PAGES = ["docs/python.md", "README.md", "README.ja.md"]


def sections(page):
    """Program and printed text of each section with Python; its blocks are one program."""
    for section in re.split(r"^## ", (ROOT / page).read_text(encoding="utf-8"), flags=re.M)[1:]:
        blocks = re.findall(r"^```(\w+)\n(.*?)^```$", section, flags=re.M | re.S)
        programs = [text for kind, text in blocks if kind == "python"]
        if programs:
            printed = "".join(text for kind, text in blocks if kind == "text")
            yield pytest.param("".join(programs), printed, id=f"{page}: {section.partition(chr(10))[0]}")


SECTIONS = [section for page in PAGES for section in sections(page)]


@pytest.mark.parametrize("program, printed", SECTIONS)
def test_section(program, printed, tmp_path):
    if "sklearn" in program:
        pytest.importorskip("sklearn")
    # A process of its own: a section may install Chainer's names, and writes where it stands.
    command = [sys.executable, "-X", "utf8", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed


def test_there_are_sections():
    assert len(SECTIONS) >= 8
