#pragma once
// Made-up recordings to draw: what a pandas job leaves behind, graphs as deep or as wide as they
// come, and names that try to break out. The same every time. Used by make_report.cpp.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/facts.hpp"
#include "fil/report/process_merge.hpp"
#include "fil/report/session_snapshot.hpp"
#include "fil/report/snapshot_merge.hpp"
#include "fil/report/tidy.hpp"

namespace fil::report::fixtures {

struct recording {
    snapshot what;
    report::facts facts;
};

inline constexpr std::int64_t mib = 1 << 20;

inline session_snapshot session_of(const recording& from) {
    snapshot tidy = tidied(from.what, from.facts.program);
    source_files sources = find_source_files(tidy, {from.facts.started});
    return {from.facts, std::move(tidy), std::move(sources)};
}

// The same numbers on every machine.
class dice {
  public:
    explicit dice(std::uint64_t seed) : state_(seed * 2 + 1) {}
    std::uint32_t below(std::uint32_t n) {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::uint32_t>(state_ >> 33) % n;
    }
    // Most are small, a few are large.
    std::int64_t bytes(std::int64_t scale) { return scale * 1000 / (1 + below(1000)); }

  private:
    std::uint64_t state_;
};

class callstack_maker {
  public:
    explicit callstack_maker(snapshot& what) : what_(what) {}

    frame_index python(std::string function, std::string file, std::uint32_t line) {
        return what_.add_frame(
            {.function = std::move(function), .file = std::move(file), .line = line});
    }

    callstack_index stack(const std::vector<frame_index>& frames) {
        callstack_index at = callstack_index::empty;
        for (const frame_index f : frames) at = what_.add_callstack(at, f);
        return at;
    }

    void holds(const std::vector<frame_index>& frames, std::int64_t bytes,
               std::uint64_t allocations = 1) {
        what_.add_usage(mapping_kind::anonymous, stack(frames),
                        {.bytes = bytes, .allocations = allocations});
    }

  private:
    snapshot& what_;
};

inline constexpr std::string_view flights_source = R"(import numpy as np
import pandas as pd

def load(path):
    flights = pd.read_csv(path, dtype_backend='numpy_nullable')
    return flights.merge(weather, on=['origin', 'time_hour'], how='left')

def wide(t):
    x = t.select_dtypes('number').to_numpy(dtype='float64')
    x = np.hstack([x, x ** 2, np.sqrt(np.abs(x))])
    return x

def main():
    t = load('flights.csv')
    print(wide(t).mean())

main()
)";

inline report::facts some_facts(std::string script, std::int64_t peak) {
    report::facts facts;
    facts.version = "0.1.0";
    facts.arguments = {script, "--year", "2013"};
    facts.runtime = "CPython 3.12.1";
    facts.program.main_script = script;
    facts.program.main_script_path = "/home/ada/" + script;
    facts.program.launch_directory = "/home/ada";
    facts.started = 1795451283;
    facts.made = 1795451289;
    facts.duration = 5.12;
    facts.ending = {ending_facts::how::exited, 0};
    facts.peak = peak;
    facts.peak_seconds = 3.2;
    facts.resident = {peak + 70 * mib, peak + 10 * mib, 58 * mib, 2 * mib};
    facts.variables = {"ARROW_DEFAULT_MEMORY_POOL=system"};
    return facts;
}

// Rises in steps to the peak at 3.2 s, then falls.
inline timeline some_timeline(std::int32_t pid, std::string name, std::int64_t peak) {
    timeline line = {pid, std::move(name), {}};
    for (int i = 0; i <= 256; ++i) {
        const double t = 0.02 * i;
        const double level = t < 0.6    ? t / 6
                             : t < 1.5  ? 0.3
                             : t < 2.6  ? 0.45
                             : t < 3.2  ? 0.45 + (t - 2.6) / 1.2
                             : t < 3.21 ? 1.0
                             : t < 4.4  ? 0.6
                                        : 0.2;
        const auto allocated = static_cast<std::int64_t>(level * static_cast<double>(peak));
        line.samples.push_back(
            {t, allocated,
             std::max(allocated,
                      line.samples.empty() ? 0 : line.samples.back().resident - peak / 150) +
                 peak / 400});
    }
    return line;
}

// A pandas job: a few heavy lines of the user's, and `stacks` callstacks inside libraries.
inline recording pandas(int stacks) {
    recording made;
    callstack_maker make(made.what);
    dice roll(7);
    const std::string site = "/home/ada/venv/lib/python3.12/site-packages/";
    auto own = [&](const char* function, std::uint32_t line) {
        return make.python(function, "/home/ada/flights.py", line);
    };
    const frame_index module = own("<module>", 17), loads = own("main", 14),
                      widens = own("main", 15);
    const frame_index hstack = make.python("hstack", site + "numpy/_core/shape_base.py", 358);
    make.holds({module, widens, own("wide", 10), hstack}, 418 * mib, 3);
    make.holds({module, widens, own("wide", 10)}, 31 * mib, 2);
    make.holds({module, widens, own("wide", 9),
                make.python("to_numpy", site + "pandas/core/frame.py", 2026),
                make.python("as_array", site + "pandas/core/internals/managers.py", 1694),
                make.python("_interleave", site + "pandas/core/internals/managers.py", 1753)},
               84 * mib);
    make.holds({module, loads, own("load", 5),
                make.python("read_csv", site + "pandas/io/parsers/readers.py", 1026),
                make.python("_read", site + "pandas/io/parsers/readers.py", 626),
                make.python("read", site + "pandas/io/parsers/c_parser_wrapper.py", 234)},
               60 * mib, 1200);
    std::vector<frame_index> libraries;
    const std::array files = {"pandas/core/frame.py",           "pandas/core/reshape/merge.py",
                              "pandas/core/algorithms.py",      "pandas/core/arrays/masked.py",
                              "numpy/lib/_arraysetops_impl.py", "pyarrow/compute.py"};
    const std::array functions = {"merge",  "__init__", "take", "reindex_indexer",
                                  "unique", "astype",   "apply"};
    for (int i = 0; i < 300; ++i) {
        libraries.push_back(make.python(functions[roll.below(functions.size())],
                                        site + files[roll.below(files.size())],
                                        20 + roll.below(2000)));
    }
    const std::array starts = {own("<module>", 1), own("<module>", 2), loads, widens};
    const frame_index import = make.python("_find_and_load", "<frozen importlib._bootstrap>", 1360);
    for (int i = 0; i < stacks; ++i) {
        const std::uint32_t start = roll.below(starts.size());
        std::vector<frame_index> frames = {starts[start]};
        if (start < 2) frames.push_back(import);
        if (start >= 2) frames.insert(frames.begin(), module);
        if (start == 2) frames.push_back(own("load", 5 + roll.below(2)));
        if (start == 3) frames.push_back(own("wide", 9));
        std::uint32_t library = roll.below(libraries.size());
        for (std::uint32_t depth = roll.below(36); depth > 0; --depth) {
            library = (library * 7 + 1 + (roll.below(4) == 0)) % libraries.size();
            frames.push_back(libraries[library]);
        }
        make.holds(frames, roll.bytes(4000), 1 + roll.below(500));
    }
    made.what.add_text("flights.py", std::string(flights_source));
    made.what.add_text("/home/ada/flights.py", std::string(flights_source));
    made.what.add_usage(mapping_kind::file, make.stack({own("<module>", 2), import}),
                        {.bytes = 181 * mib});
    made.what.add_usage(mapping_kind::shared, make.stack({module, loads, own("load", 5), hstack}),
                        {.bytes = 24 * mib});
    made.what.add_usage(mapping_kind::reserved, make.stack({module, loads}), {.bytes = 64 * mib});
    made.what.add_usage(mapping_kind::arena, make.stack({module, loads}), {.bytes = 20 * mib});
    made.what.add_untouched_mapping(
        {make.stack({module, loads, own("load", 5)}), 1024 * mib, 12 * mib});
    const std::int64_t peak = made.what.total(mapping_kind::anonymous);
    made.facts = some_facts("flights.py", peak);
    made.facts.timelines = {some_timeline(0, "", peak)};
    return made;
}

inline constexpr std::string_view measures_source = R"(import numpy as np
import pandas as pd
import sklearn.cluster

def rolling(table):
    return table.rolling(3).mean()

def history(tables):
    HISTORY = np.hstack([rolling(t) for t in tables])
    return HISTORY

def groups(table):
    return sklearn.cluster.KMeans(8, init=start).fit(rolling(table))

def start(table, *rest):
    return table[:8].copy()

if __name__ == "__main__":
    print(groups(history(read())))
)";

// Lines that call other lines of the user's, imports, and libraries that call back. Nobody looked
// at what its resident memory was made of.
inline recording measures() {
    recording made;
    callstack_maker make(made.what);
    const std::string site = "/home/ada/venv/lib/python3.12/site-packages/";
    auto own = [&](const char* function, std::uint32_t line) {
        return make.python(function, "/home/ada/données.py", line);
    };
    const frame_index import = make.python("_find_and_load", "<frozen importlib._bootstrap>", 1360);
    const std::array imports = {60, 50, 38};
    const std::array packages = {"numpy", "pandas", "sklearn"};
    for (std::uint32_t i = 0; i < 3; ++i) {
        const std::string file = site + packages[i] + "/__init__.py";
        make.holds({own("<module>", i + 1), import, make.python("<module>", file, 1)},
                   imports[i] * mib);
    }
    const frame_index module = own("<module>", 19);
    const frame_index mean = make.python("mean", site + "pandas/core/window/rolling.py", 2000);
    const frame_index hstack = make.python("hstack", site + "numpy/_core/shape_base.py", 358);
    make.holds({module, own("history", 9), hstack}, 104 * mib);
    make.holds({module, own("history", 9), own("rolling", 6), mean}, 19 * mib);
    const frame_index fits = own("groups", 13);
    std::vector<frame_index> fit = {module, fits};
    const std::array steps = {"wrapper", "fit", "_init_centroids"};
    for (std::uint32_t i = 0; i < 3; ++i) {
        fit.push_back(make.python(steps[i], site + "sklearn/cluster/_kmeans.py", 100 * i + 7));
    }
    make.holds(fit, 30 * mib);
    fit.push_back(own("start", 16));
    make.holds(fit, 12 * mib);
    make.holds({module, fits, own("rolling", 6), mean}, 7 * mib);
    made.what.add_text("données.py", std::string(measures_source));
    made.facts = some_facts("données.py", made.what.total(mapping_kind::anonymous));
    made.facts.timelines = {some_timeline(0, "", made.facts.peak)};
    made.facts.resident = {};
    made.facts.variables = {"OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "BLIS_NUM_THREADS=1"};
    return made;
}

// Functions of the main executable.
inline recording native() {
    recording made;
    const auto function = [&](const char* name, std::uint32_t line) {
        return made.what.add_frame({.function = name,
                                    .file = "/home/ada/grid.cpp",
                                    .line = line,
                                    .kind = frame_kind::native,
                                    .module = "/home/ada/grid"});
    };
    callstack_maker make(made.what);
    const frame_index main = function("main", 9);
    make.holds({main, function("grid::fill(unsigned long)", 4)}, 64 * mib);
    const auto keeps = [&](const char* name, std::uint32_t line, std::int64_t bytes) {
        made.what.add_usage(sparse_at_peak, make.stack({main, function(name, line)}),
                            {bytes / 4, 1});
        made.what.add_usage(sparse_afterwards, make.stack({main, function(name, line)}),
                            {bytes, 1});
    };
    keeps("grid::cell::label[abi:cxx11]() const", 71, 24 * mib);
    keeps("grid::index<std::pair<long, long>, grid::hash_of_a_pair>::insert(long)", 112, 9 * mib);
    keeps("main", 9, mib / 8);
    made.facts = some_facts("", 64 * mib);
    made.facts.resident.last_parts = {{resident_kind::heap, "", 40 * mib, mib},
                                      {resident_kind::vacant, "", 6 * mib, 0},
                                      {resident_kind::files, "", 48 * mib, 0}};
    made.facts.resident.last_seconds = 4.8;
    made.facts.arguments = {"./grid"};
    made.facts.runtime = "";
    made.facts.program = {};
    made.facts.program.kind = frame_kind::native;
    made.facts.program.main_executables = {"/home/ada/grid"};
    made.facts.timelines = {some_timeline(0, "", 64 * mib)};
    return made;
}

// A polars job: most was taken by its threads, for lines that nobody knows.
inline recording threads() {
    recording made;
    callstack_maker make(made.what);
    const std::string site = "/home/ada/venv/lib/python3.12/site-packages/";
    const auto threads_of = [&](std::string file) {
        return made.what.add_frame({.kind = frame_kind::threads, .module = std::move(file)});
    };
    const frame_index module = make.python("<module>", "/home/ada/sales.py", 30),
                      collects = make.python("collect", site + "polars/lazyframe/frame.py", 2429),
                      of_polars = threads_of(site + "_polars_runtime_32/_polars.abi3.so");
    const auto line = [&](std::uint32_t number) {
        return make.python("totals", "/home/ada/sales.py", number);
    };
    make.holds({module, line(12), collects, of_polars}, 640 * mib, 900);
    make.holds({module, line(17), threads_of("/usr/lib/libgomp.so.1")}, 12 * mib);
    make.holds({module, line(17), threads_of("/usr/lib/libtbb.so.12")}, 3 * mib);
    make.holds({module, line(12), collects}, 31 * mib);
    make.holds({module, line(19)}, 120 * mib);
    made.facts = some_facts("sales.py", 806 * mib);
    made.facts.timelines = {some_timeline(0, "", 806 * mib)};
    return made;
}

// One stack `depth` frames deep, all but its ends the same function if `recursive`.
inline recording deep(int depth, bool recursive) {
    recording made;
    callstack_maker make(made.what);
    std::vector<frame_index> frames = {make.python("<module>", "/home/ada/deep.py", 9)};
    for (int i = 0; i < depth; ++i) {
        frames.push_back(recursive ? make.python("walk", "/home/ada/deep.py", 5)
                                   : make.python("step_" + std::to_string(i), "/home/ada/deep.py",
                                                 10 + static_cast<std::uint32_t>(i)));
    }
    frames.push_back(make.python("end", "/home/ada/deep.py", 3));
    make.holds(frames, 80 * mib);
    made.what.add_text("/home/ada/deep.py",
                       "import sys\n\n    end = bytearray(80 << 20)\n\n    return walk(n - 1)\n");
    made.facts = some_facts("deep.py", 80 * mib);
    return made;
}

// A recursion through two functions, and a line whose callstacks are all too small for the graph.
inline recording cycle() {
    recording made;
    callstack_maker make(made.what);
    auto own = [&](const char* function, std::uint32_t line) {
        return make.python(function, "/home/ada/walker.py", line);
    };
    std::vector<frame_index> frames = {own("<module>", 20)};
    for (int i = 0; i < 3000; ++i) {
        frames.push_back(own("visit", 4));
        frames.push_back(own("generic_visit", 8));
    }
    make.holds(frames, 5 * mib);
    frames.push_back(own("end", 12));
    make.holds(frames, 80 * mib);
    for (std::uint32_t i = 1; i <= 30; ++i) {
        make.holds({own("<module>", 2), make.python("parse", "/usr/lib/python3.12/ast.py", i)},
                   10 << 10);
    }
    made.facts = some_facts("walker.py", made.what.total(mapping_kind::anonymous));
    return made;
}

// Names that would be markup, script, or backwards, if anybody let them.
inline recording hostile() {
    recording made;
    callstack_maker make(made.what);
    const std::string attack =
        "</script><script>window.pwned=1</script><img src=x onerror=\"window.pwned=1\">]]>&lt;'\"";
    const std::string backwards = "\u202e";
    const frame_index odd =
        make.python("<module>", "/home/ada/we\"ird & <b>/" + backwards + "gpj.py", 3);
    const frame_index worse =
        make.python(attack, "/home/ada/\u05e9\u05dc\u05d5\u05dd/\xff\xfe.py", 7);
    const frame_index proto = make.python(
        "__proto__",
        "/x/lib/python3.12/site-packages/constructor/" + std::string(400, 'd') + "/f.py",
        4294967295u);
    make.holds({odd, worse, proto}, 50 * mib);
    make.holds({odd, worse}, 25 * mib);
    make.holds({odd}, 10 * mib);
    const std::string line = attack + "\tif a < b && c:\u200b\xc3\n";
    made.what.add_text("/home/ada/we\"ird & <b>/" + backwards + "gpj.py",
                       line + line + line + line);
    const std::int64_t peak = made.what.total(mapping_kind::anonymous);
    made.facts = some_facts(attack, peak);
    made.facts.arguments = {"x.py", attack, backwards, "\xff\xfe", "it's"};
    made.facts.runtime = attack;
    made.facts.version = attack;
    made.facts.notes = {attack, backwards};
    made.facts.variables = {"X=" + attack};
    made.facts.ending = {ending_facts::how::signalled, 11};
    made.facts.exact = {3, 48 << 10, 7, 0, {1}};
    const process_facts other = {12, attack, 5 * mib, 6 * mib, 1.5, attack, attack};
    made.facts.processes = {{11, attack, peak - 5 * mib, peak, 3, "", ""}, other};
    made.facts.others = {3, 2 * mib};
    made.facts.timelines = {some_timeline(0, "", peak), some_timeline(12, attack, peak / 2)};
    return made;
}

// A short program whose many processes peak together, right at its end.
inline recording processes() {
    recording made;
    callstack_maker make(made.what);
    const frame_index line = make.python("<module>", "/home/ada/pool.py", 3);
    const frame_index works = make.python("load", "/home/ada/worker.py", 5);
    std::vector<process_facts> all = {{6, "python pool.py", 40 * mib, 44 * mib, 0.31, "", ""}};
    for (int pid = 7; pid <= 12; ++pid) {
        const std::string number = std::to_string(pid);
        all.push_back({pid, "python worker.py --number " + number, 33 * mib + pid * mib / 10,
                       40 * mib, 0.47, "× python worker.py --number #", ""});
    }
    const frame_index of_pool = made.what.add_frame(process_frame(all.front()));
    make.holds({of_pool, line}, 40 * mib);
    made.what.add_untouched_mapping({make.stack({of_pool, line}), 64 * mib, 40 << 10});
    for (std::size_t i = 1; i < all.size(); ++i)
        make.holds({made.what.add_frame(process_frame(all[i])), works}, all[i].bytes);
    made.facts = some_facts("pool.py", made.what.total(mapping_kind::anonymous));
    made.facts.duration = 0.48;
    made.facts.peak_seconds = 0.47;
    made.facts.timelines = {some_timeline(0, "", made.facts.peak)};
    for (int pid = 6; pid <= 12; ++pid)
        made.facts.timelines.push_back(some_timeline(pid, "", 40 * mib));
    made.facts.processes = all;
    made.facts.others = {27, 3 * mib / 2};
    made.facts.resident = {};
    for (timeline& each : made.facts.timelines) {
        for (timeline_sample& sample : each.samples) sample.seconds *= 0.48 / 5.12;
    }
    return made;
}

// Two containers, in each of which the program is process 1.
inline recording sum() {
    const auto of = [](const char* script, std::int64_t bytes) {
        recording made;
        callstack_maker make(made.what);
        make.holds({make.python("<module>", script, 2)}, bytes);
        made.facts = some_facts(script, bytes);
        made.facts.processes = {{1, std::string("python ") + script, bytes, bytes}};
        return session_of(made);
    };
    const session_snapshot first = of("load.py", 50 * mib), second = of("train.py", 70 * mib);
    const session_snapshot both = merged({&first, &second});
    return {both.tidy, both.about};
}

inline recording empty() {
    return {snapshot(), some_facts("nothing.py", 0)};
}

// Finds a fixture by its name.
inline std::optional<recording> by_name(std::string_view name) {
    if (name == "pandas") return pandas(2000);
    if (name == "large") return pandas(10000);
    if (name == "recursion") return deep(20000, true);
    if (name == "chain") return deep(10000, false);
    if (name == "cycle") return cycle();
    if (name == "hostile") return hostile();
    if (name == "processes") return processes();
    if (name == "sum") return sum();
    if (name == "measures") return measures();
    if (name == "native") return native();
    if (name == "threads") return threads();
    if (name == "empty") return empty();
    return std::nullopt;
}

}  // namespace fil::report::fixtures
