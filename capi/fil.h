/* fil.h - the C interface of libfil, a memory profiler: for programs and for runtimes.
 *
 * Events (a block came, a block went) change counters in a *recording*; a report is drawn from it.
 * A program that counts for itself starts the recorder and writes the report, with functions of
 * this header. Under fil-profile both is done for it, and what it tells is counted with the rest.
 *
 * There are six headers, each for a kind of callers:
 *
 *     fil_announce.h     a program that tells of its own pools, and links nothing for it
 *     fil.h              programs that use the library; runtimes that tell who allocates
 *     fil_hooks.h        who stands in front of the C library's functions, as our hooks do
 *     fil_snapshot.h     who reads what was recorded, and draws it again
 *     fil_trace.h        who reads traces of all events, or writes them. Unstable until 1.0
 *     fil_supervisor.h   who watches other processes, as fil-profile does. Unstable until 1.0
 *
 * Conventions. Sizes and lengths are bytes. Strings are a pointer and a length, borrowed for the
 * call, any bytes (UTF-8 where it is text). Functions that can fail return fil_status, take their
 * results first and a fil_error last (may be NULL). Structs that may grow begin with struct_size
 * and have a FIL_..._INIT; of those in an array, the size stands beside the number of them, or they
 * grow only with the struct that has the function. Each _new names its _free; freeing NULL is fine.
 * No function throws.
 *
 * Safety is stated in words: *hot* functions may be called from any thread, from malloc itself,
 * from signal handlers and before main; they allocate nothing, print nothing, keep errno, and do
 * nothing at all while no recorder runs in this process. Everything else is *cold*: call it from
 * ordinary code, one thread at a time for each object.
 */

/* Laid out by hand, as C programs have it: */
/* clang-format off */
#ifndef FIL_H
#define FIL_H

#include <stddef.h>
#include <stdint.h>

/* An enumeration holds any int, whoever writes it: a caller of another version, say. In C it does. */
#if defined(__cplusplus) && __cplusplus >= 201103L
#define FIL_ENUM : int
#else
#define FIL_ENUM
#endif

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
typedef enum fil_status FIL_ENUM {
    FIL_OK = 0,
    FIL_ERROR_ARGUMENT = 10,      /* an argument makes no sense */
    FIL_ERROR_STRUCT_SIZE = 11,   /* a struct is shorter or has a newer, non-zero tail */
    FIL_ERROR_STATE = 20,         /* not now: already started, not started, closed */
    FIL_ERROR_NO_SESSION = 21,    /* this program was not started by fil-profile */
    FIL_ERROR_WHOLE_PROGRAM = 22, /* all of it is recorded (fil-profile run): it has no parts */
    FIL_ERROR_IN_RUN = 23,        /* another run is on */
    FIL_ERROR_NOT_RECORDED = 24,  /* started by fil-profile, which does not record this process: it
                                   * is a child of one that is recorded on request */
    FIL_ERROR_SYSTEM = 30,        /* the operating system refused; the message says what */
    FIL_ERROR_MEMORY = 31,        /* no memory */
    FIL_ERROR_DAMAGED = 40,       /* the content of a recording or a snapshot file makes no sense */
    FIL_ERROR_VERSION = 41,       /* a recording, session or snapshot file of another version */
    FIL_ERROR_EMPTY = 42,         /* nothing was recorded; a folder holds nothing to read */
    FIL_ERROR_CUT_SHORT = 43,     /* a recording or a snapshot file lacks its end */
    FIL_ERROR_OTHER_FILE = 44,    /* a file is neither a recording nor a snapshot */
    FIL_ERROR_INTERNAL = 90       /* a defect of libfil */
} fil_status;

/* A message for people, one line, written only when a call fails. The caller owns it. */
typedef struct fil_error { size_t struct_size; char message[1000]; } fil_error;
#define FIL_ERROR_INIT { sizeof(fil_error), { 0 } }

/* A string of the caller's, not necessarily ended by a zero byte. Never more than these two words,
 * so that arrays of it need no size. */
typedef struct fil_text { const char* data; size_t length; } fil_text;

/* The library's version, as text ("0.1.0"), static. Hot. Since 0.1. */
FIL_API const char* fil_version(void);

/* ---- the recorder of this process ------------------------------------------------------------ */

/* Where the recording lives. */
typedef enum fil_memory FIL_ENUM {
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
    uint32_t flags; /* FIL_NATIVE_STACKS | FIL_ON_REQUEST */
} fil_recorder_options;
#define FIL_RECORDER_OPTIONS_INIT { sizeof(fil_recorder_options), FIL_MEMORY_PRIVATE, 0 }

/* Starts recording. One recorder a process: FIL_ERROR_WHOLE_PROGRAM if fil-profile records already
 * (it writes the report, too: go on, and what is told is counted there), FIL_ERROR_STATE if another
 * one runs. FIL_ERROR_NO_SESSION if there is no session to join, FIL_ERROR_MEMORY for want of
 * memory or address space; after any refusal it may be called again. A forked child starts its own,
 * with these options, at its first event. Allocates nothing with malloc, so a malloc hook may call
 * it; it does make system calls. Cold. Since 0.1. */
FIL_API fil_status fil_recorder_start(const fil_recorder_options* options, fil_error* error);

/* Stops recording what fil_recorder_start(FIL_MEMORY_PRIVATE) started: later events are ignored, in
 * forked children as well, and cost as little as before the start. What was recorded stays for
 * fil_recording_report(). An event that another thread is in may still be counted.
 *
 * fil_recorder_start() then begins anew, with the flags that it is given: what came before has no
 * part in what it records, and its callstacks are new ones (fil_generation() has risen). A forked
 * child may do so as well. FIL_ERROR_STATE if no recorder runs; FIL_ERROR_WHOLE_PROGRAM, or
 * FIL_ERROR_IN_RUN while a run is on, if it is not the program's to stop. Cold, any thread.
 * Since 0.1. */
FIL_API fil_status fil_recorder_stop(fil_error* error);

/* Whether a recorder runs in this process. Hot. Since 0.1. */
FIL_API int fil_recorder_running(void);

/* A fact about this process for the report: key "runtime" is what it runs ("CPython 3.12.1";
 * the first one counts), "allocator" the library that hands out blocks before any hook is asked,
 * "note" a remark (may repeat). Copied, at most 1 KiB. Hot, takes a lock. Since 0.1. */
FIL_API void fil_recorder_describe(fil_text key, fil_text value);

/* The source of code that is in no file (a notebook's cell), by the file's name of its functions; a
 * zero and what reports call it ("In [3]") may follow. At most 1 MiB, copied. Cold. Since 0.1. */
FIL_API void fil_recorder_add_source(fil_text file, fil_text text);

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
#define FIL_RUN_OPTIONS_INIT \
    { sizeof(fil_run_options), { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } }

typedef struct fil_run_numbers { size_t struct_size; int64_t peak, live; } fil_run_numbers;
#define FIL_RUN_NUMBERS_INIT { sizeof(fil_run_numbers), 0, 0 }

/* Whether a run could begin now, and if not, why: FIL_ERROR_NO_SESSION (not started by
 * fil-profile), FIL_ERROR_WHOLE_PROGRAM (by fil-profile run), FIL_ERROR_NOT_RECORDED (in a child),
 * FIL_ERROR_IN_RUN (another is on), FIL_ERROR_MEMORY and FIL_ERROR_SYSTEM (the recorder could not
 * start). Any thread, any time. Since 0.1. */
FIL_API fil_status fil_run_check(fil_error* error);

/* Begins one, if fil_run_check() says so; FIL_ERROR_MEMORY also if the recording is full.
 * Generations rise. Cold: from ordinary code, not from a hook; any thread. Since 0.1. */
FIL_API fil_status fil_run_begin(const fil_run_options* options, fil_error* error);

/* Ends it: `live` is what it held then. FIL_ERROR_STATE if none is on; otherwise refuses as
 * fil_run_check() does. `numbers` may be NULL. Cold, any thread. Since 0.1. */
FIL_API fil_status fil_run_end(fil_run_numbers* numbers, fil_error* error);

/* Has the supervisor write the report of the last run, which must have ended, into its directory,
 * and waits for it, however long. Without a supervisor (FIL_ERROR_NO_SESSION):
 * fil_recording_report(). Allocates nothing with malloc. Cold. Since 0.1. */
FIL_API fil_status fil_run_report(fil_error* error);

/* ---- callstacks ------------------------------------------------------------------------------ */

/* A function, and a callstack (caller callstack, function, line), for this process and
 * generation. */
typedef uint32_t fil_function;
typedef uint32_t fil_callstack;

#define FIL_CALLSTACK_NONE ((fil_callstack)0)    /* "I do not know: ask the next source" */
#define FIL_CALLSTACK_UNKNOWN ((fil_callstack)1) /* "nobody knows": also the root of all stacks */

typedef enum fil_function_kind FIL_ENUM {
    FIL_FUNCTION_ANNOUNCED = 0, /* a name in a runtime of the caller's own */
    FIL_FUNCTION_PYTHON = 1, FIL_FUNCTION_LUA = 4, /* 3 is libfil's own */
    FIL_FUNCTION_ERRAND = 5, /* a thread, name, that works for its caller; line: fil_errand_kind */
    FIL_FUNCTION_NATIVE_MODULE = 2, /* file is a module, name its build id; lines are offsets */
    FIL_FUNCTION_FIRST_OTHER = 64, FIL_FUNCTION_LAST_OTHER = 127 /* of runtimes unknown to libfil */
} fil_function_kind;

/* How it is known for whom a thread works: by the task it was given, by who started it, by a guess,
 * since nobody else is in a library's code, or by what is on a pool's thread's stack. */
typedef enum fil_errand_kind FIL_ENUM { FIL_ERRAND_TASK = 1, FIL_ERRAND_STARTED = 2, FIL_ERRAND_GUESSED = 3,
                                        FIL_ERRAND_ALONE = 4, FIL_ERRAND_JOB = 5 } fil_errand_kind;

/* Interns a function by content: the same texts give the same id. Texts are copied, cut at 32 KiB.
 * The working directory is stored beside a relative file name. Hot, takes a lock: cache the id
 * together with fil_generation(). Returns 0 if there is no room. Not from a signal handler, unless
 * a source is asked there. Since 0.1. */
FIL_API fil_function fil_function_intern(fil_function_kind kind, fil_text name, fil_text file,
                                         uint32_t first_line);

/* The callstack of `function`, standing at `line`, called by `caller` (FIL_CALLSTACK_UNKNOWN for an outermost frame).
 * Hot; lock-free when the answer is known. Not from a signal handler, unless a source is asked there. Since 0.1. */
FIL_API fil_callstack fil_callstack_child(fil_callstack caller, fil_function function,
                                          uint32_t line);

/* The caller of a callstack, and what stands there (may be NULL; function 0 at a root); a function's
 * kind and file, borrowed until the generation rises. Of ids of this generation. Hot. Since 0.1. */
FIL_API fil_callstack fil_callstack_caller(fil_callstack callstack, fil_function* function,
                                           uint32_t* line);
FIL_API int fil_function_look(fil_function function, fil_text* file);

/* Who allocates on this thread now, by the registered sources. Hot. Since 0.1. */
FIL_API fil_callstack fil_callstack_current(void);

/* The callstack charged to this thread where no source answers: a thread's creator, say. Hot.
 * Since 0.1. */
FIL_API void fil_thread_inherit(fil_callstack callstack);
FIL_API fil_callstack fil_thread_inherited(void); /* FIL_CALLSTACK_UNKNOWN: none. Since 0.1. */

/* Whether the calling thread is on its alternate signal stack: there is little room there, so a
 * source had better not answer. Asks the system, which costs: remember where it is not. Hot. Since
 * 0.1. */
FIL_API int fil_thread_on_signal_stack(void);

/* Ids cached outside libfil are valid while this number stays the same: it rises when the recorder
 * starts anew (after a fork or a stop), when a run begins, and when a watched block is freed. Hot.
 * Since 0.1. */
FIL_API uint64_t fil_generation(void);

/* The same number to be read in place, without a call, by a source that is asked: only an event brings a forked child's
 * number up to date. The address stays good while the process lives. Hot. Since 0.1. */
FIL_API const uint64_t* fil_generation_address(void);

/* The watched block that was freed when the generation rose to this number: what was cached for
 * other blocks is still good. Returns 1, or 0 if that is not known, or no longer, or the reason was
 * another: then nothing is. Hot. Since 0.1. */
FIL_API int fil_generation_cause(uint64_t generation, const void** address, size_t* bytes);

/* Freeing this live block raises the generation: for caches keyed by the block's address. Returns
 * 1, or 0 if no live block of more than 48 bytes starts there. Hot. Since 0.1. */
FIL_API int fil_block_watch(const void* address);

/* How many bytes the live block that starts there has; 0 if none is known to start there. What a
 * source reads in a block of its runtime's is there while this says so. Hot. Since 0.1. */
FIL_API size_t fil_block_size(const void* address);

/* Native code called the runner, which runs the runtime's frames, when `caller` was the callstack;
 * `stack` lies in the runner's own frame (NULL: it is the next one that is in fil_source::runner). */
typedef struct fil_crossing { fil_callstack caller; const void* stack; } fil_crossing;

/* A thread of a runtime's, for which a library's threads may work: its newest callstack; whether it is outside (does
 * not hold its runtime's lock), and has allocated or waits in a library (engaged); its thread pointer and stack. */
typedef struct fil_asking_thread { fil_callstack callstack; uint32_t flags; const void *thread, *place; } fil_asking_thread;
enum { FIL_ASKING_OUTSIDE = 1, FIL_ASKING_ENGAGED = 2 };

/* What answers "who allocates?" on the allocating thread: called inside an event, under the rules of a hot function,
 * never nested. thread_memory is thread_bytes of this thread's own, at a multiple of 64, zeroed before that thread's
 * first capture. Returns FIL_CALLSTACK_NONE to pass the question on. */
typedef struct fil_source {
    size_t struct_size;
    size_t thread_bytes; /* at most 2 MiB */
    fil_callstack (*capture)(void* context, void* thread_memory);
    void* context;
    /* With FIL_ON_REQUEST: a run begins (1; nothing is recorded yet) or has ended (0), so that hooks in the runtime's
     * allocators are in place just for it. On the thread of fil_run_begin(), fil_run_end(). NULL: need not know. */
    void (*run_changed)(void* context, int is_on);
    uint32_t flags; /* FIL_SOURCE_MEMORY_PASSED_ON */
    /* The runtime's threads as they stand now, at most so many, for a library's thread that allocates. Returns
     * their number; `most` + 1: there are more, or it is not known. Called as capture is. NULL: not known. */
    size_t (*asking)(void* context, fil_asking_thread* threads, size_t most);
    /* Code at `caller` is about to wait for others (fil_thread_waits): any thread but a library's. NULL: ignored. */
    void (*waits)(void* context, const void* caller);
    /* The crossings of now, innermost first; asked after capture (fil_source_is_merged). NULL: none. */
    size_t (*crossings)(void* context, void* thread_memory, fil_crossing* crossings, size_t most);
    const void* runner; /* code that runs the runtime's frames: threads that its module makes are no library's */
    /* What capture answered last, if this thread is still in that call, at that place; or NONE. NULL: not known. */
    fil_callstack (*same_call)(void* context, void* thread_memory);
} fil_source;
#define FIL_SOURCE_INIT { sizeof(fil_source), 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL }

/* A new thread may get the thread memory of one that has ended, as that left it: for a source that
 * proves anew what it finds there. It starts warm, and pages that it has grown are not lost. */
enum { FIL_SOURCE_MEMORY_PASSED_ON = 1 };

/* Registers a source, asked before those registered earlier and before native stacks. At most four: FIL_ERROR_STATE
 * for a fifth. `source` is copied; its context must live for ever. Hot, takes a lock. Since 0.1. */
FIL_API fil_status fil_source_register(const fil_source* source, fil_error* error);

/* Whether native frames are merged with those of sources that have `crossings`: then the callstack is not
 * what capture answers, and fil_record_alloc_in_call() is for those who know that. Hot. Since 0.1. */
FIL_API int fil_source_is_merged(void);

/* Zeroed pages for a source that outgrows its thread memory, where the recorder's own come from: from a reserve where
 * the program's sandbox forbids to ask for more. NULL if there are none. And back. Hot. Since 0.1. */
FIL_API void* fil_source_map(size_t bytes);
FIL_API void fil_source_unmap(void* address, size_t bytes);

/* ---- blocks ---------------------------------------------------------------------------------- */

/* A block of `bytes` at `address` came (after the real allocation), or goes (before the real free).
 * Unknown addresses and NULL are ignored; a block over an older one replaces it. Hot. Since 0.1. */
FIL_API void fil_record_alloc(const void* address, size_t bytes);
FIL_API void fil_record_alloc_at(const void* address, size_t bytes, fil_callstack callstack);
FIL_API void fil_record_free(const void* address);

/* fil_record_alloc() for the allocator of a runtime that has a source: `callstack` is what its capture would answer
 * in this thread, as far as is known without asking; FIL_CALLSTACK_NONE if it is not. It is not believed where it may
 * be of another process or thread: in a forked child's first event, in a thread that is ending. Sources registered
 * later are not asked. Where native frames are merged (fil_source_is_merged), `in_call`: what its own capture
 * answered last in this thread, if that is still in that call, at that place. Returns `address`. Hot. Since 0.1. */
FIL_API void* fil_record_alloc_known(void* address, size_t bytes, fil_callstack callstack);
FIL_API void* fil_record_alloc_in_call(void* address, size_t bytes, fil_callstack callstack);

/* A request for so many bytes was refused for want of memory (to be called after restoring what
 * realloc or mremap left as it was). If the session detects out-of-memory, the supervisor writes
 * what is alive now and the process exits with status 53; otherwise this returns. Sizes beyond any
 * address space (2^56 and more) are no want of memory and ignored. Hot. Since 0.1. */
FIL_API void fil_record_failed(size_t bytes);

/* For realloc: forget the old block first, call the real function, then record the new block or, if
 * it failed, restore the old one. FIL_CALLSTACK_NONE: there was no block. Hot. Since 0.1. */
typedef struct fil_block { uint64_t bytes; fil_callstack callstack; uint32_t flags; } fil_block;
FIL_API fil_block fil_block_forget(const void* address);
FIL_API void fil_block_restore(const void* address, fil_block block);
/* The same block, which stays. Any thread, also of a word that is no address. Hot. Since 0.1. */
FIL_API fil_block fil_block_look(const void* address);

/* Forgets every block in a range: an arena is given back whole. Hot; takes some 0.1 ms for each MiB
 * in which blocks have been. Since 0.1. */
FIL_API void fil_record_free_range(const void* address, size_t bytes);

/* The block at `from` is at `to` now: a collector has moved it. It stays charged to whoever asked for
 * it, and what is held stays the same. One that stood at `to` goes. Collectors that move many tell of
 * each, in an order in which no place is taken before it was told to be free. NULL, and what is not
 * known, is ignored. Hot. Since 0.1. */
FIL_API void fil_record_moved(const void* from, const void* to);

/* Between raise and lower, allocations and mappings of this thread are not recorded (what goes
 * still is). Nests. Use around calls of a wrapped function whose own allocations are counted
 * otherwise. Hot. Since 0.1. */
FIL_API void fil_guard_raise(void);
FIL_API void fil_guard_lower(void);

/* Kinds of mapped memory, as hooks record them and reports show them. */
typedef enum fil_mapping_kind FIL_ENUM {
    FIL_MAPPING_ANONYMOUS = 0, /* counts as used memory, like a block */
    FIL_MAPPING_FILE = 1,      /* the rest have numbers of their own */
    FIL_MAPPING_SHARED = 2,
    FIL_MAPPING_RESERVED = 3, /* PROT_NONE, until made accessible */
    FIL_MAPPING_SHARED_ANONYMOUS = 4, /* used memory that forked children will see: counted where it
                                       * was made, like a block */
    FIL_MAPPING_ARENA = 5, /* reserved, although accessible: who made it takes from it as he needs */
    FIL_MAPPING_REQUESTED = 7 /* of snapshots alone: a request for memory that failed */
} fil_mapping_kind;

/* ---- pools ----------------------------------------------------------------------------------- */

/* A pool takes memory from the system in large pieces and hands out blocks of it. The rule: memory
 * in which blocks of a pool come is the pool's *reserve*; it is not counted itself, its blocks are.
 *
 * What this thread takes from the system between begin and end is such reserve, from the first
 * moment on: blocks of malloc are not recorded, mappings are recorded as reserved address space.
 * Nests. Hot. Since 0.1. */
FIL_API void fil_pool_begin(void);
FIL_API void fil_pool_end(void);

/* fil_record_alloc() of a pool's block; it goes by fil_record_free(), many by
 * fil_record_free_range(). A mapping around it that was counted so far is reserve from now on. Hot;
 * takes the lock of mappings where it is not known from the last time what is around the block.
 * Since 0.1. */
FIL_API void fil_pool_alloc(const void* address, size_t bytes);

/* ---- reports --------------------------------------------------------------------------------- */

typedef enum fil_ending FIL_ENUM {
    FIL_ENDING_RUNNING = 0, /* it runs on: what is drawn is the peak so far */
    FIL_ENDING_EXIT = 1,    /* ending_value: the exit status */
    FIL_ENDING_SIGNAL = 2   /* ending_value: the signal's number */
} fil_ending;

/* How an answer looks. */
typedef enum fil_answer_look FIL_ENUM {
    FIL_ANSWER_COLOURED = 1, /* with the escape sequences of a terminal */
    FIL_ANSWER_ASCII = 2     /* for another character set than UTF-8 */
} fil_answer_look;

/* The snapshot file that a report's folder holds, and what of source code is in it. */
typedef enum fil_snapshot_kept FIL_ENUM {
    FIL_SNAPSHOT_KEPT = 0,         /* which text each file had, by a hash; text of code in no file */
    FIL_SNAPSHOT_WITH_SOURCES = 1, /* all lines that reports show */
    FIL_SNAPSHOT_NOT_KEPT = 2      /* there is no such file */
} fil_snapshot_kept;

/* What a report says beyond the stacks. All texts and arrays are borrowed for the call; zeros mean
 * "not known". */
typedef struct fil_report_options {
    size_t struct_size;
    fil_text directory; /* reports go into a new directory of this one, named after the time */
    int32_t directory_is_exact; /* 1: into this very directory instead */
    int32_t run;                /* 1: of the last run, in its own directory if none is given here */
    fil_text command;           /* arguments as the user typed them, separated by zero bytes */
    fil_text script;            /* the main script as typed, and */
    fil_text script_path;       /*   its absolute path */
    int64_t started_ns;         /* CLOCK_REALTIME */
    double seconds;             /* how long it ran */
    fil_ending ending;
    int32_t ending_value;
    const fil_text* notes;
    size_t note_count;
    int64_t* peak;  /* written, unless NULL: the peak that the report says, of all processes together */
    char* answer;   /* written, unless NULL: what the report says, in a few lines of text, each ended by
                     * a newline: the peak, and which of the user's own lines held it; no line is cut */
    size_t answer_capacity;
    uint32_t answer_columns; /* that a line may take; 0: 80 */
    uint32_t answer_look;    /* fil_answer_look, added up */
    fil_snapshot_kept snapshot; /* the file from which the report can be drawn again */
    uint32_t names; /* of native code: fil_names, added up (fil_supervisor.h) */
} fil_report_options;
#define FIL_REPORT_OPTIONS_INIT                                                                  \
    { sizeof(fil_report_options), { NULL, 0 }, 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, 0, 0, \
      FIL_ENDING_RUNNING, 0, NULL, 0, NULL, NULL, 0, 0, 0, FIL_SNAPSHOT_KEPT, 0 }

/* Writes the report of what the recorder of this process (FIL_MEMORY_PRIVATE) has recorded since it
 * was started, at its peak: peak-memory.prof, peak-memory.svg, peak-memory-reversed.svg,
 * index.html. On success `path` (capacity bytes) holds the report's directory. FIL_ERROR_STATE if
 * there is none, FIL_ERROR_SYSTEM if the files cannot be written. Also after fil_recorder_stop().
 * Cold. Since 0.1. */
FIL_API fil_status fil_recording_report(const fil_report_options* options, char* path,
                                        size_t capacity, fil_error* error);

#ifdef __cplusplus
}
#endif

#endif
