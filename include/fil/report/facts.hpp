#pragma once
// Everything the report says beyond the callstacks: what ran, when, how it ended, how exact it is.
//
// Filled by whoever supervised the program (or read a recording later), read by the exporters.
// Plain values with "not known" defaults: a fact that nobody could learn is left out of the page.
// Bytes are bytes, times are seconds since the start. Texts need not be valid UTF-8.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fil/report/ending_text.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/unrecorded_text.hpp"

namespace fil::report {

// What tells the user's own code from everybody else's, and how the main script is called.
struct program_facts {
    frame_kind kind = frame_kind::python;  // of the runtime that it is written for
    std::string main_script;               // as typed: "flights.py"; "" for -m and native programs
    std::string main_script_path;          // what the interpreter made of it: absolute
    std::string main_text;                 // its source, where code is to be found in it again
    std::string started_script;            // where that is not known: by the process's command line
    std::string launch_directory;          // the working directory that relative names start from
    // Absolute; native: their functions are the user's own. One, or of several processes each.
    std::vector<std::string> main_executables;
    std::vector<std::string> own_directories;  // of the package filprofiler, if it took part
    std::vector<std::string> other_scripts;    // main scripts of programs that are drawn with this
    bool is_helper = false;      // what a library started: its `python -c` is not the user's
    std::string first_file;      // a part of a program: callstacks begin at the outermost frame of
    std::string first_function;  // this function, or of any of the file
};

// A part of what was resident. Of its bytes `live` are counted; of `absent` that is all there is.
enum class resident_kind : std::uint8_t {
    ground = 1,  // of an allocator inside, with its name; or of the runtime's, without
    program,     // heaps, and what the program mapped without a file, where no more is known
    data,
    stacks,
    profiler,
    files,
    shared,
    heap,
    mapped,
    reserve,
    unknown,
    absent,
    copied,
    vacant  // of a heap: pages without a block
};
struct resident_part {
    resident_kind kind = resident_kind::program;
    std::string name;
    std::int64_t bytes = 0;
    std::int64_t live = 0;
};

// Resident memory when the peak was sampled, by what is behind it.
struct resident_facts {
    std::int64_t total = 0;  // 0: was not sampled
    std::int64_t anonymous = 0;
    std::int64_t file = 0;
    std::int64_t shared = 0;
    std::vector<resident_part> parts = {};  // empty: not known
    // What is resident when the data of the peak is gone: the last that was seen, and when.
    std::vector<resident_part> last_parts = {};
    double last_seconds = 0;
};

struct timeline_sample {
    double seconds;
    std::int64_t allocated;  // -1: not known then
    std::int64_t resident;   // -1: not known then
};

// A bounded list (a few thousand): the page draws each sample.
struct timeline {
    std::int32_t pid = 0;  // 0: all processes together
    std::string name;
    std::vector<timeline_sample> samples;
};

// A process that held something at the peak. `name` and `equals` are without secrets.
struct process_facts {
    std::int32_t pid = 0;
    std::string name = {};     // short: "worker.py --fast" (process_name.hpp)
    std::int64_t bytes = 0;    // at the peak of all
    std::int64_t peak = 0;     // its own
    double peak_seconds = -1;  // when that was; -1: not known
    std::string equals =
        {};                 // what several of the same text are called together: "workers of x.py"
    std::string note = {};  // "still running when the program ended"
    std::int32_t parent = 0;  // pid of who started it; 0: not known
};

// Those that held nothing then.
struct other_processes {
    std::uint64_t count = 0;
    std::int64_t most = 0;  // the highest peak that one of them had
};

struct exactness_facts {
    std::uint32_t threads = 1;  // that ever recorded
    std::int64_t bound = 0;     // bytes by which the peak's moment may be off; 0: exact
    std::uint64_t missed = 0;   // events inside other events
    std::uint64_t dropped = 0;  // no memory for bookkeeping
    unrecorded_processes unrecorded = {};
};

// What a report is of: what was alive at the peak, when memory ran out, or when it was asked for.
enum class report_kind { peak, out_of_memory, now };

// What memory there is at most, and for whom or what: "the control group /job".
struct memory_limit {
    std::int64_t bytes = 0;  // 0: not known
    std::string name = {};
};

struct facts {
    report_kind kind = report_kind::peak;
    std::string version;                 // of libfil
    std::string title;                   // of a part of a program; "": the command says it
    std::vector<std::string> arguments;  // argv
    std::string runtime;                 // "CPython 3.12.1"; "" for native programs
    program_facts program;
    std::optional<std::int64_t> started;  // seconds since 1970
    std::optional<std::int64_t> made;     // the report, likewise
    // Of the program's time of day, in seconds; unset: ours. So a report says the same anywhere.
    std::optional<std::int32_t> utc_offset;
    std::string host;     // the machine's name
    double duration = 0;  // 0: not known
    ending_facts ending;
    std::int64_t peak = 0;         // of all processes together
    memory_limit limit;            // out of memory: what there was no more of
    std::int64_t peak_shared = 0;  // of that, what the system calls shared
    double peak_seconds = 0;
    resident_facts resident;
    std::vector<timeline> timelines;       // first the session's, then one a process
    std::vector<process_facts> processes;  // heaviest first
    other_processes others;
    exactness_facts exact;
    std::vector<std::string> variables;  // "ARROW_DEFAULT_MEMORY_POOL=system": we set them
    std::vector<std::string> notes;      // sentences that need saying before anything else
};

constexpr bool is_of_several(const facts& about) {
    return about.processes.size() + about.others.count > 1;
}

}  // namespace fil::report
