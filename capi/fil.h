/* fil.h - the C interface of libfil, a memory profiler.
 *
 * A program counts, somebody else reports. The first half of this header is what happens inside a
 * profiled process: events (a block came, a block went) change counters in a *recording*, a block
 * of shared memory. The second half reads recordings, of this process or of others, and writes
 * reports.
 *
 * Conventions. Sizes and lengths are bytes. Strings are a pointer and a length, borrowed for the
 * call, any bytes (UTF-8 where it is text). Functions that can fail return fil_status, take their
 * results first and a fil_error last (may be NULL). Structs that may grow begin with struct_size
 * and have a FIL_..._INIT. Each _new names its _free; freeing NULL is fine.
 *
 * Safety is stated in words: *hot* functions may be called from any thread, from malloc itself,
 * from signal handlers and before main; they allocate nothing, throw nothing, print nothing, keep
 * errno, and do nothing at all while no recorder runs in this process. Everything else is *cold*:
 * call it from ordinary code, one thread at a time for each object.
 */

/* Laid out by hand, as C programs have it: */
/* clang-format off */
#ifndef FIL_H
#define FIL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FIL_API __attribute__((visibility("default")))
#else
#define FIL_API
#endif

#define FIL_VERSION_MAJOR 0
#define FIL_VERSION_MINOR 1
#define FIL_VERSION_PATCH 0

/* ---- status and errors ---------------------------------------------------------------------- */

/* The outcome of a call. Numbers are stable; gaps leave room. Since 0.1. */
typedef enum fil_status {
    FIL_OK = 0,
    FIL_ERROR_ARGUMENT = 10,    /* an argument makes no sense */
    FIL_ERROR_STRUCT_SIZE = 11, /* a struct is shorter or has a newer, non-zero tail */
    FIL_ERROR_STATE = 20,       /* not now: already started, not started, closed */
    FIL_ERROR_SYSTEM = 30,      /* the operating system refused; the message says what */
    FIL_ERROR_MEMORY = 31,      /* no memory */
    FIL_ERROR_DAMAGED = 40,     /* a recording is cut short or its content makes no sense */
    FIL_ERROR_VERSION = 41,     /* a recording or session of another version */
    FIL_ERROR_EMPTY = 42,       /* nothing was recorded */
    FIL_ERROR_INTERNAL = 90     /* a defect of libfil */
} fil_status;

/* A message for people, one line, written only when a call fails. The caller owns it. */
typedef struct fil_error {
    size_t struct_size;
    char message[1000];
} fil_error;
#define FIL_ERROR_INIT       \
    {                        \
        sizeof(fil_error), { \
            0                \
        }                    \
    }

/* A string of the caller's, not necessarily ended by a zero byte. */
typedef struct fil_text {
    const char* data;
    size_t length;
} fil_text;

/* The library's version, as text ("0.1.0"), static. Hot. */
FIL_API const char* fil_version(void);

/* ---- the recorder of this process ------------------------------------------------------------ */

/* Where the recording lives. */
typedef enum fil_memory {
    FIL_MEMORY_PRIVATE = 0, /* in this process; fil_recording_report() draws it */
    FIL_MEMORY_SESSION = 1  /* in a memfd sent to the supervisor that FIL_SESSION names */
} fil_memory;

enum {
    FIL_NATIVE_STACKS = 1, /* where no registered source answers, unwind native frames */
    FIL_ON_REQUEST = 2     /* record only between fil_run_begin() and fil_run_end(); no children */
};

typedef struct fil_recorder_options {
    size_t struct_size;
    fil_memory memory;
    uint32_t flags; /* FIL_NATIVE_STACKS */
} fil_recorder_options;
#define FIL_RECORDER_OPTIONS_INIT \
    { sizeof(fil_recorder_options), FIL_MEMORY_PRIVATE, 0 }

/* Starts recording. One recorder a process: FIL_ERROR_STATE if one runs. FIL_ERROR_MEMORY for want of
 * memory or address space; after any refusal it may be called again. A forked child starts its own,
 * with these options, at its first event. Allocates nothing with malloc, so a malloc hook may
 * call it; it does make system calls. Since 0.1. */
FIL_API fil_status fil_recorder_start(const fil_recorder_options* options, fil_error* error);

/* Whether a recorder runs in this process. Hot. */
FIL_API int fil_recorder_running(void);

/* Takes this process's memory out of the session's live total, for a process about to end or to
 * exec; later events are ignored until fil_recorder_reopen(). Does nothing in a vfork child. Hot. */
FIL_API void fil_recorder_close(void);
FIL_API void fil_recorder_reopen(void);

/* The process is about to limit its address space to so many bytes: what was reserved for the
 * recording beyond a sixteenth of that (and beyond what is used) is given back. Hot. Since 0.1. */
FIL_API void fil_recorder_shrink(uint64_t address_space);

/* Around mlockall(): between the two, the unused part of the recording cannot be made resident, and
 * afterwards it is not locked. Hot. Since 0.1. */
FIL_API void fil_recorder_fold(void);
FIL_API void fil_recorder_unfold(void);

/* Asks the supervisor for a report of the peak so far and waits, at most so many milliseconds, until
 * the counters are copied: for a signal handler. Without a supervisor it does nothing. Hot. Since
 * 0.1. */
FIL_API void fil_recorder_request_report(uint32_t milliseconds);

/* A fact about this process for the report: key "runtime" is what it runs ("CPython 3.12.1";
 * the first one counts), "allocator" the library that hands out blocks before any hook is asked,
 * "note" a remark (may repeat). Copied, at most 1 KiB. Hot, takes a lock. */
FIL_API void fil_recorder_describe(fil_text key, fil_text value);

/* The source of code that is in no file (a notebook's cell), by the file's name of its functions; a
 * zero and what reports call it ("In [3]") may follow. At most 1 MiB, copied. Cold. Since 0.1. */
FIL_API void fil_recorder_add_source(fil_text file, fil_text text);

/* A request for so many bytes was refused for want of memory (to be called after restoring what
 * realloc or mremap left as it was). If the session detects out-of-memory, the supervisor writes
 * what is alive now and the process exits with status 53; otherwise this returns. Sizes beyond any
 * address space (2^56 and more) are no want of memory and ignored. Hot. Since 0.1. */
FIL_API void fil_record_failed(size_t bytes);

/* Counts a child that will run unrecorded (static, 32-bit, set-user-id). Hot. */
FIL_API void fil_record_unprofiled_child(void);

/* ---- sandboxes ------------------------------------------------------------------------------- */

/* The program is about to install a seccomp filter for itself: so many instructions, as in struct
 * sock_fprog, or NULL for strict mode. From now on the recorder makes no system call that this
 * filter refuses, in this process and those that it forks: it does without what they told it, and a
 * new process that could not join is not recorded. Prepares for that, by calls that are still
 * allowed. Returns what was refused before, for fil_sandbox_restore() if the filter could not be
 * installed. Since 0.1. */
FIL_API uint32_t fil_sandbox_enter(const void* filter, size_t instructions);
FIL_API void fil_sandbox_restore(uint32_t before);

/* Whether system calls of these kinds may be made. Hot. Since 0.1. */
#define FIL_CALLS_OF_MAPPED_FILES 2u /* fstat, fstatfs */
#define FIL_CALLS_ALL 8191u
FIL_API int fil_sandbox_allows(uint32_t calls);

/* Counts processes that will run unrecorded because of this one's sandbox (-1: one did not start
 * after all). Hot. Since 0.1. */
FIL_API void fil_sandbox_count(int change);

/* ---- runs ------------------------------------------------------------------------------------ */

/* A run: a part of a program, profiled for itself (FIL_ON_REQUEST). It counts what all threads
 * allocate from its beginning to its end, and has a live and a peak of its own; what came before
 * has no part in it. One at a time. */
typedef struct fil_run_options {
    size_t struct_size;
    fil_text directory;  /* absolute: its report goes into this very directory */
    fil_text first_file; /* callstacks are shown from the outermost frame of this function on, */
    fil_text first_function; /*   or of any function of the file; empty: whole */
    fil_text title;          /* what the report is headed by; empty: the command */
} fil_run_options;
#define FIL_RUN_OPTIONS_INIT                                        \
    {                                                               \
        sizeof(fil_run_options), {NULL, 0}, {NULL, 0}, {NULL, 0}, { \
            NULL, 0                                                 \
        }                                                           \
    }

typedef struct fil_run_numbers {
    size_t struct_size;
    int64_t peak;
    int64_t live; /* at its end */
} fil_run_numbers;
#define FIL_RUN_NUMBERS_INIT \
    { sizeof(fil_run_numbers), 0, 0 }

/* Both return FIL_ERROR_STATE where they do not apply: a run is on already, none is on, or the
 * recorder records everything. Generations rise at the beginning of a run. Cold: from ordinary
 * code, not from a hook; any thread. Since 0.1. */
FIL_API fil_status fil_run_begin(const fil_run_options* options, fil_error* error);
FIL_API fil_status fil_run_end(fil_run_numbers* numbers, fil_error* error);

/* Has the supervisor write the report of the last run, which must have ended, into its directory,
 * and waits for it, however long that takes. In a process without a supervisor:
 * fil_recording_report(). Allocates nothing with malloc. Cold. Since 0.1. */
FIL_API fil_status fil_run_report(fil_error* error);

/* ---- callstacks ------------------------------------------------------------------------------ */

/* A function, and a callstack (caller callstack, function, line): small integers, never reused,
 * valid in this process for this generation. */
typedef uint32_t fil_function;
typedef uint32_t fil_callstack;

#define FIL_CALLSTACK_NONE ((fil_callstack)0)    /* "I do not know: ask the next source" */
#define FIL_CALLSTACK_UNKNOWN ((fil_callstack)1) /* "nobody knows": also the root of all stacks */

typedef enum fil_function_kind {
    FIL_FUNCTION_ANNOUNCED = 0, /* a name in a runtime of the caller's own */
    FIL_FUNCTION_PYTHON = 1,
    FIL_FUNCTION_NATIVE_MODULE = 2 /* file is a module, name its build id; lines are offsets */
} fil_function_kind;

/* Interns a function by content: the same texts give the same id. Texts are copied, cut at 32 KiB.
 * The working directory is stored beside a relative file name. Hot, takes a lock: cache the id
 * together with fil_generation(). Returns 0 if there is no room. Not from a signal handler, unless
 * a source is asked there. */
FIL_API fil_function fil_function_intern(fil_function_kind kind, fil_text name, fil_text file,
                                         uint32_t first_line);

/* The callstack of `function`, standing at `line`, called by `caller` (FIL_CALLSTACK_UNKNOWN for an
 * outermost frame). Hot; lock-free when the answer is known. Not from a signal handler, unless a
 * source is asked there. */
FIL_API fil_callstack fil_callstack_child(fil_callstack caller, fil_function function,
                                          uint32_t line);

/* Who allocates on this thread now, by the registered sources. Hot. */
FIL_API fil_callstack fil_callstack_current(void);

/* The callstack charged to this thread where no source answers: a thread's creator, say. Hot. */
FIL_API void fil_thread_inherit(fil_callstack callstack);

/* For a thread that this code creates now: fil_callstack_current(), and below it, if the code is a
 * library's and native frames are not captured, whose threads they are. Hot. Since 0.1. */
FIL_API fil_callstack fil_callstack_of_new_thread(const void* code);

/* The calling thread's alternate signal stack, if it disarms itself (SS_AUTODISARM) and handlers on
 * it are therefore not told by the kernel that they are; NULL: there is none such. Hot. Since 0.1. */
FIL_API void fil_thread_disarming_stack(const void *address, size_t bytes);

/* Whether the calling thread is on its alternate signal stack: there is little room there, so a source
 * had better not answer. Asks the system, which costs: remember where it is not. Hot. Since 0.1. */
FIL_API int fil_thread_on_signal_stack(void);

/* This thread's alternate signal stack, of whichever kind; NULL: it has none. Where a sandbox forbids
 * to ask the kernel, this is the answer. Hot. Since 0.1. */
FIL_API void fil_thread_signal_stack(const void *address, size_t bytes);

/* Ids cached outside libfil are valid while this number stays the same: it rises when the recorder
 * starts anew (a fork) and when a watched block is freed. Hot. */
FIL_API uint64_t fil_generation(void);

/* The same number to be read in place, without a call, by a source that is asked: only an event
 * brings a forked child's number up to date. The address stays good while the process lives. Hot. */
FIL_API const uint64_t* fil_generation_address(void);

/* The watched block that was freed when the generation rose to this number: what was cached for other
 * blocks is still good. Returns 1, or 0 if that is not known, or no longer, or the reason was another:
 * then nothing is. Hot. Since 0.1. */
FIL_API int fil_generation_cause(uint64_t generation, const void** address, size_t* bytes);

/* Shared objects were unloaded (after dlclose): native code addresses are judged anew. Hot, takes a
 * lock. */
FIL_API void fil_modules_unloaded(void);

/* Freeing this live block raises the generation: for caches keyed by the block's address. Returns
 * 1, or 0 if no live block of more than 16 bytes starts there. Hot. */
FIL_API int fil_block_watch(const void* address);

/* How many bytes the live block that starts there has; 0 if none is known to start there. What a
 * source reads in a block of its runtime's is there while this says so. Hot. Since 0.1. */
FIL_API size_t fil_block_size(const void* address);

/* What answers "who allocates?" on the allocating thread: called inside an event, under the rules
 * of a hot function, never nested. thread_memory is thread_bytes of this thread's own, at a
 * multiple of 64, zeroed before that thread's first capture. Returns FIL_CALLSTACK_NONE to pass the question on.
 */
typedef struct fil_source {
    size_t struct_size;
    size_t thread_bytes; /* at most 2 MiB */
    fil_callstack (*capture)(void* context, void* thread_memory);
    void* context;
    /* With FIL_ON_REQUEST: a run begins (1; nothing is recorded yet) or has ended (0). Called by
     * fil_run_begin() and fil_run_end() on their thread, so that hooks in the runtime's allocators
     * can be in place just for the run. NULL: the source need not know. */
    void (*run_changed)(void* context, int is_on);
    uint32_t flags; /* FIL_SOURCE_MEMORY_PASSED_ON. Since 0.1. */
} fil_source;

/* A new thread may get the thread memory of one that has ended, as that left it: for a source that proves
 * anew what it finds there. It starts warm, and pages that it has grown are not lost. */
enum { FIL_SOURCE_MEMORY_PASSED_ON = 1 };

/* Registers a source, asked before those registered earlier and before native stacks. At most four.
 * `source` is copied; its context must live for ever. Hot, takes a lock. */
FIL_API fil_status fil_source_register(const fil_source* source, fil_error* error);

/* Zeroed pages for a source that outgrows its thread memory, where the recorder's own come from: from
 * a reserve where the program's sandbox forbids to ask for more. NULL if there are none. And back. Hot.
 * Since 0.1. */
FIL_API void* fil_source_map(size_t bytes);
FIL_API void fil_source_unmap(void* address, size_t bytes);

/* ---- blocks ---------------------------------------------------------------------------------- */

/* A block of `bytes` at `address` came (after the real allocation), or goes (before the real free).
 * Unknown addresses and NULL are ignored; a block over an older one replaces it. Hot. */
FIL_API void fil_record_alloc(const void* address, size_t bytes);
FIL_API void fil_record_alloc_at(const void* address, size_t bytes, fil_callstack callstack);
FIL_API void fil_record_free(const void* address);

/* fil_record_alloc() for the allocator of a runtime that has a source: `callstack` is what its
 * capture would answer in this thread, as far as is known without asking; FIL_CALLSTACK_NONE if it
 * is not. It is not believed where it may be of another process or thread: in a forked child's
 * first event, in a thread that is ending. Sources registered later are not asked. Returns
 * `address`. Hot. Since 0.1. */
FIL_API void* fil_record_alloc_known(void* address, size_t bytes, fil_callstack callstack);

/* For realloc: forget the old block first, call the real function, then record the new block or, if
 * it failed, restore the old one. Hot. */
typedef struct fil_block {
    uint64_t bytes;
    fil_callstack callstack; /* FIL_CALLSTACK_NONE: there was no such block */
    uint32_t flags;
} fil_block;
FIL_API fil_block fil_block_forget(const void* address);
FIL_API void fil_block_restore(const void* address, fil_block block);

/* Forgets every block in a range: an arena is given back whole. Hot, slow. */
FIL_API void fil_record_free_range(const void* address, size_t bytes);

/* Between raise and lower, allocations of this thread are not recorded (frees still are). Nests.
 * Use around calls of a wrapped function whose own allocations are counted otherwise. Hot. */
FIL_API void fil_guard_raise(void);
FIL_API void fil_guard_lower(void);

/* ---- mappings -------------------------------------------------------------------------------- */

typedef enum fil_mapping_kind {
    FIL_MAPPING_ANONYMOUS = 0, /* counts as used memory, like a block */
    FIL_MAPPING_FILE = 1,      /* the rest have numbers of their own */
    FIL_MAPPING_SHARED = 2,
    FIL_MAPPING_RESERVED = 3, /* PROT_NONE, until made accessible */
    FIL_MAPPING_SHARED_ANONYMOUS = 4, /* used memory that forked children will see: counted where it
                                       * was made, like a block */
    FIL_MAPPING_ARENA = 5 /* reserved, although accessible: who made it takes from it as he needs */
} fil_mapping_kind;

/* A range was mapped; it replaces what was recorded under it. Ranges are whole pages. Hot, takes a
 * lock, as all mapping functions. */
FIL_API void fil_record_map(const void* address, size_t bytes, fil_mapping_kind kind);

/* mremap that leaves the old mapping: a second one beside what `of` lies in, of the same kind. Used
 * memory that is shared is counted once, as long as a view of it lives. Since 0.1. */
FIL_API void fil_record_view(const void* of, const void* address, size_t bytes);

/* munmap, mremap and MAP_FIXED: forget the range first, call the real function, then hand the
 * pieces to exactly one of: discard (it worked), restore (it failed), move (mremap; growth is
 * charged to the caller's callstack now). NULL, where nothing was recorded, is fine for all three. */
typedef struct fil_pieces fil_pieces;
FIL_API fil_pieces* fil_mapping_forget(const void* address, size_t bytes);
FIL_API void fil_mapping_discard(fil_pieces* pieces);
FIL_API void fil_mapping_restore(fil_pieces* pieces);
FIL_API void fil_mapping_move(fil_pieces* pieces, const void* old_address, const void* new_address,
                              size_t new_bytes);

/* mprotect succeeded: a reserved range that becomes accessible is counted from now on, unless it
 * becomes an arena. */
typedef enum fil_access {
    FIL_ACCESS_NONE = 0,
    FIL_ACCESS_YES = 1,
    FIL_ACCESS_ARENA = 2
} fil_access;
FIL_API void fil_record_protect(const void* address, size_t bytes, fil_access access);

/* ---- sessions: what a supervisor does -------------------------------------------------------- */

/* A session: all processes of one run, with one live total and one peak. */
typedef struct fil_session fil_session;

/* Makes a session with a socket in a private directory. Cold. Free with fil_session_free(). */
FIL_API fil_status fil_session_new(fil_session** session, fil_error* error);
FIL_API void fil_session_free(fil_session* session);

/* The value of the environment variable FIL_SESSION for the program to be started; owned by the
 * session. */
FIL_API const char* fil_session_environment(const fil_session* session);

/* A descriptor that polls readable when a process wants to join; then call fil_session_serve(),
 * which never blocks. */
FIL_API int fil_session_descriptor(const fil_session* session);
FIL_API void fil_session_serve(fil_session* session);

/* Commands shall be shown as they are. Otherwise values of arguments that look like passwords are
 * "***", in reports and in what fil_session_process() says of processes that join later. */
FIL_API void fil_session_show_arguments(fil_session* session);

/* The session's numbers; may be read every millisecond. */
typedef struct fil_session_numbers {
    size_t struct_size;
    int64_t live;
    int64_t peak;
    uint64_t processes; /* recordings that joined so far */
    uint64_t unprofiled_children;
    uint32_t reports_requested; /* by fil_recorder_request_report(), so far */
    uint32_t sandboxed; /* processes that are not recorded because of a sandbox of their own */
} fil_session_numbers;
#define FIL_SESSION_NUMBERS_INIT \
    { sizeof(fil_session_numbers), 0, 0, 0, 0, 0, 0 }
FIL_API fil_status fil_session_read(const fil_session* session, fil_session_numbers* numbers);

/* How many processes could not join because the system refused something, and, in words, what it
 * refused the first of them: "memfd_create: Operation not permitted". The text is cut where it does
 * not fit. Since 0.1. */
FIL_API uint64_t fil_session_refused(const fil_session* session, char* why, size_t capacity);

/* One recording of the session, by its number from 0 in the order of joining. Texts are owned by
 * the session. */
typedef struct fil_process {
    size_t struct_size;
    int32_t pid;
    int32_t parent_pid;
    int64_t live;
    int64_t peak;
    int64_t joined_ns; /* CLOCK_MONOTONIC */
    fil_text command;  /* its arguments at that moment, separated by zero bytes */
    fil_text runtime;  /* "CPython 3.12.1", empty if nobody said */
    int32_t closed;    /* 1: ended, or replaced by exec */
    uint64_t missed_events;
    int32_t run_on; /* 1: records on request, and a run is on */
    int64_t run_started_ns; /* CLOCK_REALTIME, of the last run, whose live and peak are above; 0: none */
    uint64_t callstacks;    /* that it has recorded */
    uint64_t recording_bytes; /* in use */
} fil_process;
#define FIL_PROCESS_INIT \
    { sizeof(fil_process), 0, 0, 0, 0, 0, {NULL, 0}, {NULL, 0}, 0, 0, 0, 0, 0, 0 }
FIL_API fil_status fil_session_process(fil_session* session, size_t number, fil_process* process);

/* Whether a Python program, `pid`, got as far as its own code: 0 if the interpreter ended before, since
 * there was no such module, say. 1 also where that is not known. Since 0.1. */
FIL_API int fil_session_began(const fil_session* session, int32_t pid);

/* The pid of the process that has waited longest for the report of its run (fil_run_report()); 0 if
 * none does. It waits until it is answered. */
FIL_API int32_t fil_session_asked(fil_session* session);

/* Answers it: FIL_OK, or what went wrong, in words. */
FIL_API void fil_session_answer(fil_session* session, int32_t pid, fil_status status,
                                fil_text message);

/* From now on, requests for memory that fail end their process (fil_record_failed()), once the
 * calling process, which serves the session, has heard of it. Since 0.1. */
FIL_API void fil_session_detect_out_of_memory(fil_session* session);

/* Memory is nearly used up: `pid` shall end at its next allocation, in the same way; 0: enough is
 * left, nobody. Since 0.1. */
FIL_API void fil_session_memory_is_low(fil_session* session, int32_t pid);

/* A process that ran out of memory and waits for its report. */
typedef struct fil_out_of_memory {
    size_t struct_size;
    int32_t pid;
    uint64_t request_bytes;          /* of the request that failed; 0: memory was low */
    fil_callstack request_callstack; /* who made it */
} fil_out_of_memory;
#define FIL_OUT_OF_MEMORY_INIT \
    { sizeof(fil_out_of_memory), 0, 0, 0 }

/* The next such process; FIL_ERROR_EMPTY if there is none. May be asked every millisecond.
 * fil_session_let_go() lets it exit, before its report (what is alive stands in its recording) or
 * after. Since 0.1. */
FIL_API fil_status fil_session_out_of_memory(fil_session* session, fil_out_of_memory* process);
FIL_API void fil_session_let_go(fil_session* session, int32_t pid);

/* A process ended, perhaps without saying so: takes its memory out of the session's live total. */
FIL_API void fil_session_process_ended(fil_session* session, int32_t pid);

/* Large writable mappings of a process, by address: anonymous ones of at least 64 MiB, and arenas.
 * `count`: there is room for so many (of 1,024); so many there are. FIL_ERROR_STATE: they change. */
typedef struct fil_large_mapping {
    uint64_t address;
    uint64_t bytes;
    fil_callstack callstack;
    fil_mapping_kind kind;
} fil_large_mapping;
FIL_API fil_status fil_session_large_mappings(const fil_session* session, int32_t pid,
                                              fil_large_mapping* mappings, size_t* count);

/* ---- reports --------------------------------------------------------------------------------- */

/* One point of the timeline. */
typedef struct fil_sample {
    double seconds; /* since the start */
    int32_t pid;    /* 0: the whole session */
    int64_t allocated;
    int64_t resident; /* -1: not known */
} fil_sample;

/* A large mapping that was hardly touched at the peak; of arenas each. */
typedef struct fil_untouched {
    fil_callstack callstack;
    uint64_t bytes;
    uint64_t resident;
    fil_mapping_kind kind;
} fil_untouched;

typedef enum fil_ending {
    FIL_ENDING_RUNNING = 0, /* it runs on: what is drawn is the peak so far */
    FIL_ENDING_EXIT = 1,  /* ending_value: the exit status */
    FIL_ENDING_SIGNAL = 2 /* ending_value: the signal's number */
} fil_ending;

/* Which moment a report is of. */
typedef enum fil_moment {
    FIL_MOMENT_PEAK = 0,
    FIL_MOMENT_OUT_OF_MEMORY = 1 /* now, and the request that failed: out-of-memory.prof,
                                  * out-of-memory.svg, out-of-memory-reversed.svg, no page */
} fil_moment;

/* How an answer looks. */
typedef enum fil_answer_look {
    FIL_ANSWER_COLOURED = 1, /* with the escape sequences of a terminal */
    FIL_ANSWER_ASCII = 2     /* for another character set than UTF-8 */
} fil_answer_look;

/* What a report says beyond the stacks. All texts and arrays are borrowed for the call; zeros mean
 * "not known". */
typedef struct fil_report_options {
    size_t struct_size;
    fil_text directory; /* reports go into a new directory of this one, named after the time */
    int32_t directory_is_exact; /* 1: into this very directory instead */
    int32_t pid;                /* the program: its last recording is drawn; 0: the first to join */
    fil_text command;           /* arguments as the user typed them, separated by zero bytes */
    fil_text script;            /* the main script as typed, and */
    fil_text script_path;       /*   its absolute path */
    int64_t started_ns;         /* CLOCK_REALTIME */
    double seconds;             /* how long it ran */
    fil_ending ending;
    int32_t ending_value;
    double peak_seconds; /* when the peak was */
    int64_t resident;    /* at the peak, and its parts */
    int64_t resident_anonymous;
    int64_t resident_file;
    int64_t resident_shared;
    const fil_sample* samples;
    size_t sample_count;
    const fil_untouched* untouched;
    size_t untouched_count;
    const fil_text* variables; /* environment variables that we set: NAME=value */
    size_t variable_count;
    const fil_text* notes;
    size_t note_count;
    int32_t run; /* 1: the last run of `pid` instead, in its own directory if none is given here */
    fil_moment moment;
    uint64_t request_bytes; /* see fil_out_of_memory */
    fil_callstack request_callstack;
    int64_t* peak; /* written, unless NULL: what the report says that the peak was, of all processes
                    * together */
    /* Written, unless NULL: what the page says of an allocator whose blocks are not seen, at most so
     * many bytes with the 0 at its end; "" if there is none. */
    char* unseen_allocator;
    size_t unseen_allocator_bytes;
    char* answer;  /* written, unless NULL: what the report says, in a few lines of text, each ended by
                    * a newline: the peak, and which of the user's own lines held it. Lines that do
                    * not fit are left out. Since 0.1 */
    size_t answer_capacity;
    uint32_t answer_columns; /* that a line may take; 0: 80 */
    uint32_t answer_look;    /* fil_answer_look, added up */
} fil_report_options;
#define FIL_REPORT_OPTIONS_INIT                                                             \
    {                                                                                       \
        sizeof(fil_report_options), {NULL, 0}, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0, 0, \
            FIL_ENDING_RUNNING, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0, 0,    \
            FIL_MOMENT_PEAK, 0, 0, NULL, NULL, 0, NULL, 0, 0, 0                             \
    }

/* Writes the report of the program's memory at the session's peak (or another moment):
 * peak-memory.prof, peak-memory.svg, peak-memory-reversed.svg, index.html. On success `path`
 * (capacity bytes) holds the report's directory. Cold. */
FIL_API fil_status fil_session_report(fil_session* session, const fil_report_options* options,
                                      char* path, size_t capacity, fil_error* error);

/* The same for the recorder of this process (FIL_MEMORY_PRIVATE). Cold. */
FIL_API fil_status fil_recording_report(const fil_report_options* options, char* path,
                                        size_t capacity, fil_error* error);

/* Copies the recording of `pid` (0: the first) to a new file, mode 0600, for a later report. Cold. */
FIL_API fil_status fil_session_keep(fil_session* session, int32_t pid, fil_text file,
                                    fil_error* error);

#ifdef __cplusplus
}
#endif

#endif
