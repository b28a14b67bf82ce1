#pragma once
// The fixed, versioned layout of a recording and of the session's page.
//
// A recording is a sparse run of pages. Page 0 is the header; everything else hangs from it in
// *directories* (arrays of page numbers) of fixed-size *chunks*, taken from the end by a bump
// counter on first touch and never moved. There are no pointers, so another process can read it at
// any time, also after its writer was killed. Writers publish by storing counts with release order;
// readers copy and check every index (recording/view.hpp). docs/design/recording.md has a picture.
//
// All fields are little-endian words of this machine; `magic` and `version` tell others to refuse.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fil/base/ids.hpp"

namespace fil {

inline constexpr std::uint32_t recording_version = 8;
inline constexpr std::uint64_t recording_magic = 0x3167'6e69'6472'6c66;  // "flrding1"
inline constexpr std::uint64_t session_magic = 0x316e'6f69'7373'6c66;    // "flssion1"
inline constexpr std::size_t recording_page = 4096;  // the unit of page numbers, not the system's

inline constexpr std::uint64_t smallest_recording = 2 << 20;  // a first chunk of everything fits
inline constexpr std::size_t longest_text = 32 << 10;         // longer ones are cut
inline constexpr std::size_t longest_source = 1 << 20;        // of source text too

// Where bytes of text stand, from the start of the recording.
struct text_reference {
    std::uint64_t offset;
    std::uint32_t length;
    std::uint32_t reserved;
};

struct function_record {
    text_reference name;
    text_reference file;
    text_reference directory;  // the working directory when a relative file was first seen
    std::uint32_t first_line;
    function_kind kind;
    std::uint64_t reserved;
};
static_assert(sizeof(function_record) == 64);

struct callstack_record {
    callstack_id caller;
    function_id function;
    std::uint32_t line;
    callstack_id next_in_bucket;  // the writer's hash chain; readers ignore it
};
static_assert(sizeof(callstack_record) == 16);

// The counters of one callstack in one thread. Only their owner writes them (track/usage.hpp).
struct usage_record {
    std::atomic<std::int64_t> now;
    std::atomic<std::int64_t> at_peak;
    std::atomic<std::int64_t> settled_at;  // the peak that `at_peak` belongs to
    std::atomic<std::uint64_t> allocations;
};
static_assert(sizeof(usage_record) == 32);

template <typename Record, std::uint32_t RecordsLog2>
struct chunk_shape {
    static constexpr std::uint32_t records = 1u << RecordsLog2;
    static constexpr std::uint32_t pages =
        (records * sizeof(Record) + recording_page - 1) / recording_page;
    static constexpr std::uint32_t chunk_of(std::uint32_t index) { return index >> RecordsLog2; }
    static constexpr std::uint32_t slot_of(std::uint32_t index) { return index & (records - 1); }
};
using function_chunk = chunk_shape<function_record, 10>;
using callstack_chunk = chunk_shape<callstack_record, 14>;
using usage_chunk = chunk_shape<usage_record, 11>;

inline constexpr std::uint32_t function_chunks = 1024;
inline constexpr std::uint32_t callstack_chunks = max_callstacks / callstack_chunk::records;
inline constexpr std::uint32_t usage_chunks = max_callstacks / usage_chunk::records;

using page_directory_entry = std::atomic<page_number>;

// A set of usage counters: a thread's lease of used memory, or one of the process-wide sets of the
// other mapping kinds. The directory follows; it is as sparse as the rest.
struct usage_set_record {
    mapping_kind kind;
    std::uint8_t reserved[7];
    std::uint64_t reserved2[6];
    std::atomic<std::int64_t> pending;  // this thread's change not yet in `live`
    page_directory_entry chunks[usage_chunks];
};
static_assert(offsetof(usage_set_record, chunks) == 64);
inline constexpr std::uint32_t usage_set_pages =
    (sizeof(usage_set_record) + recording_page - 1) / recording_page;
inline constexpr std::uint32_t max_usage_sets = 4096;

// Facts in text: a list of (key, value), oldest first.
struct fact_record {
    text_reference key;
    text_reference value;
};
inline constexpr std::uint32_t max_facts = 64;

// The source of code that is in no file. A list, newest first: `older` is an earlier page.
struct source_record {
    text_reference file;
    text_reference text;
    page_number older;
};

// A large writable mapping, anonymous memory or an arena, for the reader to measure how much of it
// was touched. The list changes while others read: recording/large_mapping_list.hpp says how.
struct large_mapping_record {
    std::atomic<std::uint64_t> address;
    std::atomic<std::uint64_t> bytes;
    std::atomic<callstack_id> callstack;
    std::atomic<mapping_kind> kind;
};
inline constexpr std::uint32_t max_large_mappings = 1024;
inline constexpr std::uint64_t large_mapping_bytes = 64ull << 20;

// What was resident in a callstack's arenas, as the process itself saw it when they were about to
// go or it was about to end. (A reader looks too, while the process lives: but it may come too
// late.)
struct arena_record {
    std::atomic<callstack_id> callstack;  // none: free slot
    std::atomic<std::int64_t> live_then;
    std::atomic<std::int64_t> resident;
};
inline constexpr std::uint32_t max_arenas = 16;

// Of several moments the one that a report shows: when most was resident, while live was within a
// hundredth of the highest.
constexpr bool is_near_peak(std::int64_t live, std::int64_t peak) {
    return live >= peak - peak / 100;
}

// Out of memory: where a process and the supervisor are in saying so
// (lib/process/last_words.hpp).
namespace last_words {
enum state : std::uint32_t { none, being_written, asked, heard, unheard };
}

struct recording_header {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t header_bytes;
    std::uint64_t total_bytes;
    std::int32_t pid;
    std::int32_t parent_pid;
    std::atomic<std::uint32_t> pages_used;
    std::atomic<std::uint32_t> functions;   // ids 1 .. functions - 1 are valid
    std::atomic<std::uint32_t> callstacks;  // ids 1 .. callstacks - 1 are valid
    std::atomic<std::uint32_t> usage_sets;
    std::atomic<std::uint32_t> facts;
    std::atomic<std::uint32_t> closed;  // 1: its live bytes left the session at `closed_at`
    std::atomic<std::int64_t> closed_at;
    std::atomic<std::uint64_t> missed_events;   // inside other events
    std::atomic<std::uint64_t> dropped_events;  // no memory for bookkeeping
    std::atomic<std::uint64_t> unprofiled_children;
    std::atomic<std::uint32_t> threads_ever;
    std::atomic<std::uint32_t> threads;  // that have counters

    // This process's part of `live`, and the highest it was: written when a thread publishes.
    alignas(64) std::atomic<std::int64_t> live;
    std::atomic<std::int64_t> peak;
    std::atomic<std::uint32_t> memory_is_low;  // the supervisor says: this process shall end
    std::atomic<std::uint32_t> last_word;
    std::uint64_t request_bytes;     // that failed; 0: memory was low
    callstack_id request_callstack;  // who asked
    // Of the session's live and threads, by this process. Equal: nobody is in the middle of one.
    std::atomic<std::uint32_t> changes_begun;
    std::atomic<std::uint32_t> changes_done;

    alignas(64) page_number facts_page;
    page_number usage_sets_page;  // directory: max_usage_sets page numbers
    page_number functions_page;   // directory: function_chunks
    page_number callstacks_page;  // directory: callstack_chunks
    page_number run_page;         // run_record; none unless the process records on request
    std::atomic<page_number> newest_source;  // source_record; none: there is none
    page_number large_mappings_page;         // max_large_mappings large_mapping_record
    std::atomic<std::uint32_t> large_mappings;
    std::atomic<std::uint32_t> large_mappings_version;   // odd: they are being written
    std::atomic<std::uint32_t> large_mappings_left_out;  // 1: there was no room for all, once
    arena_record arenas[max_arenas];
    std::int64_t joined_at;  // the peak when it joined; only where there is no supervisor
};
static_assert(sizeof(recording_header) <= recording_page);

// The session's page: what all its processes share. `live` and `peak` are on lines of their own.
struct session_page {
    std::uint64_t magic;
    std::uint32_t version;
    std::int32_t founder;  // of a session without a supervisor: its first process; else 0
    alignas(64) std::atomic<std::int64_t> live;
    alignas(64) std::atomic<std::int64_t> peak;
    // While a report is copied the peak shall not rise (lib/report/live_copy.hpp): CLOCK_MONOTONIC,
    // ns.
    std::atomic<std::int64_t> held_until;  // 0: it may
    std::atomic<std::int64_t> threads;     // that have counters, of all processes
    // Reports that processes asked for, and how many of these requests were served.
    alignas(64) std::atomic<std::uint32_t> reports_requested;
    std::atomic<std::uint32_t> reports_copied;
    alignas(64) std::int32_t supervisor_pid;
    std::atomic<std::uint32_t> detects_out_of_memory;  // 1: a request that fails ends its process
    std::atomic<std::uint32_t> asking;                 // how often a process had last words
    // Processes that run unrecorded because of their own sandbox (lib/os/sandbox.hpp).
    std::atomic<std::uint32_t> sandboxed;
    // Forked children that could not join, and why the first could not (lib/os/refused_call.hpp).
    std::atomic<std::uint32_t> refused;
    std::atomic<std::uint32_t> first_refusal;
    // Without a supervisor: recordings that were removed since a higher peak had made them
    // irrelevant, and the highest peak of such a process.
    std::atomic<std::uint32_t> gone;
    std::atomic<std::int64_t> gone_peak;
    // Programs that its processes started, by exec or spawn, and that can be recorded.
    std::atomic<std::uint32_t> programs_started;
    std::atomic<std::uint32_t> merges_native;  // 1: native frames stand among those of runtimes
};
static_assert(sizeof(session_page) <= recording_page);

// A part of a program, profiled for itself: its own live and peak, and a root that every callstack
// of it hangs under. Callstacks from `root` on are the run's. There is one at a time; the last one
// stays until the next begins.
struct run_record {
    session_page page;
    std::atomic<callstack_id> root;
    std::atomic<std::uint32_t> on;  // 1: it has not ended
    std::int64_t started_ns;        // CLOCK_REALTIME
    text_reference directory;       // where its report goes
    text_reference first_file;      // its callstacks are shown from this function on;
    text_reference first_function;  //   any of the file where this is empty
    text_reference title;           // what its report is headed by; empty: the command
};
static_assert(sizeof(run_record) <= recording_page);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

}  // namespace fil
