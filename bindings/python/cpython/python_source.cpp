// CPython's row of the table of runtimes: Python programs are counted by line. Nothing of Python is
// run or changed but its allocator table.
#include <link.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "allocators.hpp"
#include "crossings.hpp"
#include "debug_offsets.hpp"
#include "fil.h"
#include "frame_walk.hpp"
#include "numba_threads.hpp"
#include "public_walk.hpp"
#include "python_symbols.hpp"
#include "runtime.hpp"
#include "runtime_entry.hpp"
#include "short_text.hpp"

namespace fil::python {
namespace {

// How this interpreter's stacks are read.
enum class reading { frames, public_api, too_old, free_threaded, unreadable };

using source_kit::short_text;

constinit std::atomic<bool> busy{false};  // somebody looks for an interpreter, or at its allocators
constinit std::atomic<bool> found{false};  // the_runtime is filled and will not change
constinit std::atomic<bool> is_initialized{
    false};                                   // the interpreter, and our wrappers are in place
constinit unsigned long long loads_seen = 0;  // under `busy`
constinit std::atomic<unsigned> early_captures{0};

// ---- which interpreter ----

struct python_version {
    unsigned major, minor, micro;
    const char* level;  // "", "a1", "rc2": as Py_GetVersion() has it
    std::size_t level_length;
    std::uint32_t short_hex() const { return major << 8 | minor; }
};

// Py_GetVersion(): "3.13.0rc1 experimental free-threading build (main, ...)".
python_version read_version(const python_symbols& symbols) {
    python_version version{};
    const char* at = symbols.Py_GetVersion();
    const char* end = at + std::strcspn(at, " ");
    unsigned* parts[] = {&version.major, &version.minor, &version.micro};
    for (unsigned* part : parts) {
        at = std::from_chars(at, end, *part).ptr;
        if (at != end && *at == '.') ++at;
    }
    version.level = at;
    version.level_length = static_cast<std::size_t>(end - at);
    return version;
}

bool is_free_threaded(const python_symbols& symbols) {
    return std::strstr(symbols.Py_GetVersion(), "free-threading") != nullptr;
}

// For an interpreter that is not read in place. A later one may lack what we call.
reading by_public_api(const python_symbols& symbols) {
    return symbols.has_public_api() ? reading::public_api : reading::unreadable;
}

// Chooses, and fills runtime.layout for reading::frames.
reading choose(python_runtime& runtime) {
    const python_symbols& symbols = runtime.symbols;
    const python_version version = read_version(symbols);
    if (version.short_hex() < 0x0309) return reading::too_old;
    if (is_free_threaded(symbols)) return reading::free_threaded;
    const python_layout* layout = find_layout(version.short_hex());
#ifdef FIL_PYTHON_PUBLIC_API
    layout = nullptr;  // a test: pretend not to know this version
#endif
    const bool usable = symbols.PyCode_Addr2Line != nullptr && symbols.PyCode_Type != nullptr &&
                        symbols._Py_PrintReferences == nullptr;
    if (layout == nullptr || !usable) return by_public_api(symbols);
    runtime.layout = *layout;
    const char* switched = std::getenv("FIL_STAMPS");
    if (switched != nullptr && std::strcmp(switched, "off") == 0) runtime.layout.frame_stamp = 0;
    if (version.short_hex() >= 0x030d) {
        if (symbols._PyRuntime == nullptr) return by_public_api(symbols);
        switch (read_debug_offsets(symbols._PyRuntime, runtime.layout)) {
            case offsets_found::usable:
                break;
            case offsets_found::free_threaded:
                return reading::free_threaded;
            case offsets_found::none:
                return by_public_api(symbols);
        }
    }
    return reading::frames;
}

// ---- saying so ----

short_text& operator<<(short_text& line, const python_version& version) {
    line << "CPython " << version.major << "." << version.minor << "." << version.micro;
    return line << fil_text{version.level, version.level_length};
}

void describe(const python_version& version, reading how) {
    short_text line;
    line << version;
    line.describe("runtime");
    switch (how) {
        case reading::frames:
            break;
        case reading::public_api:
            (line
             << " is not a version whose frames can be read directly: its callstacks come from "
                "the public API, only where the interpreter lock is held")
                .describe("note");
            break;
        case reading::too_old:
            (line << " is older than 3.9: its callstacks are not recorded").describe("note");
            break;
        case reading::free_threaded:
            (line << " is a free-threaded build: its Python callstacks are not recorded")
                .describe("note");
            break;
        case reading::unreadable:
            (line << " is not a version that this one knows how to read: its Python callstacks "
                     "are not recorded")
                .describe("note");
            break;
    }
}

// ---- staying in place ----

// Until the interpreter is initialised it may set its allocators anew: looks at them every few
// captures, and a last time afterwards.
void keep_allocators() {
    const python_symbols& symbols = the_runtime.symbols;
    const bool initialized = symbols.Py_IsInitialized() != 0;
    if (!initialized && early_captures.fetch_add(1, std::memory_order_relaxed) % 8 != 0) return;
    if (busy.exchange(true, std::memory_order_acquire)) return;
    install_allocators(the_runtime);
    if (initialized) is_initialized.store(true, std::memory_order_relaxed);
    busy.store(false, std::memory_order_release);
}

// No Python function on the stack: the main script is being compiled, or nobody knows. A program
// may finalise its interpreter and initialise it again.
[[gnu::noinline]] fil_callstack capture_none() {
    if (the_runtime.symbols.Py_IsInitialized()) return the_main_start.without_frames();
    is_initialized.store(false, std::memory_order_relaxed);
    return FIL_CALLSTACK_NONE;
}

// Not the same call as last time.
template <typename Frames, bool IsNative>
[[gnu::noinline]] fil_callstack capture_changed(thread_walk& walk, address state, address top) {
    const fil_callstack callstack = follow_frames<Frames>(walk, state, top, IsNative);
    return callstack == FIL_CALLSTACK_UNKNOWN ? capture_none() : callstack;
}

// The callstack of the frame that runs now in a thread's state.
template <typename Frames, bool IsNative>
[[gnu::always_inline]] inline fil_callstack capture_from(void* memory, address state) {
    const address top = current_frame<Frames>(the_runtime.layout, state);
    if (top == 0) [[unlikely]]
        return capture_none();
    if (this_thread.state_slot != nullptr) [[likely]]
        this_thread.walk = memory;
    thread_walk& walk = *static_cast<thread_walk*>(memory);
    const fil_callstack same = walk.same_call(top, Frames{the_runtime.layout});
    if (same == FIL_CALLSTACK_NONE || !walk.asks.note_again(state, same, IsNative))
        return capture_changed<Frames, IsNative>(walk, state, top);
    return same;
}

// Where the thread state must be asked for: before the interpreter is initialised, once in each
// thread, and without the interpreter lock.
template <typename Frames>
[[gnu::noinline]] fil_callstack capture_asking(void* memory) {
    const bool may_keep_slot = is_initialized.load(std::memory_order_relaxed);
    if (!may_keep_slot) keep_allocators();
    if (this_thread.state_slot == nullptr) static_cast<thread_walk*>(memory)->asks.begin_thread();
    const address holder = ask_for_thread_state(the_runtime, may_keep_slot);
    if (is_own_state<Frames>(the_runtime.layout, holder))
        return capture_from<Frames, false>(memory, holder);
    const address state = thread_state_without_lock(the_runtime);
    return state != 0 ? capture_from<Frames, true>(memory, state) : capture_none();
}

// fil_source::capture. Hot path: no allocation, no throw.
template <typename Frames>
fil_callstack capture(void*, void* memory) {
    const address* const slot = this_thread.state_slot;
    if (slot == nullptr) [[unlikely]]
        return capture_asking<Frames>(memory);
    const address state = *slot;
    if (!is_own_state<Frames>(the_runtime.layout, state)) [[unlikely]]
        return capture_asking<Frames>(memory);
    return capture_from<Frames, false>(memory, state);
}

// fil_source::same_call.
template <typename Frames>
fil_callstack same_call(void*, void* memory) {
    const address* const slot = this_thread.state_slot;
    const address state = slot != nullptr ? *slot : 0;
    if (state == 0 || !is_own_state<Frames>(the_runtime.layout, state)) return FIL_CALLSTACK_NONE;
    const Frames frames{the_runtime.layout};
    return static_cast<const thread_walk*>(memory)->same_call(
        current_frame<Frames>(the_runtime.layout, state), frames);
}

// fil_source::crossings.
template <typename Frames>
std::size_t crossings(void*, void* memory, fil_crossing* found, std::size_t most) {
    const auto& walk = *static_cast<const thread_walk*>(memory);
    return crossing_list<Frames>(the_runtime.layout, walk).read(found, most);
}

module_range module_around(const void* function) {
    struct search {
        address code;
        module_range found;
    } wanted{reinterpret_cast<address>(function), {}};
    const auto look = [](dl_phdr_info* object, std::size_t, void* context) {
        auto& search = *static_cast<struct search*>(context);
        module_range range{~address{0}, 0};
        for (int i = 0; i < object->dlpi_phnum; ++i) {
            const ElfW(Phdr)& segment = object->dlpi_phdr[i];
            if (segment.p_type != PT_LOAD) continue;
            const address start = object->dlpi_addr + segment.p_vaddr;
            if (start < range.begin) range.begin = start;
            if (start + segment.p_memsz > range.end) range.end = start + segment.p_memsz;
        }
        if (range.end == 0 || !range.holds(search.code)) return 0;
        search.found = range;
        return 1;
    };
    dl_iterate_phdr(look, &wanted);
    return wanted.found;
}

// fil_source::asking.
std::size_t asking(void*, fil_asking_thread* threads, std::size_t most) {
    return asking_thread::list(threads, most);
}

// fil_source::waits. The interpreter's own waits (for its lock, for a lock of the program's) are no
// library's.
void waits(void*, const void* caller) {
    if (this_thread.walk == nullptr) return;
    if (the_runtime.module.holds(reinterpret_cast<address>(caller))) return;
    static_cast<thread_walk*>(const_cast<void*>(this_thread.walk))->asks.wait_in_library();
}

fil_callstack capture_by_public_api(void*, void* memory) {
    if (!is_initialized.load(std::memory_order_relaxed)) keep_allocators();
    const fil_callstack callstack = capture_publicly(the_runtime, memory);
    return callstack <= FIL_CALLSTACK_UNKNOWN ? capture_none() : callstack;
}

// fil_source::run_changed. The wrappers cost even while nothing is recorded: a program that asks
// for runs has them only meanwhile.
void run_changed(void*, int is_on) {
    while (busy.exchange(true, std::memory_order_acquire)) {
    }
    if (is_on != 0) {
        install_allocators(the_runtime);
    } else {
        remove_allocators(the_runtime);
    }
    busy.store(false, std::memory_order_release);
}

template <typename Frames>
void read_by(fil_source& source) {
    source.capture = capture<Frames>;
    source.crossings = crossings<Frames>;
    source.same_call = same_call<Frames>;
}

void read_frames_of(std::uint32_t version, fil_source& source) {
    switch (version) {
        case 0x0309:
        case 0x030a:
            return read_by<frames_3_9>(source);
        case 0x030b:
            return read_by<frames_3_11>(source);
        case 0x030c:
            return read_by<frames_3_12>(source);
        default:
            return read_by<frames_3_13>(source);
    }
}

// ---- starting ----

void attach(const python_symbols& symbols) {
    the_runtime.symbols = symbols;
    the_runtime.generation = fil_generation_address();
    the_runtime.unchecked_thread_state = symbols.PyThreadState_GetUnchecked != nullptr
                                             ? symbols.PyThreadState_GetUnchecked
                                             : symbols._PyThreadState_UncheckedGet;
    the_runtime.state_variable =
        read_accessor(reinterpret_cast<const void*>(the_runtime.unchecked_thread_state));
    const reading how = choose(the_runtime);
    fil_source source = FIL_SOURCE_INIT;
    source.run_changed = run_changed;
    source.flags = FIL_SOURCE_MEMORY_PASSED_ON;
    source.runner = symbols._PyEval_EvalFrameDefault;
    the_runtime.reads_frames = how == reading::frames;
    the_runtime.objects = find_object_layout(the_runtime.layout.version);
    if (the_runtime.reads_frames) {
        source.thread_bytes = sizeof(thread_walk);
        read_frames_of(the_runtime.layout.version, source);
        source.asking = asking;
        source.waits = waits;
        the_runtime.module = module_around(reinterpret_cast<const void*>(symbols.Py_GetVersion));
        if (main_program_is_python()) the_main_start.expect();
    } else if (how == reading::public_api) {
        source.thread_bytes = sizeof(public_walk);
        source.capture = capture_by_public_api;
        note_small_requests();
    }
    if (source.capture != nullptr) {
        prepare_allocators(symbols);
        if (fil_recorder_running()) install_allocators(the_runtime);
        fil_source_register(&source, nullptr);
    }
    describe(read_version(symbols), how);
}

void look() {
    if (found.load(std::memory_order_acquire)) return;
    if (busy.exchange(true, std::memory_order_acquire)) return;
    python_symbols symbols{};
    find_symbols(symbols, loads_seen);
    if (symbols.found()) {
        attach(symbols);
        found.store(true, std::memory_order_release);
    }
    busy.store(false, std::memory_order_release);
}

bool is_program() {
    if (!main_program_is_python()) return false;
    python_runtime runtime{};
    unsigned long long loads = 0;
    find_symbols(runtime.symbols, loads);
    if (!runtime.symbols.found()) return false;
    const reading how = choose(runtime);
    return how == reading::frames || how == reading::public_api;
}

}  // namespace
}  // namespace fil::python

namespace fil {

extern const runtime_entry fil_runtime_python;
constinit const runtime_entry fil_runtime_python = {python::is_program, python::look, python::look,
                                                    true, python::limit_numba};

}  // namespace fil
