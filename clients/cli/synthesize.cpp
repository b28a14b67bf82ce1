#include "synthesize.hpp"

#include <fil/trace/synthesis.hpp>
#include <fil/trace/trace_writer.hpp>

#include <cstdio>
#include <map>

#include "lab/opened_trace.hpp"
#include "lab/verb_beginning.hpp"
#include "os/message.hpp"
#include "os/output_file.hpp"
#include "os/refusal.hpp"

namespace fil::cli {
namespace {

constexpr const char* help =
    "Writes allocations like those of a trace, without the program: sizes, lifetimes, threads and\n"
    "who frees whose are kept; no name, callstack or command is in it, so it can be shared.\n"
    "\n"
    "Usage: fil-profile synthesize -o FILE [OPTIONS] TRACE\n"
    "\n"
    "  -o FILE.cpp       a program that stands by itself: c++ -O2 -std=c++17 -pthread FILE.cpp\n"
    "  -o FILE.filtrace  a trace, for replay, understand and compare-allocators\n"
    "  --small MEMORY    of a Python: arenas (the default) or blocks, as with replay\n"
    "  --process PID     of a trace of several; else the one with most events\n"
    "\n"
    "Status: 0; 2 where the trace cannot be read, or FILE not be written.\n";

constexpr const char* generator_text =
#include <synthetic_steps_text.inc>
    ;
constexpr const char* bench_text =
#include <synthetic_bench_text.inc>
    ;

template <typename... Numbers>
std::string line_of(Numbers... numbers) {
    std::string line;
    ((line += (line.empty() ? "{" : ", ") + std::to_string(numbers)), ...);
    return line + "},\n";
}

std::string program_of(const fil_synthetic::counts& counts) {
    std::string text =
        "// Allocations like those of a recorded program: its sizes, lifetimes and threads, and "
        "no\n"
        "// name of it. Made by fil-profile synthesize.\n"
        "//     c++ -O2 -std=c++17 -pthread THIS.cpp -o bench && LD_PRELOAD=libjemalloc.so.2 "
        "./bench\n\n";
    std::string generator = generator_text;
    if (const std::size_t once = generator.find("#pragma once\n"); once != std::string::npos)
        generator.erase(once, 13);
    text += generator + "\nstatic const fil_synthetic::row rows[] = {\n";
    for (const fil_synthetic::row& one : counts.rows)
        text += line_of(one.phase, one.count, one.bytes, one.thread, one.freed_by, one.goes);
    if (counts.rows.empty()) text += "{}\n";
    text += "};\nstatic const fil_synthetic::large larges[] = {\n";
    for (const fil_synthetic::large& one : counts.larges) {
        std::string line = line_of(one.at, one.until, one.bytes, one.touched, one.thread,
                                   one.freed_by, one.is_mapping);
        if (one.until == ~std::uint64_t{0})
            line.replace(line.find(", ") + 2, std::to_string(one.until).size(), "~0ull");
        text += line;
    }
    if (counts.larges.empty()) text += "{}\n";
    text += "};\n\nstatic fil_synthetic::counts recorded() {\n    fil_synthetic::counts all;\n";
    text += "    all.phases = " + std::to_string(counts.phases) +
            ";\n    all.threads = " + std::to_string(counts.threads) + ";\n    all.starts = {";
    for (const std::uint64_t start : counts.starts) text += std::to_string(start) + ", ";
    text += "};\n    all.bursts = {";
    for (const std::uint32_t burst : counts.bursts) text += std::to_string(burst) + ", ";
    text += "};\n    all.moments = {";
    for (const fil_synthetic::moment& one : counts.moments)
        text += "{" + std::to_string(one.from) + ", " + std::to_string(one.until) + "}, ";
    text += "};\n    all.rows.assign(rows, rows + " + std::to_string(counts.rows.size()) +
            ");\n    all.larges.assign(larges, larges + " + std::to_string(counts.larges.size()) +
            ");\n    return all;\n}\n\n";
    return text + bench_text;
}

void write_trace(const fil_synthetic::counts& counts, output_file& to) {
    trace::writer out([&](const void* data, std::size_t bytes) {
        to.write({static_cast<const char*>(data), bytes});
    });
    const std::uint32_t process = out.add_process({1, 0, std::string("synthetic\0", 10), ""});
    constexpr std::uint64_t first_address = std::uint64_t{1} << 40;
    std::unordered_map<std::uint64_t, std::uint64_t> places;  // of mappings, and numbers of blocks
    std::uint64_t number = 0, events = 0, address = first_address;
    std::unordered_map<std::uint64_t, std::uint64_t> touched;  // of those that are not as a whole
    // Before it goes.
    const auto tell_touched = [&](std::uint64_t block, trace::event made) {
        const auto found = touched.find(block);
        if (found == touched.end()) return;
        made.what = made.what == trace::operation::unmap ? trace::operation::touched_mapping
                                                         : trace::operation::touched_block;
        made.bytes = found->second;
        touched.erase(found);
        out.add(process, made);
        ++events;
    };
    using fil_synthetic::what;
    fil_synthetic::generator(counts, 1).run([&](const fil_synthetic::step& one) {
        trace::event made;
        made.thread = one.thread + 1;
        made.bytes = one.bytes;
        const bool is_mapping = one.does == what::map || one.does == what::unmap;
        const bool comes = one.does == what::come || one.does == what::map;
        if (comes && is_mapping) {
            places[one.block] = address;
            address += (one.bytes + 8191) & ~std::uint64_t{4095};
        } else if (comes) {
            places[one.block] = number++;
        }
        made.what = is_mapping ? (comes ? trace::operation::map : trace::operation::unmap)
                               : (comes ? trace::operation::allocate : trace::operation::release);
        if (is_mapping)
            made.address = places[one.block];
        else
            made.block = made.moved_to = trace::block_number{places[one.block]};
        if (!comes) tell_touched(one.block, made);
        out.add(process, made);
        ++events;
        if (comes && one.touched < one.bytes) touched[one.block] = one.touched;
    });
    for (const auto& [block, bytes] : std::map(touched.begin(), touched.end())) {
        trace::event last;
        last.thread = 1;
        const bool is_mapping = places[block] >= first_address;
        last.what = is_mapping ? trace::operation::unmap : trace::operation::release;
        last.address = places[block];
        last.block = trace::block_number{places[block]};
        tell_touched(block, last);
    }
    out.end_process(process, {events, 0, 0});
    out.finish();
}

}  // namespace

int synthesize(const invocation& asked) {
    const auto asked_for = options_of_verb("synthesize", asked, help, traces_taken::one);
    if (!asked_for) return status_of_stdout();
    const lab_options& options = *asked_for;
    const std::string& to = options.output;
    if (!to.ends_with(".cpp") && !to.ends_with(".filtrace"))
        throw refusal("synthesize needs -o FILE.cpp or -o FILE.filtrace");
    const std::string& path = options.traces.front();
    const opened_trace from(path, options.pid);
    from.say_what_is_odd();
    const trace::synthesis made(from.plan(options));
    output_file out(to);
    if (to.ends_with(".cpp"))
        out.write(program_of(made.counts()));
    else
        write_trace(made.counts(), out);
    out.finish();
    say("Wrote " + to + ": " + std::to_string(made.counts().starts.back()) + " blocks.",
        worth::news);
    return 0;
}

}  // namespace fil::cli
