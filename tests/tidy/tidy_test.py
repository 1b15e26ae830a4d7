"""The tree is tidy, and each check of tidy.py can fail: it is fed the smallest tree that it should object to."""

import json
import pathlib
import unittest

import tidy

CMAKE = """
layer(engine/base LIBRARIES ${XXHASH_LIBRARY})
layer(engine/wal  USES engine/base)
layer(sim/kernel  USES engine/base
                       engine/wal LIBRARIES Boost::context)
"""


def tree(files: dict[str, str | bytes]) -> tidy.Tree:
    return tidy.Tree({"CMakeLists.txt": CMAKE} | files)


class TidyTest(unittest.TestCase):
    def assert_finds(self, check, files, *places):
        """`check` objects at exactly these FILE:LINE of a tree of `files`."""
        found = [f"{finding.path}:{finding.line}" for finding in check(tree(files))]
        self.assertEqual(sorted(places), sorted(found))

    # --- layers

    def test_reads_layers_from_cmake(self):
        self.assertEqual({"engine/base": set(), "engine/wal": {"engine/base"},
                          "sim/kernel": {"engine/base", "engine/wal"}}, tidy.layers(tree({})))

    def test_a_layer_uses_only_those_above_it_and_engine_uses_only_engine(self):
        check = tidy.check_layers_are_ordered
        self.assert_finds(check, {})
        self.assert_finds(check, {"CMakeLists.txt": "layer(engine/a USES engine/b)\nlayer(engine/b)"},
                          "CMakeLists.txt:1")
        self.assert_finds(check, {"CMakeLists.txt": "layer(sim/a)\nlayer(engine/b USES sim/a)"}, "CMakeLists.txt:1")

    def test_an_include_of_a_layer_that_is_not_named_is_found(self):
        check = tidy.check_includes_follow_layers
        files = {"engine/base/a.h": "", "engine/wal/w.h": '#include "engine/base/a.h"\n#include "engine/wal/v.h"\n',
                 "engine/wal/v.h": "", "sim/kernel/k.h": ""}
        self.assert_finds(check, files)
        self.assert_finds(check, files | {"engine/wal/w.cc": '\n#include "sim/kernel/k.h"\n'}, "engine/wal/w.cc:2")
        self.assert_finds(check, files | {"engine/base/a.cc": '  # include "engine/wal/w.h"\n'}, "engine/base/a.cc:1")
        self.assert_finds(check, files | {"tests/engine/wal/w_test.cc": '#include "sim/kernel/k.h"\n'})

    def test_an_include_of_no_file_is_found(self):
        self.assert_finds(tidy.check_includes_follow_layers,
                          {"engine/base/a.h": "", "engine/base/a.cc": '#include "a.h"\n'}, "engine/base/a.cc:1")

    def test_a_folder_without_a_layer_is_found(self):
        check = tidy.check_folders_are_layers
        self.assert_finds(check, {"engine/base/a.cc": ""})
        self.assert_finds(check, {"engine/new/a.cc": ""}, "engine/new/a.cc:1")

    def test_a_test_that_is_never_built_is_found(self):
        check = tidy.check_tests_mirror_layers
        cmake = {"cmake/tests.cmake": "test_folder(${folder})\ntest_folder(fuzz sim_kernel)\n"}
        self.assert_finds(check, cmake | {"tests/engine/wal/a_test.cc": "", "tests/fuzz/b_test.cc": "",
                                          "tests/support/c.cc": ""})
        self.assert_finds(check, cmake | {"tests/engine/wall/a_test.cc": ""}, "tests/engine/wall/a_test.cc:1")

    def test_a_header_that_nobody_includes_is_found(self):
        check = tidy.check_headers_are_included
        files = {"engine/base/a.h": "", "engine/base/b.h": '#include "engine/base/a.h"'}
        self.assert_finds(check, files, "engine/base/b.h:1")
        self.assert_finds(check, files | {"tests/engine/base/b_test.cc": '#include "engine/base/b.h"'})

    # --- determinism

    def assert_banned(self, code, *paths):
        for path in paths:
            self.assert_finds(tidy.check_bans, {path: f"\n{code}\n"}, f"{path}:2")

    def assert_allowed(self, code, *paths):
        for path in paths:
            self.assert_finds(tidy.check_bans, {path: code})

    def test_foreign_randomness_is_banned_everywhere(self):
        for code in ("std::random_device d;", "std::uniform_int_distribution<int> d(0, 1);", "std::mt19937_64 g(1);",
                     "int i = rand();", "int i = std::rand();", "std::shuffle(a.begin(), a.end(), g);",
                     "std::ranges::shuffle(a, g);"):
            self.assert_banned(code, "engine/base/a.cc", "sim/cli/a.cc", "tests/engine/base/a_test.cc")
        self.assert_allowed("random.shuffle(a); int operand = 1; brand(); x.rand(); strand();", "engine/base/a.cc")

    def test_the_host_is_banned_from_what_is_simulated(self):
        for code in ("auto t = std::chrono::system_clock::now();", "auto t = std::chrono::steady_clock::now();",
                     "auto t = time(nullptr);", "auto t = std::time(0);", "std::thread t(f);", "std::mutex m;",
                     'auto v = getenv("HOME");', "namespace fs = std::filesystem;", "std::ifstream in(path);",
                     "std::map<Node*, int> m;", "std::set<const Node *> s;"):
            self.assert_banned(code, "engine/base/a.cc", "sim/kernel/a.h")
            self.assert_allowed(code, "engine/env/posix/a.cc", "sim/cli/a.cc", "sim/experiment/a.cc", "tests/a.cc")
        self.assert_allowed("Instant t = clock.now(); Instant time() const; e.time(); std::this_thread_id x; "
                            "std::map<NodeId, Node*> m; std::vector<Node*> v;", "engine/base/a.cc")

    def test_libm_functions_that_differ_between_machines_are_banned(self):
        for code in ("double y = std::exp(x);", "double y = ::log(x);", "double y = pow(x, 2);",
                     "double y = std::log2(x);"):
            self.assert_banned(code, "engine/base/a.cc")
            self.assert_allowed(code, "engine/base/portable_math.cc", "analysis/stats/a.cc")
        self.assert_allowed("double y = portable::exp(x) + std::sqrt(x); file.log(x); backlog(x); "
                            "double z = portable::log(x); struct A { A() : log(x), pow(y) {} Log log; };", "engine/base/a.cc")

    def test_prints_are_banned_from_what_is_simulated(self):
        for code in ('std::cerr << "here";', 'printf("here");', 'fprintf(stderr, "here");', 'fmt::print("here");',
                     'std::puts("here");'):
            self.assert_banned(code, "engine/base/a.cc", "sim/kernel/a.cc")
            self.assert_allowed(code, "sim/cli/a.cc", "engine/base/check.cc")
        self.assert_allowed('fmt::format("x"); snprintf(b, n, "x"); outputs(x);', "engine/base/a.cc")

    def test_catching_everything_is_banned_in_engine(self):
        self.assert_banned("try { f(); } catch (...) {}", "engine/base/a.cc", "engine/env/posix/a.cc")
        self.assert_allowed("try { f(); } catch (...) {}", "sim/kernel/a.cc")

    def test_comments_and_strings_are_not_code(self):
        self.assert_allowed('// std::thread\n/* rand()\n getenv( */ auto s = "std::thread \\" time(0)";\n'
                            'auto r = R"x(rand() ") std::thread)x"; auto c = \'"\'; int n = 1\'000;',
                            "engine/base/a.cc")
        self.assert_banned('auto c = \'"\'; std::thread t; auto d = \'"\';', "engine/base/a.cc")
        self.assert_banned("int n = 1'000; std::thread t; int m = 2'000;", "engine/base/a.cc")

    def test_iteration_over_an_unordered_container_is_found(self):
        check = tidy.check_unordered_iteration
        member = {"engine/base/a.h": "std::unordered_map<int, std::vector<std::pair<int, int>>> files_;"}
        for loop in ("for (auto& [k, v] : files_) {}", "for (auto& f : self->files_) {}", "auto i = files_.begin();",
                     "f(files_.cbegin());"):
            self.assert_finds(check, member | {"engine/base/a.cc": f"\n{loop}"}, "engine/base/a.cc:2")
        self.assert_finds(check, {"sim/kernel/a.cc": "using Names = std::unordered_set<int>;\nNames names;\n"
                                                     "for (int n : names) {}"}, "sim/kernel/a.cc:3")
        self.assert_finds(check, member | {"engine/base/a.cc": "for (auto& f : files) {}\nfiles_.find(3);\n"
                                                               "auto end = files_.end();"})

    def test_iteration_is_allowed_with_a_reason(self):
        self.assert_finds(tidy.check_unordered_iteration, {
            "engine/base/a.cc": "std::unordered_set<int> s;\n// order does not escape: a sum\nfor (int i : s) n += i;"})

    def test_two_draws_in_one_expression_are_found(self):
        check = tidy.check_one_draw_per_expression
        for code in ("f(random.below(2), random.below(3));", "x = random_.unit() + random_.unit();",
                     "f(r.chance(p),\n  rng.next());"):
            self.assert_finds(check, {"sim/kernel/a.cc": f"\n{code}"}, "sim/kernel/a.cc:2")
        self.assert_finds(check, {"sim/kernel/a.cc": "a = random.below(2); b = random.below(3);\n"
                                                     "if (r.chance(p) && r.chance(q)) iterator.next();\n"
                                                     "f(iterator.next(), other.next());"})

    # --- what must not be committed

    def test_a_header_opens_with_a_comment_and_is_included_once(self):
        check = tidy.check_headers
        self.assert_finds(check, {"engine/base/a.h": "// What it is.\n#pragma once\n"})
        self.assert_finds(check, {"engine/base/a.h": "#pragma once\n"}, "engine/base/a.h:1")
        self.assert_finds(check, {"engine/base/a.h": "// What it is.\n"}, "engine/base/a.h:1")

    def test_file_names_are_nouns_in_snake_case(self):
        check = tidy.check_file_names
        self.assert_finds(check, {"engine/base/wal_writer.cc": "", "engine/base/utility_curve.h": ""})
        self.assert_finds(check, {"engine/base/WalWriter.cc": ""}, "engine/base/WalWriter.cc:1")
        for name in ("utils.h", "string_util.h", "helpers.cc"):
            self.assert_finds(check, {f"engine/base/{name}": ""}, f"engine/base/{name}:1")

    def test_marks_of_unfinished_work_are_found(self):
        check = tidy.check_unfinished_work
        mark = "TO" + "DO"
        self.assert_finds(check, {"engine/base/a.cc": f"\n// {mark}: later", "README.md": mark},
                          "engine/base/a.cc:2", "README.md:1")
        self.assert_finds(check, {"dev": 'mktemp "XXXX' + 'XX"'})

    def test_a_large_file_is_found(self):
        self.assert_finds(tidy.check_large_files, {"a.bin": b"\xff" * 500_000})
        self.assert_finds(tidy.check_large_files, {"a.bin": b"\xff" * 500_001}, "a.bin:1")

    def test_a_chapter_has_one_title(self):
        check = tidy.check_readmes
        good = {"engine/README.md": "# Engine\n```\n# a comment\n```\n## Part\n"}
        self.assert_finds(check, good | {"cmake/a.cmake": "", ".ci/run": ""})
        self.assert_finds(check, {"engine/README.md": "# Engine\n# Again\n"}, "engine/README.md:1")
        self.assert_finds(check, {"engine/README.md": "no title"}, "engine/README.md:1")
        self.assert_finds(check, good | {"sim/kernel/a.cc": ""}, "sim/README.md:1")

    def test_a_link_to_nothing_is_found(self):
        check = tidy.check_readme_links
        files = {"engine/README.md": "[a](base/a.h) [b](../sim/README.md#part) [c](base) [d](https://example.org)",
                 "engine/base/a.h": "", "sim/README.md": "[up](..)"}
        self.assert_finds(check, files | {"README.md": "[engine](engine/README.md)"})
        self.assert_finds(check, files | {"README.md": "\n[lost](engine/base/b.h)"}, "README.md:2")

    def test_a_notebook_with_output_is_found(self):
        check = tidy.check_notebooks
        cell = {"cell_type": "code", "source": [], "outputs": [], "execution_count": None}
        self.assert_finds(check, {"notebooks/a.ipynb": json.dumps({"cells": [cell]})})
        for kept in ({"outputs": [{"text": "1"}]}, {"execution_count": 3}):
            self.assert_finds(check, {"notebooks/a.ipynb": json.dumps({"cells": [cell | kept]})},
                              "notebooks/a.ipynb:1")

    # --- the tree itself

    def test_each_check_is_tested(self):
        tested = pathlib.Path(__file__).read_text()
        for check in tidy.CHECKS:
            self.assertIn(f"tidy.{check.__name__}", tested)

    def test_the_tree_is_tidy(self):
        found = tidy.findings(tidy.Tree.read(tidy.ROOT))
        if found:
            self.fail("\n" + "\n".join(map(str, found)))


if __name__ == "__main__":
    unittest.main()
