/* fil_snapshot.h - what was recorded, to be read: who held what at the peak, and its reports.
 *
 * Conventions are those of fil.h. All functions here are cold. libfil_snapshot.so of the Python
 * package has those that read.
 */

/* Laid out by hand, as C programs have it: */
/* clang-format off */
#ifndef FIL_SNAPSHOT_H
#define FIL_SNAPSHOT_H

#include "fil.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A snapshot: who held what at the peak, in words, of all processes that were recorded together, and
 * the facts beside it. It is all that reports are drawn from, and it can be kept in a file. Once
 * opened it never changes: any number of threads may read it at once. Texts that it hands out are
 * its own, until it is freed. */
typedef struct fil_snapshot fil_snapshot;

/* Opens what is at that path: a snapshot file, a report's folder, a recording that a process left
 * (its native code gets names from files on this machine), or a folder of these. What several
 * paths hold is added up, each file once, each process staying itself; their peaks were at times of
 * their own. What of source code is shown is read when a report is drawn, if it is still the same.
 *
 * FIL_ERROR_SYSTEM: nothing is there, or it cannot be read; FIL_ERROR_EMPTY: a folder holds nothing
 * of the kind; FIL_ERROR_OTHER_FILE, FIL_ERROR_VERSION, FIL_ERROR_CUT_SHORT, FIL_ERROR_DAMAGED: the
 * message names the file. What hostile hands wrote is refused, or read as what it says; content is
 * at most 512 MiB. Free with fil_snapshot_free(). Since 0.1. */
FIL_API fil_status fil_snapshot_open(fil_snapshot** snapshot, const fil_text* paths, size_t count,
                                     fil_error* error);

/* What the recorder of this process has recorded, as fil_recording_report() would draw it with these
 * options. Since 0.1. */
FIL_API fil_status fil_snapshot_of_process(fil_snapshot** snapshot, const fil_report_options* options,
                                           fil_error* error);

/* The sum of several, which stay what they are. Since 0.1. */
FIL_API fil_status fil_snapshot_merge(fil_snapshot** snapshot, const fil_snapshot* const* parts,
                                      size_t count, fil_error* error);
FIL_API void fil_snapshot_free(fil_snapshot* snapshot);

/* Writes it into a new file, mode 0600, which fil_snapshot_open() reads anywhere. Since 0.1. */
FIL_API fil_status fil_snapshot_write(const fil_snapshot* snapshot, fil_text file, fil_error* error);

/* Draws its report, as fil_recording_report() does. Of the options count where it goes and what is
 * wanted of it: directory, directory_is_exact, peak, answer, snapshot. Since 0.1. */
FIL_API fil_status fil_snapshot_report(const fil_snapshot* snapshot, const fil_report_options* options,
                                       char* path, size_t capacity, fil_error* error);

typedef enum fil_format FIL_ENUM {
    FIL_FORMAT_HTML = 1,   /* the page alone, which needs no other file */
    FIL_FORMAT_SVG = 2,    /* the graph, callers first */
    FIL_FORMAT_FOLDED = 3, /* one callstack a line, for other tools */
    FIL_FORMAT_JSON = 4,   /* everything, for programs (docs/schema/report-1.json) */
    FIL_FORMAT_TEXT = 5    /* a table for a terminal or a log */
} fil_format;

/* A report as one text of that format, handed over in parts. */
typedef struct fil_drawing {
    size_t struct_size;
    fil_format format;
    uint32_t columns; /* text: that a line may take; 0: 80 */
    uint32_t look;    /* text: fil_answer_look, added up */
    int (*write)(void* to, const char* data, size_t length); /* not 0: no more is taken */
    void* to;         /* what `write` is called with */
} fil_drawing;
#define FIL_DRAWING_INIT { sizeof(fil_drawing), FIL_FORMAT_JSON, 0, 0, NULL, NULL }

/* FIL_ERROR_SYSTEM if `write` took no more. A large JSON is not in memory as a whole. Since 0.1. */
FIL_API fil_status fil_snapshot_draw(const fil_snapshot* snapshot, const fil_drawing* drawing,
                                     fil_error* error);

/* Zeros, and empty texts, mean "not known". */
typedef struct fil_snapshot_facts {
    size_t struct_size;
    fil_text version; /* of the library that made it */
    fil_text command; /* arguments as the user typed them, separated by zero bytes */
    fil_text title;   /* of a part of a program, or of several programs */
    fil_text runtime; /* "CPython 3.12.1" */
    fil_text host;    /* the machine's name */
    int64_t peak;     /* of all processes together: the sum of used memory of all callstacks */
    int64_t request; /* beside that: what was asked for when memory ran out, and not there */
    int32_t moment; /* what is in it: 0, what was in use at the peak; 1, when memory ran out; 2, when it
                     * was asked for (fil_moment) */
    int32_t ending_value;
    fil_ending ending;
    uint32_t others;      /* processes that held nothing then */
    int64_t others_most;  /*   and the highest peak of any of these */
    int64_t started;      /* seconds since 1970 */
    int64_t made;         /* likewise */
    double seconds;       /* how long the program ran */
    double peak_seconds;  /* when the peak was, since the start */
    size_t processes;     /* how many of each there are: */
    size_t frames;
    size_t callstacks;
    size_t notes;
} fil_snapshot_facts;
#define FIL_SNAPSHOT_FACTS_INIT                                                                     \
    { sizeof(fil_snapshot_facts), { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, 0, 0, \
      0, 0, FIL_ENDING_RUNNING, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
/* FIL_ERROR_ARGUMENT for a `facts` of no known size. Since 0.1. */
FIL_API fil_status fil_snapshot_read(const fil_snapshot* snapshot, fil_snapshot_facts* facts);

/* A sentence that needs saying before anything else. This and the following are asked for by number
 * from 0; FIL_ERROR_ARGUMENT beyond the last. Since 0.1. */
FIL_API fil_status fil_snapshot_note(const fil_snapshot* snapshot, size_t number, fil_text* note);

/* A process that held something, heaviest first. Since 0.1. */
typedef struct fil_held_process {
    size_t struct_size;
    int32_t pid;
    fil_text name;       /* short: "python worker.py --fast" */
    int64_t bytes;       /* at the peak of all */
    int64_t peak;        /* its own */
    double peak_seconds; /* when that was; -1: not known */
    fil_text equals;     /* what it and others are called together: "workers of train.py" */
    fil_text note;
    int32_t parent;      /* pid of who started it; 0: not known */
} fil_held_process;
#define FIL_HELD_PROCESS_INIT \
    { sizeof(fil_held_process), 0, { NULL, 0 }, 0, 0, 0, { NULL, 0 }, { NULL, 0 }, 0 }
FIL_API fil_status fil_snapshot_process(const fil_snapshot* snapshot, size_t number,
                                        fil_held_process* process);

/* A function at a line. Since 0.1. */
typedef struct fil_frame {
    size_t struct_size;
    uint32_t kind;       /* fil_function_kind; FIL_FRAME_... of what stands for no frame */
    uint32_t line;       /* 0: not known */
    uint32_t first_line; /* of the function; of FIL_FRAME_COMPILING the kind of what compiles */
    fil_text function;
    fil_text file;      /* as the program had it */
    fil_text directory; /*   and the working directory then, if that is not absolute */
    fil_text module;    /* of native code: the program or library that it is in */
} fil_frame;
#define FIL_FRAME_INIT \
    { sizeof(fil_frame), 0, 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } }
enum {
    FIL_FRAME_THREADS = 3,     /* threads that a library, `module`, started */
    FIL_FRAME_PROCESS = 253,   /* all below it belongs to that process, where there are several */
    FIL_FRAME_PLACEHOLDER = 254, /* only `function` is text: "[No Python stack]" */
    FIL_FRAME_COMPILING = 255  /* likewise: "compiling flights.py" */
};
FIL_API fil_status fil_snapshot_frame(const fil_snapshot* snapshot, size_t number, fil_frame* frame);

/* A node of the call tree: number 0 is the empty callstack; of others the caller's number is smaller.
 * Since 0.1. */
typedef struct fil_call {
    size_t struct_size;
    size_t caller;  /* another callstack */
    size_t frame;   /* that it called */
    size_t process; /* whose it is, as of fil_snapshot_process(); SIZE_MAX: of none that is listed */
} fil_call;
#define FIL_CALL_INIT { sizeof(fil_call), 0, 0, 0 }
FIL_API fil_status fil_snapshot_callstack(const fil_snapshot* snapshot, size_t number, fil_call* call);

/* What a callstack allocated itself, without those it called. Since 0.1. */
typedef struct fil_usage {
    size_t struct_size;
    size_t callstack;
    int64_t bytes;
    uint64_t allocations; /* so far, not only of what is there */
} fil_usage;
#define FIL_USAGE_INIT { sizeof(fil_usage), 0, 0, 0 }

/* Used memory, which is in the peak, is of FIL_MAPPING_ANONYMOUS; other kinds have numbers of their
 * own. A callstack has at most one of each kind. Since 0.1. */
FIL_API fil_status fil_snapshot_usage(const fil_snapshot* snapshot, fil_mapping_kind kind, size_t number,
                                      fil_usage* usage);

#ifdef __cplusplus
}
#endif

#endif
