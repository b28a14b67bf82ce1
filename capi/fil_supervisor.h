/* fil_supervisor.h - what a supervisor does: it makes a session, starts programs in it, watches
 * them, and has their reports written. fil-profile is made of this.
 *
 * UNSTABLE until version 1.0: functions and structs here change from one version to the next.
 *
 * Conventions are those of fil.h. All functions here are cold: one thread at a time for each
 * session.
 */

/* Laid out by hand, as C programs have it: */
/* clang-format off */
#ifndef FIL_SUPERVISOR_H
#define FIL_SUPERVISOR_H

#include "fil_trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- sessions -------------------------------------------------------------------------------- */

/* A session: all processes of one program, with one live total and one peak. */
typedef struct fil_session fil_session;

/* Makes a session with a socket in a private directory. FIL_ERROR_SYSTEM if there can be none. Free
 * with fil_session_free(). Since 0.1. */
FIL_API fil_status fil_session_new(fil_session** session, fil_error* error);
FIL_API void fil_session_free(fil_session* session);

/* The value of the environment variable FIL_SESSION for the program to be started; owned by the
 * session. Since 0.1. */
FIL_API const char* fil_session_environment(const fil_session* session);

/* Should the supervisor be killed, what was recorded would go with it. `socket`: the end of a keeper, a
 * process that is forked before the program starts and calls fil_session_keep_all(); the supervisor
 * closes its copy. -1: there can be none. Since 0.1. */
FIL_API int fil_session_keeper_socket(fil_session* session);

/* What the keeper kept. */
typedef struct fil_kept {
    size_t struct_size;
    uint64_t missing; /* processes whose recording could not be written */
    uint64_t running; /* processes that did not die with the program, and run on unrecorded */
} fil_kept;
#define FIL_KEPT_INIT { sizeof(fil_kept), 0, 0 }

/* In the keeper: holds all recordings until the supervisor ends. FIL_OK if that was killed: what was
 * recorded is in files now, in the new folder `path`, in `directory` if that can be; `kept` may be NULL.
 * FIL_ERROR_EMPTY: it freed the session, or there is nothing. Since 0.1. */
FIL_API fil_status fil_session_keep_all(fil_session* session, int socket, fil_text directory, char* path,
                                        size_t capacity, fil_kept* kept, fil_error* error);

/* Polls readable when a process wants to join; then call fil_session_serve(), which never blocks.
 * Since 0.1. */
FIL_API int fil_session_descriptor(const fil_session* session);
FIL_API void fil_session_serve(fil_session* session);

/* Commands shall be shown as they are. Otherwise values of arguments that look like passwords are
 * "***", in reports and in what fil_session_process() says of processes that join later. Since
 * 0.1. */
FIL_API void fil_session_show_arguments(fil_session* session);

/* Reports name programs, and none of their arguments. Since 0.1. */
FIL_API void fil_session_hide_arguments(fil_session* session);

/* Processes that ask to join from now on run unrecorded, but for `program`. Since 0.1. */
FIL_API void fil_session_leave_children_out(fil_session* session, int32_t program);

/* What is done for names of native code only when it is asked for. */
typedef enum fil_names FIL_ENUM {
    FIL_NAMES_FROM_SERVERS = 1, /* debug information that is not on this machine: DEBUGINFOD_URLS */
    FIL_NAMES_WHOLE = 2         /* also where they have more than 500 characters */
} fil_names;

/* In processes that join from now on, native frames are merged with those of their runtime's frames.
 * Since 0.1. */
FIL_API void fil_session_merge_native(fil_session* session);

typedef struct fil_session_numbers {
    size_t struct_size;
    int64_t live;
    int64_t peak;
    uint64_t processes; /* recordings that joined so far */
    uint64_t unprofiled_children;
    uint32_t reports_requested; /* by fil_recorder_request_report(), so far */
    uint32_t sandboxed; /* processes that are not recorded because of a sandbox of their own */
    uint64_t left_out;  /* by fil_session_leave_children_out() */
} fil_session_numbers;
#define FIL_SESSION_NUMBERS_INIT { sizeof(fil_session_numbers), 0, 0, 0, 0, 0, 0, 0 }

/* The session's numbers; may be read every millisecond. Since 0.1. */
FIL_API fil_status fil_session_read(const fil_session* session, fil_session_numbers* numbers);

/* How many processes could not join, and, in words, why the first of them could not: "the system
 * refused memfd_create: Operation not permitted". The text is cut where it does not fit; 400 bytes
 * are enough. Since 0.1. */
FIL_API uint64_t fil_session_refused(const fil_session* session, char* why, size_t capacity);

/* How many programs were started that neither joined nor said why; at least. Since 0.1. */
FIL_API uint64_t fil_session_missed(const fil_session* session);

/* ---- processes ------------------------------------------------------------------------------- */

/* One recording of the session. Texts are owned by the session. */
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
    int32_t run_on;    /* 1: records on request, and a run is on */
    uint64_t missed_events;
    int64_t run_started_ns; /* CLOCK_REALTIME, of the last run, whose live and peak are above; 0: none */
    uint64_t callstacks;    /* that it has recorded */
    uint64_t recording_bytes; /* in use */
    fil_text note; /* what its runtime's source says of itself: that it cannot read frames; else empty */
    int32_t killed; /* 1: it has ended without a word, by a signal */
} fil_process;
#define FIL_PROCESS_INIT \
    { sizeof(fil_process), 0, 0, 0, 0, 0, { NULL, 0 }, { NULL, 0 }, 0, 0, 0, 0, 0, 0, { NULL, 0 }, 0 }

/* By its number from 0 in the order of joining; FIL_ERROR_ARGUMENT beyond the last. Since 0.1. */
FIL_API fil_status fil_session_process(fil_session* session, size_t number, fil_process* process);

/* Reports say it of that process: what its end was caused by. Since 0.1. */
FIL_API void fil_session_note_cause(fil_session* session, size_t number, fil_text cause);

/* Likewise: how much of what it inherited it has made its own by writing. Since 0.1. */
FIL_API void fil_session_note_copied(fil_session* session, size_t number, int64_t bytes);

/* Whether the program that a runtime was to run as `pid` got as far as its own code: 0 if the runtime ended
 * before, since there was no such module, say. 1 also where that is not known, of native programs say. Since 0.1. */
FIL_API int fil_session_began(const fil_session* session, int32_t pid);

/* A process ended, perhaps without saying so: takes its memory out of the session's live total.
 * Since 0.1. */
FIL_API void fil_session_process_ended(fil_session* session, int32_t pid);

typedef struct fil_large_mapping {
    uint64_t address;
    uint64_t bytes;
    fil_callstack callstack;
    fil_mapping_kind kind;
} fil_large_mapping;

/* Large writable mappings of a process, by address: anonymous ones of at least 64 MiB, and arenas;
 * at most 1,024. `count`: in, for how many there is room; out, how many were written, each
 * `mapping_size` bytes from the one before it (sizeof(fil_large_mapping)). FIL_ERROR_EMPTY: there
 * is no such process; FIL_ERROR_STATE: they change too fast to be read. Since 0.1. */
FIL_API fil_status fil_session_large_mappings(const fil_session* session, int32_t pid,
                                              fil_large_mapping* mappings, size_t* count,
                                              size_t mapping_size);

/* ---- runs that ask for their report ---------------------------------------------------------- */

/* The pid of the process that has waited longest for the report of its run (fil_run_report()); 0 if
 * none does. It waits until it is answered. Since 0.1. */
FIL_API int32_t fil_session_asked(fil_session* session);

/* Answers it: FIL_OK, or what went wrong, in words. Since 0.1. */
FIL_API void fil_session_answer(fil_session* session, int32_t pid, fil_status status,
                                fil_text message);

/* ---- out of memory --------------------------------------------------------------------------- */

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
#define FIL_OUT_OF_MEMORY_INIT { sizeof(fil_out_of_memory), 0, 0, 0 }

/* The next such process; FIL_ERROR_EMPTY if there is none. May be asked every millisecond.
 * fil_session_let_go() lets it exit, before its report (what is alive stands in its recording) or
 * after. Since 0.1. */
FIL_API fil_status fil_session_out_of_memory(fil_session* session, fil_out_of_memory* process);
FIL_API void fil_session_let_go(fil_session* session, int32_t pid);

/* What a process knows of a part of its memory: what its allocators cut blocks from, what it mapped
 * itself, and where its blocks are. */
typedef enum fil_known_kind FIL_ENUM {
    FIL_KNOWN_GROUND = 1,  /* an allocator inside cuts its blocks from it */
    FIL_KNOWN_MAPPING = 2, /* counted as a whole */
    FIL_KNOWN_RESERVE = 3, /* mapped, and not counted but for blocks in it: an arena, a pool */
    FIL_KNOWN_BLOCK = 4,   /* of 64 KiB and more */
    FIL_KNOWN_BLOCKS = 5,  /* `bytes` of smaller ones, which begin in the page at `address` */
    FIL_KNOWN_SPARSE = 6,  /* what sparse memory lacks for the sake of the `blocks` of `callstack` */
    FIL_KNOWN_OCCUPIED = 7, /* of malloc's memory: resident pages on which smaller blocks are */
    FIL_KNOWN_HEAP = 8 /* a malloc that is not the C library's cuts its blocks from it */
} fil_known_kind;
typedef struct fil_known_memory {
    fil_known_kind kind;
    /* Of ground: the object that it is in; empty: the runtime's. Of a mapping: the object whose
     * allocator took it, if that does not tell of its blocks; such a part comes before the whole. */
    fil_text allocator;
    uint64_t address;
    uint64_t bytes;
    fil_callstack callstack; /* these two of FIL_KNOWN_SPARSE */
    uint64_t blocks;
} fil_known_memory;

/* Each part that the process `pid` knows of now, kind by kind and, of blocks, in order of address; it
 * goes on meanwhile. FIL_ERROR_EMPTY if there is no such process, FIL_ERROR_SYSTEM if its memory
 * cannot be read. Since 0.1. */
FIL_API fil_status fil_session_memory(const fil_session* session, int32_t pid,
                                      void (*visit)(void* context, const fil_known_memory* part),
                                      void* context);

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

/* When a process had its own peak. */
typedef struct fil_process_moment {
    size_t number;  /* as of fil_session_process() */
    double seconds; /* since the start */
} fil_process_moment;

/* A part of what was resident at the peak, of all processes together. */
typedef enum fil_resident_kind FIL_ENUM {
    FIL_RESIDENT_GROUND = 1,   /* of an allocator inside, with its name; empty: the runtime's */
    FIL_RESIDENT_PROGRAM = 2,  /* mapped without a file, where nobody knows how it is used */
    FIL_RESIDENT_DATA = 3,     /* variables of the program and its libraries */
    FIL_RESIDENT_STACKS = 4,
    FIL_RESIDENT_PROFILER = 5, /* our own */
    FIL_RESIDENT_FILES = 6,    /* code, and mapped files */
    FIL_RESIDENT_SHARED = 7,   /* shared memory, also without a name */
    FIL_RESIDENT_HEAP = 8,     /* what malloc cuts its blocks from */
    FIL_RESIDENT_MAPPED = 9,   /* mappings that are counted, and blocks that have one of their own */
    FIL_RESIDENT_RESERVE = 10, /* arenas and pools */
    FIL_RESIDENT_UNKNOWN = 11, /* mapped, and known to nobody */
    FIL_RESIDENT_ABSENT = 12,  /* no bytes: `live` are counted and not resident */
    FIL_RESIDENT_COPIED = 13,  /* what forked processes inherited, and copied by writing */
    FIL_RESIDENT_VACANT = 14   /* of malloc's: pages on which there is no block */
} fil_resident_kind;
typedef struct fil_resident_part {
    fil_resident_kind kind;
    fil_text name; /* of a ground */
    int64_t bytes;
    int64_t live; /* of what is counted that is resident here */
} fil_resident_part;

/* What is resident for the sake of few bytes: pages of malloc's, and arenas of a runtime's small
 * objects, at most half full. What they lack to be full is shared by the blocks on them. */
typedef struct fil_sparse {
    size_t number; /* of a recording, as of fil_session_process() */
    fil_callstack callstack;
    uint64_t blocks;
    uint64_t bytes; /* their share */
} fil_sparse;

/* Which moment a report is of. */
typedef enum fil_moment FIL_ENUM {
    FIL_MOMENT_PEAK = 0,
    FIL_MOMENT_OUT_OF_MEMORY = 1, /* now, and the request that failed: index.html, out-of-memory.prof,
                                   * out-of-memory.svg, out-of-memory-reversed.svg */
    FIL_MOMENT_NOW = 2            /* now, whatever the peak was: index.html, memory-now.prof,
                                   * memory-now.svg, memory-now-reversed.svg */
} fil_moment;

/* What only a supervisor knows of a program. Texts and arrays are borrowed for the call; zeros mean
 * "not known". */
typedef struct fil_session_facts {
    size_t struct_size;
    int32_t pid; /* the program: its last recording is drawn; 0: the first to join */
    fil_moment moment;
    uint64_t request_bytes; /* see fil_out_of_memory */
    fil_callstack request_callstack;
    double peak_seconds; /* when the peak was */
    int64_t resident;    /* at the peak, and its parts */
    int64_t resident_anonymous;
    int64_t resident_file;
    int64_t resident_shared;
    const fil_sample* samples;
    size_t sample_count;
    size_t sample_size; /* of each: sizeof(fil_sample) */
    const fil_untouched* untouched;
    size_t untouched_count;
    size_t untouched_size; /* of each: sizeof(fil_untouched) */
    const fil_text* variables; /* environment variables that we set: NAME=value */
    size_t variable_count;
    /* Written, unless NULL: what the page says of an allocator whose blocks are not seen, at most so
     * many bytes with the 0 at its end; "" if there is none. */
    char* unseen_allocator;
    size_t unseen_allocator_bytes;
    const fil_process_moment* moments;
    size_t moment_count;
    size_t moment_size; /* of each: sizeof(fil_process_moment) */
    int32_t request_pid;  /* out of memory: who ran out of it; 0: `pid` */
    uint64_t limit_bytes; /* out of memory: of what there was no more, */
    fil_text limit_name;  /*   for the page: "the control group /job" */
    /* Called, unless NULL, when the counters of all processes have been read: from then on these may
     * end, and what is alive is still shown. */
    void (*counters_read)(void* context);
    void* context;
    const fil_resident_part* parts; /* of `resident`: they add up to it */
    size_t part_count;
    size_t part_size; /* of each: sizeof(fil_resident_part) */
    /* The same of the last look when most of the peak was gone; and when that was. */
    const fil_resident_part* last_parts;
    size_t last_part_count;
    double last_parts_seconds;
    const fil_sparse* sparse; /* known where `parts` are */
    size_t sparse_count;
    size_t sparse_size; /* of each: sizeof(fil_sparse) */
    const fil_sparse* last_sparse; /* of the moment of `last_parts` */
    size_t last_sparse_count;
} fil_session_facts;
#define FIL_SESSION_FACTS_INIT                                                                     \
    { sizeof(fil_session_facts), 0, FIL_MOMENT_PEAK, 0, 0, 0, 0, 0, 0, 0, NULL, 0, sizeof(fil_sample), \
      NULL, 0, sizeof(fil_untouched), NULL, 0, NULL, 0, NULL, 0, sizeof(fil_process_moment), 0, 0, \
      { NULL, 0 }, NULL, NULL, NULL, 0, sizeof(fil_resident_part), NULL, 0, 0, NULL, 0, \
      sizeof(fil_sparse), NULL, 0 }

/* Writes the report of all processes' memory at the session's peak (or another moment), as
 * fil_recording_report() does. FIL_ERROR_EMPTY if nothing was recorded, FIL_ERROR_DAMAGED and
 * FIL_ERROR_VERSION if the recording cannot be read. Since 0.1. */
FIL_API fil_status fil_session_report(fil_session* session, const fil_report_options* options,
                                      const fil_session_facts* facts, char* path, size_t capacity,
                                      fil_error* error);

/* All that that report is drawn from (fil.h, snapshots). Since 0.1. */
FIL_API fil_status fil_snapshot_of_session(fil_snapshot** snapshot, fil_session* session,
                                           const fil_report_options* options,
                                           const fil_session_facts* facts, fil_error* error);

/* Copies the recording of `pid` (0: the first) to a new file, mode 0600, for a later report.
 * FIL_ERROR_EMPTY if nothing was recorded. Since 0.1. */
FIL_API fil_status fil_session_keep(fil_session* session, int32_t pid, fil_text file,
                                    fil_error* error);

/* ---- traces ---------------------------------------------------------------------------------- */

/* From now on every event of the processes that join goes into a file (docs/design/trace-file.md), if
 * the library that they load is libfil_trace.so. Of blocks, one in `sample` (0, 1: all), with all that
 * becomes of it. FIL_ERROR_SYSTEM if the file cannot be made. Since 0.1. */
FIL_API fil_status fil_session_record_trace(fil_session* session, fil_text file, uint32_t sample,
                                            fil_error* error);

/* Takes what the processes have written since: what it does not take in time, they wait for. Returns
 * after how many milliseconds to call it again. Since 0.1. */
FIL_API int fil_session_take_trace(fil_session* session);

/* The processes have ended: writes the rest. FIL_ERROR_SYSTEM if some of it could not be written:
 * then it ends earlier, and can be read as far as it goes. Since 0.1. */
FIL_API fil_status fil_session_finish_trace(fil_session* session, fil_trace_numbers* numbers,
                                            fil_error* error);

/* ---- visits ---------------------------------------------------------------------------------- */

/* What a visitor asks a supervisor for: somebody of the same user, or root, who is not of the
 * session. */
typedef enum fil_visit_kind FIL_ENUM {
    FIL_VISIT_REPORT_OF_NOW = 1,
    FIL_VISIT_REPORT_OF_PEAK = 2, /* so far */
    FIL_VISIT_LOOK = 3            /* what every process holds now, for a screen */
} fil_visit_kind;

/* The next visitor that waits, once; FIL_ERROR_EMPTY if there is none. It is answered by
 * fil_session_answer_visit(): FIL_OK and the report's directory, or what went wrong in words; or,
 * of a look, by fil_session_show() in a forked child, which may read for long, while the parent
 * answers with FIL_OK and no text, which sends nothing. Since 0.1. */
FIL_API fil_status fil_session_visit(fil_session* session, uint64_t* visit, fil_visit_kind* kind);
FIL_API void fil_session_answer_visit(fil_session* session, uint64_t visit, fil_status status,
                                      fil_text message);
FIL_API fil_status fil_session_show(fil_session* session, uint64_t visit,
                                    const fil_report_options* options,
                                    const fil_session_facts* facts, fil_error* error);

/* The visitor's end. */
typedef struct fil_visit fil_visit;

/* Finds the session of a process: of a supervisor, or of one that it records. FIL_ERROR_STATE: there
 * is none that may be asked; the message says why. Free with fil_visit_free(). Since 0.1. */
FIL_API fil_status fil_visit_new(fil_visit** visit, int32_t pid, fil_error* error);
FIL_API void fil_visit_free(fil_visit* visit);

/* One question at a time. fil_visit_hear() waits so long for the answer, or until a signal:
 * FIL_ERROR_EMPTY if it has not come; else FIL_OK, with the report's directory in `path`, or a new
 * look; or FIL_ERROR_STATE and the message: the program has ended, it could not be made. Since
 * 0.1. */
FIL_API fil_status fil_visit_ask(fil_visit* visit, fil_visit_kind kind, fil_error* error);
FIL_API fil_status fil_visit_hear(fil_visit* visit, int32_t milliseconds, char* path,
                                  size_t capacity, fil_error* error);

/* What the look heard last says of all processes. */
typedef struct fil_look {
    size_t struct_size;
    int64_t used;        /* now */
    int64_t peak;        /* so far */
    double seconds;      /* since the start */
    double peak_seconds; /* when the peak was */
    uint64_t processes;  /* that run */
    uint64_t ended;      /* that did */
    const fil_sample* samples; /* of all together, since the start; the visit's */
    size_t sample_count;
} fil_look;
#define FIL_LOOK_INIT { sizeof(fil_look), 0, 0, 0, 0, 0, 0, NULL, 0 }

/* Its lists, heaviest first. */
typedef enum fil_look_list FIL_ENUM {
    FIL_LOOK_LINES = 0, /* of the user's */
    FIL_LOOK_PROCESSES = 1,
    FIL_LOOK_CALLSTACKS = 2
} fil_look_list;

typedef struct fil_look_row {
    size_t struct_size;
    int64_t bytes;
    int64_t peak;    /* of a process, its own */
    int32_t pid;     /* likewise */
    fil_text text;   /* "flights.py:11 wide"; a process's name; frames, separated by " > " */
    fil_text source; /* of a line; empty: nobody knows */
} fil_look_row;
#define FIL_LOOK_ROW_INIT { sizeof(fil_look_row), 0, 0, 0, { NULL, 0 }, { NULL, 0 } }

/* Texts belong to the visit, until it hears the next answer; they may hold what a terminal would
 * obey. FIL_ERROR_EMPTY beyond the last row. Since 0.1. */
FIL_API fil_status fil_visit_look(const fil_visit* visit, fil_look* look);
FIL_API fil_status fil_visit_row(const fil_visit* visit, fil_look_list list, size_t number,
                                 fil_look_row* row);

#ifdef __cplusplus
}
#endif

#endif
