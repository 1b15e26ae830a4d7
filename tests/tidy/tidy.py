"""Checks of the tree that a compiler does not make: layers, determinism, and what must not be committed.

    python3 tests/tidy/tidy.py        prints a line per finding, FILE:LINE: message; exit code 1 if there is one

A check is a function from a Tree to findings. Each has a test in tidy_test.py that shows it can fail.
They read text, not syntax: a macro or an alias can hide from them. What they find is nearly always real.
"""

import json
import pathlib
import re
import sys
from typing import Iterator, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", ".cache", ".ipynb_checkpoints", "__pycache__", "build", "results"}
LARGEST_FILE = 500_000  # bytes

# The two folders of host code inside the simulated ones, and what runs around a simulation, not in it.
HOST_FOLDERS = ("engine/env/posix/", "sim/cli/", "sim/experiment/")


class Finding(NamedTuple):
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Tree:
    """The project's files, by path from its root. `texts` lacks files that are not UTF-8."""

    def __init__(self, contents: dict[str, bytes | str]):
        self.sizes, self.texts = {}, {}
        for path, content in sorted(contents.items()):
            data = content.encode() if isinstance(content, str) else content
            self.sizes[path] = len(data)
            try:
                self.texts[path] = data.decode()
            except UnicodeDecodeError:
                pass
        self._code = {}

    @classmethod
    def read(cls, root: pathlib.Path) -> "Tree":
        contents = {}
        for path in root.rglob("*"):
            relative = path.relative_to(root)
            if not SKIPPED_FOLDERS.intersection(relative.parts) and path.is_file():
                contents[relative.as_posix()] = path.read_bytes()
        return cls(contents)

    def cpp(self, *prefixes: str) -> Iterator[str]:
        """Paths of the C++ files below any of these folders."""
        for path in self.texts:
            if path.endswith((".h", ".cc")) and path.startswith(prefixes):
                yield path

    def simulated(self) -> Iterator[str]:
        """Paths of the C++ files that a simulated run executes."""
        for path in self.cpp("engine/", "sim/"):
            if not path.startswith(HOST_FOLDERS):
                yield path

    def code(self, path: str) -> str:
        """The text with comments and what is inside quotes blanked; lines and columns stay."""
        if path not in self._code:
            self._code[path] = blank_comments_and_strings(self.texts[path])
        return self._code[path]


COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/'                          # comments
    r'|R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)"'  # raw strings
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z])\'(?:\\.|[^\'\\\n])+\'',  # strings, characters (not 1'000)
    re.DOTALL)


def blank_comments_and_strings(text: str) -> str:
    def blank(match: re.Match) -> str:
        found = match.group()
        keep = 1 if found[0] in "\"'" else 0
        inside = found[keep:len(found) - keep]
        return found[:keep] + re.sub(r"[^\n]", " ", inside) + (found[-keep:] if keep else "")
    return COMMENT_OR_STRING.sub(blank, text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


# --- layers ---------------------------------------------------------------------------------------

LAYER_CALL = re.compile(r"^layer\((?P<folder>\S+)(?P<rest>[^)]*)\)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def layers(tree: Tree) -> dict[str, set[str]]:
    """What each folder may include, from the root CMakeLists.txt, in its order."""
    text = re.sub(r"#[^\n]*", "", tree.texts["CMakeLists.txt"])
    uses = {}
    for call in LAYER_CALL.finditer(text):
        words, used, taking = call["rest"].split(), set(), False
        for word in words:
            if word.isupper():
                taking = word == "USES"
            elif taking:
                used.add(word)
        uses[call["folder"]] = used
    return uses


def check_layers_are_ordered(tree: Tree) -> Iterator[Finding]:
    """A layer uses only layers that stand above it in the list, so there is no cycle; engine/ never uses sim/."""
    seen = set()
    for folder, used in layers(tree).items():
        for other in sorted(used - seen):
            yield Finding("CMakeLists.txt", 1, f"{folder} uses {other}, which no layer() call above it declares")
        if folder.startswith("engine/"):
            for other in sorted(used):
                if not other.startswith("engine/"):
                    yield Finding("CMakeLists.txt", 1, f"{folder} uses {other}: engine/ uses only engine/")
        seen.add(folder)


def check_includes_follow_layers(tree: Tree) -> Iterator[Finding]:
    uses = layers(tree)
    for path in tree.cpp("engine/", "sim/", "analysis/", "tests/"):
        folder = folder_of(path)
        for include in INCLUDE.finditer(tree.texts[path]):
            name, line = include[1], line_of(tree.texts[path], include.start(1))
            if name not in tree.texts:
                yield Finding(path, line, f'"{name}" is no file: write paths from the root')
                continue
            if path.startswith("tests/"):
                continue
            other = folder_of(name)
            if other != folder and other not in uses.get(folder, set()):
                yield Finding(path, line, f"{folder} may not include {other}: "
                              "its layer() call in CMakeLists.txt does not name it")


def check_folders_are_layers(tree: Tree) -> Iterator[Finding]:
    uses = layers(tree)
    for path in tree.cpp("engine/", "sim/", "analysis/"):
        if folder_of(path) not in uses:
            yield Finding(path, 1, f"{folder_of(path)} has no layer() call in CMakeLists.txt: it is never built")


def check_tests_mirror_layers(tree: Tree) -> Iterator[Finding]:
    """cmake/tests.cmake builds the tests of each layer, and those of the folders it names itself."""
    built = set(layers(tree))
    built.update(re.findall(r"^\s*test_folder\((\w\S*)", tree.texts.get("cmake/tests.cmake", ""), re.MULTILINE))
    for path in tree.cpp("tests/"):
        folder = folder_of(path).removeprefix("tests/")
        if path.endswith("_test.cc") and folder not in built:
            yield Finding(path, 1, f"tests/{folder} mirrors no layer: this test is never built")


def check_headers_are_included(tree: Tree) -> Iterator[Finding]:
    included = set()
    for path in tree.cpp("engine/", "sim/", "analysis/", "tests/"):
        included.update(INCLUDE.findall(tree.texts[path]))
    for path in tree.cpp("engine/", "sim/", "analysis/"):
        if path.endswith(".h") and path not in included:
            yield Finding(path, 1, "no file includes this header")


# --- determinism ----------------------------------------------------------------------------------

RANDOM = "draw from a named engine/base/random.h stream"
HOST_TIME = "ask env::Clock, or the kernel, for the time"
FIBERS = "spawn a task (engine/env/tasks.h); a simulated run has one thread"
FILES = "go through env::FileSystem"
PORTABLE = "call engine/base/portable_math.h, whose last bit is the same everywhere"
SINK = "report through env::EventSink or a Result; only sim/cli and sim/experiment print"

# (what is banned, what to do instead)
BANNED_EVERYWHERE = [
    (r"std::random_device", RANDOM),
    (r"std::\w+_distribution\b", RANDOM),
    (r"std::(?:mt19937|minstd_rand|default_random_engine|ranlux)\w*", RANDOM),
    (r"(?<![\w.:>])(?:std::)?s?rand(?:om)?\(\)", RANDOM),
    (r"std::(?:ranges::)?(?:random_)?shuffle\b", "call Random::shuffle"),
]
BANNED_WHEN_SIMULATED = [
    (r"\b(?:system|steady|high_resolution)_clock\b", HOST_TIME),
    (r"(?<![\w.:>])(?:std::)?time\(\s*(?:0|NULL|nullptr|&)", HOST_TIME),
    (r"\b(?:gettimeofday|clock_gettime)\(", HOST_TIME),
    (r"std::(?:jthread|thread|async|mutex|condition_variable)\b", FIBERS),
    (r"\b(?:secure_)?getenv\(", "take it as an option: a run depends on scenario and seed alone"),
    (r"std::filesystem\b", FILES),
    (r"std::(?:i|o)?fstream\b", FILES),
    (r"(?<![\w.>])(?:std)?::(?:exp|exp2|expm1|log|log2|log10|log1p|pow|cbrt|sin|cos|tan|tgamma|lgamma)\(", PORTABLE),
    (r"(?:\breturn|[=(+\-*/<!])\s*(?:exp|pow|log)\(", PORTABLE),
    (r"std::cout\b|std::cerr\b|(?<![\w.:>])(?:std::)?(?:f?printf|f?puts)\(|fmt::print\(", SINK),
    (r"std::(?:multi)?(?:map|set)<\s*(?:const\s+)?[\w:]+(?:\s+const)?\s*\*", "a pointer orders by address: use an id as the key"),
]
BANNED_IN_ENGINE = [
    (r"catch\s*\(\s*\.\.\.\s*\)", "name what is caught: a killed task unwinds by an exception that must pass"),
]
# Files that are the replacement themselves.
EXEMPT = {
    "engine/base/check.cc": SINK,            # prints the failed condition before the process ends
    "engine/base/portable_math.h": PORTABLE,
    "engine/base/portable_math.cc": PORTABLE,
}


def check_bans(tree: Tree) -> Iterator[Finding]:
    scopes = [
        (BANNED_EVERYWHERE, tree.cpp("engine/", "sim/", "analysis/", "tests/")),
        (BANNED_WHEN_SIMULATED, tree.simulated()),
        (BANNED_IN_ENGINE, tree.cpp("engine/")),
    ]
    for bans, paths in scopes:
        for path in paths:
            code = tree.code(path)
            for pattern, instead in bans:
                if EXEMPT.get(path) == instead:
                    continue
                for match in re.finditer(pattern, code):
                    yield Finding(path, line_of(code, match.start()), f"{match.group().strip()}: {instead}")


UNORDERED = re.compile(r"\bunordered_(?:flat_)?(?:multi)?(?:map|set)\s*<")
ALIAS_OF = re.compile(r"using\s+(\w+)\s*=\s*(?:\w+::)*$")
ESCAPE = "order does not escape"


def unordered_names(code: str) -> set[str]:
    """Variables and members declared as an unordered container, directly or by an alias of this file."""
    names, aliases = set(), set()
    for match in UNORDERED.finditer(code):
        depth, end = 1, match.end()
        while end < len(code) and depth > 0:
            depth += {"<": 1, ">": -1}.get(code[end], 0)
            end += 1
        alias = ALIAS_OF.search(code[:match.start()])
        if alias:
            aliases.add(alias[1])
            continue
        declared = re.match(r"[\s&*]*(\w+)\s*[;={,)]", code[end:])
        if declared:
            names.add(declared[1])
    for alias in aliases:
        names.update(re.findall(rf"\b{alias}[\s&*]+(\w+)\s*[;={{,)]", code))
    return names


def check_unordered_iteration(tree: Tree) -> Iterator[Finding]:
    """Also through the file's own header. A comment "order does not escape: why" on or above the line allows it."""
    for path in tree.cpp("engine/", "sim/", "analysis/"):
        code = tree.code(path)
        names = unordered_names(code)
        header = path.removesuffix(".cc") + ".h"
        if header != path and header in tree.texts:
            names |= unordered_names(tree.code(header))
        if not names:
            continue
        any_name = "|".join(sorted(names))
        loops = rf":\s*(?:[\w()\[\]*&]+(?:\.|->))*(?:{any_name})\s*\)|\b(?:{any_name})(?:\.|->)c?r?begin\("
        lines = tree.texts[path].splitlines()
        for match in re.finditer(loops, code):
            line = line_of(code, match.start())
            if not any(ESCAPE in text for text in lines[max(0, line - 2):line]):
                yield Finding(path, line, "iteration over an unordered container: use an ordered one, or sort and "
                              f'say why "{ESCAPE}: …"')


DRAW = re.compile(r"(?:\b\w*(?:random|rng)\w*(?:\(\))?(?:\.|->)(?:next|between|normal|exponential)"
                  r"|[\w)](?:\.|->)(?:below|chance|unit|lognormal|pareto))\(")


def check_one_draw_per_expression(tree: Tree) -> Iterator[Finding]:
    """Compilers order the operands of one expression as they like. `&&`, `||` and `?:` do fix the order."""
    for path in tree.simulated():
        code = tree.code(path)
        for statement in re.finditer(r"[^;{}]+", code):
            if len(DRAW.findall(statement.group())) > 1 and not re.search(r"&&|\|\||\?", statement.group()):
                first = DRAW.search(statement.group())
                yield Finding(path, line_of(code, statement.start() + first.start()),
                              "two draws in one expression: give each a statement of its own")


# --- what must not be committed -------------------------------------------------------------------

UNFINISHED = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b")


def check_headers(tree: Tree) -> Iterator[Finding]:
    for path in tree.cpp("engine/", "sim/", "analysis/", "tests/"):
        if not path.endswith(".h"):
            continue
        text = tree.texts[path]
        if not text.startswith("//"):
            yield Finding(path, 1, "a header opens with a comment that says what it is")
        if not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield Finding(path, 1, "#pragma once is missing")


def check_file_names(tree: Tree) -> Iterator[Finding]:
    for path in tree.cpp("engine/", "sim/", "analysis/", "tests/"):
        if not re.fullmatch(r"[a-z0-9_/]+\.(?:h|cc)", path):
            yield Finding(path, 1, "folders and files are named in snake_case")
        if re.search(r"(?:^|[/_])(?:utils?|helpers?|misc|common)(?:[/_.]|$)", path):
            yield Finding(path, 1, "name the noun that the file holds")


def check_unfinished_work(tree: Tree) -> Iterator[Finding]:
    for path, text in tree.texts.items():
        if path.endswith((".svg", ".ipynb", ".json", ".csv")):
            continue
        for match in UNFINISHED.finditer(text):
            yield Finding(path, line_of(text, match.start()), f"{match.group()}: finish it, or leave it out")


def check_large_files(tree: Tree) -> Iterator[Finding]:
    for path, size in tree.sizes.items():
        if size > LARGEST_FILE:
            yield Finding(path, 1, f"{size} bytes: files over {LARGEST_FILE} do not belong in the repository")


def check_readmes(tree: Tree) -> Iterator[Finding]:
    """Each top folder is a chapter, and each chapter has one title."""
    for folder in sorted({path.split("/")[0] for path in tree.sizes if "/" in path}):
        if not folder.startswith(".") and folder != "cmake" and f"{folder}/README.md" not in tree.sizes:
            yield Finding(f"{folder}/README.md", 1, "is missing: each top folder has its chapter")
    for path, text in tree.texts.items():
        if path.split("/")[-1] == "README.md":
            prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
            titles = len(re.findall(r"^# ", prose, re.MULTILINE))
            if titles != 1:
                yield Finding(path, 1, f"has {titles} titles (lines that begin with \"# \"); a chapter has one")


def check_readme_links(tree: Tree) -> Iterator[Finding]:
    folders = {folder_of(path) for path in tree.sizes}
    folders |= {parent.as_posix() for folder in folders for parent in pathlib.PurePosixPath(folder).parents}
    for path, text in tree.texts.items():
        if not path.endswith(".md"):
            continue
        for match in re.finditer(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" in match[1]:
                continue
            target = pathlib.PurePosixPath(folder_of(path)) / match[1]
            parts = []
            for part in target.parts:
                parts = parts[:-1] if part == ".." else parts + [part]
            if "/".join(parts) not in tree.sizes and "/".join(parts) not in folders:
                yield Finding(path, line_of(text, match.start()), f"links to {match[1]}, which is not there")


def check_notebooks(tree: Tree) -> Iterator[Finding]:
    for path, text in tree.texts.items():
        if not path.endswith(".ipynb"):
            continue
        for number, cell in enumerate(json.loads(text)["cells"], start=1):
            if cell.get("outputs") or cell.get("execution_count"):
                yield Finding(path, 1, f"cell {number} keeps its output: clear it before committing")


CHECKS = [check for name, check in globals().items() if name.startswith("check_")]


def findings(tree: Tree) -> list[Finding]:
    return sorted({finding for check in CHECKS for finding in check(tree)})


if __name__ == "__main__":
    found = findings(Tree.read(ROOT))
    for finding in found:
        print(finding)
    sys.exit(1 if found else 0)
