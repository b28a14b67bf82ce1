"""Names of native code, however its program was linked."""

from __future__ import annotations

import ctypes
import http.server
import shutil
import subprocess
import threading
from pathlib import Path
from typing import ClassVar

import pytest
from command import profiled, script

PROGRAM = """\
#include <cstdlib>
#include <cstring>
static inline char* wrap(int bytes) {
    char* block = (char*)malloc(bytes);
    memset(block, 1, bytes);
    return block;
}
__attribute__((noinline)) char* store(int bytes) {
    char* block = wrap(bytes);
    asm volatile("");
    return block;
}
int main() { return store(9 << 20)[3] != 1; }
"""


@pytest.mark.parametrize(
    "linked",
    [
        "-Wl,-z,max-page-size=2097152",  # the segments are apart
        "-Wl,-z,max-page-size=2097152 -no-pie",
        "-Wl,-z,max-page-size=65536 -Wl,-z,separate-code",
        "-Wl,-z,noseparate-code -no-pie",
        "-fuse-ld=gold",
        "-Wl,--build-id=none",  # what ran cannot be told from another
        "-Wl,--build-id=none -Wl,-z,max-page-size=2097152",
    ],
)
def test_a_program_has_names(here, linked):
    script("p.cpp", PROGRAM)
    subprocess.run(["g++", "-g", "-O1", "p.cpp", "-o", "p", *linked.split()], check=True)
    frames = [stack for stack, size in profiled("./p").callstacks.items() if size == 9 << 20]
    assert frames == [
        (f"{here}/p.cpp:13 (main)", f"{here}/p.cpp:9 (store(int))", f"{here}/p.cpp:4 (wrap)")
    ]


# Where debug information can be, each as shell commands that make ./p of p.cpp.
SEPARATE = "objcopy --only-keep-debug p p.debug; strip p; objcopy --add-gnu-debuglink=p.debug p"
LLVM_DWP = max(Path("/usr/bin").glob("llvm-dwp-*"), default="llvm-dwp")
FORMATS = {
    "zlib": "g++ -g -O1 -gz=zlib p.cpp -o p",
    "zstd": "g++ -g -O1 p.cpp -o p; objcopy --compress-debug-sections=zstd p",
    "a debug link": f"g++ -g -O1 p.cpp -o p -Wl,--build-id; {SEPARATE}",
    "a debug link without a build id": f"g++ -g -O1 p.cpp -o p -Wl,--build-id=none; {SEPARATE}",
    "zstd behind a link": f"g++ -g -O1 p.cpp -o p -Wl,--build-id=none; {SEPARATE};"
    " objcopy --compress-debug-sections=zstd p.debug;"
    " objcopy --remove-section=.gnu_debuglink p; objcopy --add-gnu-debuglink=p.debug p",
    "a folder .debug": f"g++ -g -O1 p.cpp -o p; {SEPARATE}; mkdir .debug; mv p.debug .debug",
    "DWARF 4 in .dwo": "g++ -g -gdwarf-4 -gsplit-dwarf -O1 -c p.cpp; g++ p.o -o p",
    "DWARF 5 in .dwo": "g++ -g -gdwarf-5 -gsplit-dwarf -O1 -c p.cpp; g++ p.o -o p",
    "DWARF 4 in .dwp": "g++ -g -gdwarf-4 -gsplit-dwarf -O1 -c p.cpp; g++ p.o -o p;"
    " dwp -e p -o p.dwp; rm p.dwo",
    "DWARF 5 in .dwp": "clang++ -gdwarf-5 -gsplit-dwarf -O1 -c p.cpp; clang++ p.o -o p;"
    f" {LLVM_DWP} -e p -o p.dwp; rm p.dwo",
    "dwz": "g++ -g -O1 p.cpp -o p; cp p p2; dwz -m common.debug p p2",
    "dwz, one file": "g++ -g -O1 p.cpp -o p; dwz p",
    "link time optimisation": "g++ -g -O1 -flto p.cpp -o p",
    "clang": "clang++ -g -O1 p.cpp -o p",
    "DWARF 3": "g++ -g -gdwarf-3 -gstrict-dwarf -O1 p.cpp -o p",
}


@pytest.mark.parametrize("how", FORMATS)
def test_debug_information_is_found_and_read(here, how):
    if "dwz" in how and shutil.which("dwz") is None:
        pytest.skip("Debian has it as the package dwz")
    if str(LLVM_DWP) in FORMATS[how] and shutil.which(LLVM_DWP) is None:
        pytest.skip("a package of DWARF 5 is made by LLVM's tools")
    script("p.cpp", PROGRAM)
    subprocess.run(["sh", "-ec", FORMATS[how]], check=True)
    frames = [stack for stack, size in profiled("./p").callstacks.items() if size == 9 << 20]
    expected = (f"{here}/p.cpp:13 (main)", f"{here}/p.cpp:9 (store(int))", f"{here}/p.cpp:4 (wrap)")
    if "clang" in FORMATS[how]:  # it knows the names for the linker of what it inlined
        expected = (*expected[:2], f"{here}/p.cpp:4 (wrap(int))")
    assert frames == [expected]


def test_a_debug_link_to_another_file_is_not_followed(here):
    script("p.cpp", PROGRAM)
    make = f"g++ -g -O1 p.cpp -o p -Wl,--build-id=none; {SEPARATE}; printf more >> p.debug"
    subprocess.run(["sh", "-ec", make], check=True)
    for _ in range(2):  # also of what an earlier report could have kept
        run = profiled("./p")
        frames = [stack for stack, size in run.callstacks.items() if size == 9 << 20]
        assert [frame.partition("+")[0] for frame in frames[0]] == ["p", "p"]
        page = (run.report / "index.html").read_text()
        assert f"its debug information, {here}/p.debug, is of another build" in page
        shutil.rmtree("out")


class DebugServer(http.server.BaseHTTPRequestHandler):
    """Has ./served for every build id."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        content = Path("served").read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def debug_server(here, monkeypatch):
    try:
        ctypes.CDLL("libdebuginfod.so.1")
    except OSError:
        pytest.skip("Debian has it as the package libdebuginfod1")
    DebugServer.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), DebugServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("DEBUGINFOD_URLS", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(here / "client"))
        yield server
        server.shutdown()


def test_a_server_is_asked_where_the_user_wants_it(here, debug_server):
    script("p.cpp", PROGRAM)
    make = f"g++ -g -O1 p.cpp -o p -Wl,--build-id; {SEPARATE}; mv p.debug served"
    subprocess.run(["sh", "-ec", make], check=True)
    assert "p.cpp" not in str(profiled("./p").callstacks) and DebugServer.asked == []
    shutil.rmtree("out")
    assert f"{here}/p.cpp:9 (store(int))" in str(profiled("--debuginfod", "./p").callstacks)
    assert any(path.endswith("/debuginfo") for path in DebugServer.asked)


def test_that_no_server_can_be_asked_is_said(here, monkeypatch):
    monkeypatch.delenv("DEBUGINFOD_URLS", raising=False)
    script("p.cpp", PROGRAM)
    subprocess.run(["g++", "-g", "p.cpp", "-o", "p"], check=True)
    page = (profiled("--debuginfod", "./p").report / "index.html").read_text()
    assert "No server was asked for debug information: DEBUGINFOD_URLS names none." in page


def test_the_small_symbol_table_that_distributions_leave(here):
    script("p.cpp", PROGRAM)
    make = """
        g++ -O1 p.cpp -o p; objcopy -S --keep-symbol=main --keep-symbol=_Z5storei p small
        xz small; strip p; objcopy --add-section .gnu_debugdata=small.xz p
    """
    subprocess.run(["sh", "-ec", make], check=True)
    frames = [stack for stack, size in profiled("./p").callstacks.items() if size == 9 << 20]
    assert [frame.partition("(")[2] for frame in frames[0]] == ["main)", "store(int))"]


BUILD_ID = "0123456789abcdef" * 2


def test_names_are_read_once_and_again_where_the_file_is_another(here, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    script("p.cpp", PROGRAM)
    build = ["g++", "-g", "-O1", f"-Wl,--build-id=0x{BUILD_ID}", "p.cpp", "-o", "p"]
    subprocess.run(build, check=True)
    first = profiled("./p").callstacks
    kept = here / "cache" / "fil-profile" / "names" / BUILD_ID
    assert "store(int)\n" in kept.read_text() and kept.stat().st_mode & 0o777 == 0o600
    kept.write_text(kept.read_text().replace("store(int)\n", "was kept\n"))
    shutil.rmtree("out")
    again = profiled("./p").callstacks
    assert "was kept" in str(again) and str(again).replace("was kept", "store(int)") == str(first)
    shutil.rmtree("out")
    script("p.cpp", "// a line more\n" + PROGRAM)
    subprocess.run(build, check=True)  # the build id is the same
    assert "p.cpp:10 (store(int))" in str(profiled("./p").callstacks)


NAMES = """\
#include <cstdlib>
#include <cstring>
#define APART __attribute__((noinline))
namespace shop {
struct cart {
    template <typename F> APART char* each(F f) { asm volatile(""); return f(9 << 20); }
};
char* fill(cart& c, int k) {
    return c.each([k](int n) APART { char* p = (char*)malloc(n); memset(p, k, n); return p; });
}
}
namespace {
struct hidden {
    static APART char* go(int k) {
        shop::cart c;
        char* r = shop::fill(c, k);
        asm volatile("");
        return r;
    }
};
}
int main(int n, char**) { return hidden::go(n)[5] != 1; }
"""


@pytest.mark.parametrize("flags", ["-O2", "-O2 -flto", "-O2 -gsplit-dwarf", "-O0"])
def test_functions_are_named_with_their_scopes(here, flags):
    script("p.cpp", NAMES)
    subprocess.run(["g++", "-g", *flags.split(), "p.cpp", "-o", "p"], check=True)
    [stack] = [stack for stack, size in profiled("./p").callstacks.items() if size == 9 << 20]
    names = [frame.partition(" (")[2][:-1] for frame in stack]
    assert names[0] == "main"
    assert names[1].removesuffix("(int)") == "(anonymous namespace)::hidden::go"
    assert names[2] == "shop::fill(shop::cart&, int)"
    assert "shop::cart::each<" in names[3]
    assert names[4].startswith("shop::fill(shop::cart&, int)::")
    assert "lambda" in names[4] and "operator()" in names[4]


TEMPLATES = """\
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>
template <int N> struct deep {
    using type = std::map<std::string, std::pair<typename deep<N - 1>::type, std::vector<int>>>;
};
template <> struct deep<0> { using type = std::vector<std::string>; };
template <int N, typename T> __attribute__((noinline)) char* go(int n) {
    char* block = (char*)malloc(n);
    memset(block, 1, n);
    if constexpr (N > 0) go<N - 1, std::pair<T, typename deep<N>::type>>(n);
    return block;
}
int main(int n, char**) { return go<9, std::vector<int>>(100000 * n)[5] != 1; }
"""


def test_templates_are_shortened_for_reading(here):
    script("p.cpp", TEMPLATES)
    subprocess.run(["g++", "-g", "-O1", "p.cpp", "-o", "p"], check=True)
    run = profiled("./p")
    names = {frame.partition(" (")[2] for stack in run.callstacks for frame in stack}
    assert "char* go<9, std::vector<int>>(int))" in names
    assert len([name for name in names if " go<" in name]) == 10
    assert max(map(len, names)) < 520
    assert sum(file.stat().st_size for file in run.report.iterdir()) < 500_000
    shutil.rmtree("out")
    whole = {frame for stack in profiled("--full-names", "./p").callstacks for frame in stack}
    assert max(map(len, whole)) > 2000 and not any("…" in name for name in whole)


UNREADABLE = """\
#include <stdlib.h>
#include <string.h>
namespace shop {
struct list {
    static char* make(long n) __asm__("_D4shop4list4makeFlZPa");
    static char* more(long n) __asm__("_$s4shop4listV4moreyS2iF");
};
char* list::make(long n) { char* p = (char*)malloc(n); memset(p, 1, n); return p; }
char* list::more(long n) { char* p = make(n); p[1] = 2; return p; }
}
int main() { return shop::list::more(5000000)[4] - 1; }
"""


def test_names_that_only_their_compiler_reads_are_those_of_the_debug_information(here):
    script("p.cpp", UNREADABLE)
    subprocess.run(["g++", "-g", "-O0", "p.cpp", "-o", "p"], check=True)
    names = [frame.partition(" (")[2] for frame in max(profiled("./p").callstacks)]
    assert names[-2:] == ["shop::list::more)", "shop::list::make)"]
