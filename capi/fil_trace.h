/* fil_trace.h - traces: every event of a program in a file, to be read or written.
 *
 * UNSTABLE until version 1.0: functions and structs here change from one version to the next.
 *
 * Conventions are those of fil.h. All functions here are cold. fil_session_record_trace() of
 * fil_supervisor.h records one.
 */

/* Laid out by hand, as C programs have it: */
/* clang-format off */
#ifndef FIL_TRACE_H
#define FIL_TRACE_H

#include "fil_snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading --------------------------------------------------------------------------------- */

/* A trace that is there: the events of one of its processes, one by one. */
typedef struct fil_trace fil_trace;

typedef enum fil_trace_operation FIL_ENUM {
    FIL_TRACE_ALLOCATE = 0,
    FIL_TRACE_RELEASE = 1,
    FIL_TRACE_REALLOCATE = 2,
    FIL_TRACE_MAP = 3,
    FIL_TRACE_UNMAP = 4,
    FIL_TRACE_TOUCHED_BLOCK = 7,   /* of a large one that is about to go, or is there at the end: how */
    FIL_TRACE_TOUCHED_MAPPING = 8  /*   many bytes were resident */
} fil_trace_operation;

typedef enum fil_trace_layer FIL_ENUM {
    FIL_TRACE_OF_PROGRAM = 0,      /* from malloc, or mapped */
    FIL_TRACE_RUNTIME_BLOCK = 1,   /* a small object of a runtime's, in */
    FIL_TRACE_RUNTIME_ARENA = 2    /* one of these */
} fil_trace_layer;

typedef struct fil_trace_event {
    size_t struct_size;
    fil_trace_operation operation;
    fil_trace_layer layer;
    fil_mapping_kind kind;     /* of a mapping */
    uint32_t thread;           /* its number from 1 */
    fil_callstack callstack;   /* of what comes */
    uint32_t alignment;        /* log2; 0: any */
    int32_t zeroed;            /* 1: by calloc */
    uint64_t bytes;            /* of what comes, and of mappings */
    uint64_t block;            /* its number from 0, in the order of coming */
    uint64_t moved_to;         /* of REALLOCATE: its number from then on */
    uint64_t address;          /* of a mapping */
    uint64_t milliseconds;     /* since the trace began */
} fil_trace_event;
#define FIL_TRACE_EVENT_INIT                                                                       \
    { sizeof(fil_trace_event), FIL_TRACE_ALLOCATE, FIL_TRACE_OF_PROGRAM, FIL_MAPPING_ANONYMOUS, 0, 0, 0, 0, \
      0, 0, 0, 0, 0 }

/* Of process `pid`; 0: of the one that has most events. FIL_ERROR_SYSTEM: there is no such file;
 * FIL_ERROR_DAMAGED: it is none, or damaged; FIL_ERROR_ARGUMENT: it has no such process. One that was cut
 * is read as far as it is whole. Free with fil_trace_free(). Since 0.1. */
FIL_API fil_status fil_trace_open(fil_trace** trace, fil_text file, int32_t pid, fil_error* error);
FIL_API void fil_trace_free(fil_trace* trace);

/* What a trace says of one of its processes; and what a writer says of it. */
typedef struct fil_trace_about {
    size_t struct_size;
    fil_text command;    /* arguments, separated by zero bytes */
    fil_text executable;
    int32_t pid;
    int32_t parent;      /* pid of who started it; 0: not known */
    int64_t started_ns;  /* CLOCK_REALTIME, when the trace began */
    uint32_t sample;     /* one block in so many is in it; 0, 1: each */
    int32_t is_whole;    /* 0: it was cut. This and the rest are not of a writer's to say */
    uint64_t events;
    uint64_t lost;       /* that happened and are not in it */
} fil_trace_about;
#define FIL_TRACE_ABOUT_INIT \
    { sizeof(fil_trace_about), { NULL, 0 }, { NULL, 0 }, 0, 0, 0, 0, 0, 0, 0 }

/* Texts are the trace's, until it is freed. Since 0.1. */
FIL_API fil_status fil_trace_read(const fil_trace* trace, fil_trace_about* about, fil_error* error);

/* Who a callstack is: its innermost frame, and who called that (FIL_CALLSTACK_UNKNOWN: nobody). Of
 * native code `module`, its build id as `function` and the offset in it as `line`. Texts are the
 * trace's. FIL_ERROR_EMPTY of NONE and UNKNOWN; FIL_ERROR_ARGUMENT: there is no such callstack;
 * FIL_ERROR_CUT_SHORT: the trace was cut, and who is who stood at its end. Since 0.1. */
FIL_API fil_status fil_trace_callstack(fil_trace* trace, fil_callstack callstack, fil_frame* frame,
                                       fil_callstack* caller, fil_error* error);

/* Who held what at a moment of a trace, of the process with most events; `seconds` since it began, below
 * 0: at its peak. As fil_snapshot_open() otherwise. Since 0.1. */
FIL_API fil_status fil_snapshot_of_trace(fil_snapshot** snapshot, fil_text file, double seconds,
                                         fil_error* error);

/* The next event; FIL_ERROR_EMPTY after the last. Since 0.1. */
FIL_API fil_status fil_trace_next(fil_trace* trace, fil_trace_event* event, fil_error* error);

/* What a process of a trace (as of fil_trace_open()) does with memory: sizes, lifetimes, temporary
 * blocks, blocks that another thread frees, reallocations, by the lines of the user's, and over time. HTML,
 * JSON or TEXT; `columns` and `look` are not regarded. Since 0.1. */
FIL_API fil_status fil_trace_study(fil_text file, int32_t pid, const fil_drawing* drawing,
                                   fil_error* error);

/* Bytes of callstacks of that process, added up by lines of the user's, largest first: as TEXT. Since 0.1. */
FIL_API fil_status fil_trace_lines(fil_text file, int32_t pid, const fil_callstack* callstacks,
                                   const uint64_t* bytes, size_t count, const fil_drawing* drawing,
                                   fil_error* error);

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct fil_trace_numbers {
    size_t struct_size;
    uint64_t processes;
    uint64_t events;
    uint64_t lost;  /* events that happened and are not in it */
    uint64_t bytes; /* of the file */
} fil_trace_numbers;
#define FIL_TRACE_NUMBERS_INIT { sizeof(fil_trace_numbers), 0, 0, 0, 0 }

/* A trace of the caller's own: of another runtime, another recorder, a model of a program. All that
 * reads traces reads it. One thread at a time; nothing is sent anywhere and no session is needed. */
typedef struct fil_trace_writer fil_trace_writer;

/* Into a new file (what was there is gone), of one process. `about` may be NULL: this process, now.
 * FIL_ERROR_SYSTEM if it cannot be made. Free with fil_trace_writer_free(). Since 0.1. */
FIL_API fil_status fil_trace_writer_new(fil_trace_writer** writer, fil_text file,
                                        const fil_trace_about* about, fil_error* error);

/* A function, and a callstack (caller, function, line), of this trace alone: the same content gives
 * the same id. Of kinds, names and files as fil_function_intern(). FIL_ERROR_ARGUMENT of a caller or
 * a function that was not told; FIL_ERROR_MEMORY: there are too many. Since 0.1. */
FIL_API fil_status fil_trace_writer_function(fil_function* function, fil_trace_writer* writer,
                                             fil_function_kind kind, fil_text name, fil_text file,
                                             uint32_t first_line, fil_error* error);
FIL_API fil_status fil_trace_writer_callstack(fil_callstack* callstack, fil_trace_writer* writer,
                                              fil_callstack caller, fil_function function,
                                              uint32_t line, fil_error* error);

/* An event, in the order in which they happened. `block` and `moved_to` are whatever names the caller
 * has for its blocks: addresses, or the numbers of a trace that it reads. A name is of one block at a
 * time; REALLOCATE may keep it. The trace counts the blocks, as fil_trace_next() says. A time before
 * that of the event before is that one's. Mappings are whole pages; a block of 128 KiB or more, and
 * a mapping, may have a TOUCHED_... event before it goes.
 *
 * FIL_ERROR_ARGUMENT: it makes no sense (such a block is there already, or is not; there is no such
 * callstack), and is not in the trace, which goes on. FIL_ERROR_SYSTEM: the file could not be written,
 * and ends there; so says each call from then on. Since 0.1. */
FIL_API fil_status fil_trace_writer_add(fil_trace_writer* writer, const fil_trace_event* event,
                                        fil_error* error);

/* Writes the rest, and who is who. `numbers` may be NULL. Then only fil_trace_writer_free() is left,
 * and FIL_ERROR_STATE says so. A trace without this ends early, as if its writer had been killed.
 * Since 0.1. */
FIL_API fil_status fil_trace_writer_finish(fil_trace_writer* writer, fil_trace_numbers* numbers,
                                           fil_error* error);
FIL_API void fil_trace_writer_free(fil_trace_writer* writer);

#ifdef __cplusplus
}
#endif

#endif
