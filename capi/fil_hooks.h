/* fil_hooks.h - what stands in front of the C library's functions and tells the recorder what they
 * did: mappings, threads, processes, sandboxes. fil-profile's preload library is made of this and
 * fil.h.
 *
 * Conventions and safety are those of fil.h. All functions here are hot.
 */

/* Laid out by hand, as C programs have it: */
/* clang-format off */
#ifndef FIL_HOOKS_H
#define FIL_HOOKS_H

#include "fil.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- blocks ---------------------------------------------------------------------------------- */

/* fil_record_alloc() of a block that has 32 bytes at least to itself, at a multiple of 16, as all of
 * the C library's have. One that others' blocks may begin close after is for fil_record_alloc().
 * Since 0.1. */
FIL_API void fil_record_alloc_apart(const void* address, size_t bytes);

/* ---- mappings -------------------------------------------------------------------------------- */

/* A range was mapped; it replaces what was recorded under it. Ranges are whole pages. Hot, takes a
 * lock, as all mapping functions. Since 0.1. */
FIL_API void fil_record_map(const void* address, size_t bytes, fil_mapping_kind kind);

/* mremap that leaves the old mapping: a second one beside what `of` lies in, of the same kind; of
 * `kind` where nothing is known there. Used memory that is shared is counted once, as long as a view
 * of it lives. Since 0.1. */
FIL_API void fil_record_view(const void* of, const void* address, size_t bytes,
                             fil_mapping_kind kind);

/* munmap, mremap and MAP_FIXED: forget the range first, call the real function, then hand the
 * pieces to exactly one of: discard (it worked), restore (it failed), move (mremap; growth is
 * charged to the caller's callstack now). NULL, where nothing was recorded, is fine for all three.
 * Since 0.1. */
typedef struct fil_pieces fil_pieces;
FIL_API fil_pieces* fil_mapping_forget(const void* address, size_t bytes);
FIL_API void fil_mapping_discard(fil_pieces* pieces);
FIL_API void fil_mapping_restore(fil_pieces* pieces);
FIL_API void fil_mapping_move(fil_pieces* pieces, const void* old_address, const void* new_address,
                              size_t new_bytes);

typedef enum fil_access FIL_ENUM {
    FIL_ACCESS_NONE = 0,
    FIL_ACCESS_YES = 1,
    FIL_ACCESS_ARENA = 2
} fil_access;

/* mprotect succeeded: a reserved range that becomes accessible is counted from now on, unless it
 * becomes an arena. Since 0.1. */
FIL_API void fil_record_protect(const void* address, size_t bytes, fil_access access);

/* The mapping around this address is the reserve of an allocator whose blocks are recorded: if it was
 * counted, it is not any more. Since 0.1. */
FIL_API void fil_record_reserve(const void* address);

/* ---- allocators inside ----------------------------------------------------------------------- */

/* An allocator inside the program or a library, whose blocks are recorded as they come and go. Says
 * which bytes it cuts them from (its ground: that is recorded as reserved); so the supervisor knows
 * what of its resident memory is reserve. Numbers are from 3 on; 0: there is no room for more, and
 * is ignored. Since 0.1. */
FIL_API uint32_t fil_allocator_found(fil_text name);
/* The same of one that does not tell of its blocks: its ground is recorded as of anybody, and the
 * report says how much of it was resident. Since 0.1. */
FIL_API uint32_t fil_allocator_untold(fil_text name);
/* The malloc that the hooks stand before, where it is not the C library's: what it maps is not
 * recorded, but known. */
#define FIL_ALLOCATOR_MALLOC 2u

/* The allocator cuts blocks from these bytes from now on; or whoever did does not any more. Since 0.1. */
FIL_API void fil_allocator_ground(uint32_t allocator, const void* address, size_t bytes);
FIL_API void fil_allocator_ground_went(const void* address, size_t bytes);

/* ---- what was asked for ---------------------------------------------------------------------- */

typedef enum fil_request FIL_ENUM {
    FIL_REQUEST_PLAIN = 0,
    FIL_REQUEST_ZEROED = 1,    /* by calloc */
    FIL_REQUEST_ONLY_FREED = 2 /* realloc gave nothing and failed not: what it forgot is gone */
} fil_request;

/* For traces (`fil-profile record`): as what the next blocks of this thread are asked for, and at
 * which alignment (0: any). FIL_REQUEST_PLAIN and 0 again afterwards. Without a trace it does
 * nothing. Since 0.1. */
FIL_API void fil_record_request(fil_request request, size_t alignment);

/* ---- threads --------------------------------------------------------------------------------- */

/* For a thread that this code creates now: fil_callstack_current(), and below it, if the code is a
 * library's and native frames are not captured, whose threads they are. Since 0.1. */
FIL_API fil_callstack fil_callstack_of_new_thread(const void* code);

/* The calling thread's alternate signal stack, if it disarms itself (SS_AUTODISARM) and handlers on
 * it are therefore not told by the kernel that they are; NULL: there is none such. Since 0.1. */
FIL_API void fil_thread_disarming_stack(const void* address, size_t bytes);

/* This thread, whose creator has this thread pointer, has a stack of so many bytes: after
 * fil_thread_inherit(). For whom it works, if a library made it, is then asked of its stack. 0 bytes: the thread
 * ends without the C library. Since 0.1. */
FIL_API void fil_thread_of_library(const void* creator, size_t stack_bytes);

/* This thread is about to wait, for work perhaps, or for what others do: called by the code at
 * `caller`. At any moment. Since 0.1. */
FIL_API void fil_thread_waits(const void* caller);

/* This thread's alternate signal stack, of whichever kind; NULL: it has none. Where a sandbox
 * forbids to ask the kernel, this is the answer. Since 0.1. */
FIL_API void fil_thread_signal_stack(const void* address, size_t bytes);

/* ---- the process ----------------------------------------------------------------------------- */

/* A session without a supervisor: a folder in `directory`, which is made where it is not there, with
 * a file for each process's recording; see docs/design/session.md. `inherited`, a value of FIL_SESSION
 * or NULL: if that is such a session of this machine, and its folder is there, it is the session.
 * Otherwise a new one begins. `session`: the value of FIL_SESSION for this process and those it starts.
 * FIL_ERROR_SYSTEM, and errno, if there can be none; `failed` is where. Before fil_recorder_start().
 * Since 0.1. */
FIL_API fil_status fil_session_begin_in_files(const char* directory, const char* inherited, char* session,
                                              size_t capacity, char* failed, size_t failed_capacity);

/* Takes this process's memory out of the session's live total, for a process about to end or to
 * exec; later events are ignored until fil_recorder_reopen(). Does nothing in a vfork child.
 * Since 0.1. */
FIL_API void fil_recorder_close(void);
FIL_API void fil_recorder_reopen(void);

/* The process is about to limit its address space to so many bytes: what was reserved for the
 * recording beyond a sixteenth of that (and beyond what is used) is given back. Since 0.1. */
FIL_API void fil_recorder_shrink(uint64_t address_space);

/* Around mlockall(): between the two, the unused part of the recording cannot be made resident, and
 * afterwards it is not locked. Since 0.1. */
FIL_API void fil_recorder_fold(void);
FIL_API void fil_recorder_unfold(void);

/* Asks the supervisor for a report of the peak so far and waits, at most so many milliseconds,
 * until the counters are copied: for a signal handler. Without a supervisor it does nothing. Since
 * 0.1. */
FIL_API void fil_recorder_request_report(uint32_t milliseconds);

/* Shared objects were unloaded (after dlclose): native code addresses are judged anew. Takes a
 * lock. Since 0.1. */
FIL_API void fil_modules_unloaded(void);

/* Counts a child that will run unrecorded (static, 32-bit, set-user-id). Since 0.1. */
FIL_API void fil_record_unprofiled_child(void);

/* Counts programs that this process starts with the library and the session in their environment; who
 * does not join is then missed (-1: one did not start after all). Between fork or vfork and exec, too.
 * Since 0.1. */
FIL_API void fil_record_started_program(int change);

/* A child of this process was killed by a signal, and has just been reaped. Returns when what it held
 * has left the session's live total, or soon, if the supervisor does not answer: what this process
 * allocates next is not added to memory that is gone. Since 0.1. */
FIL_API void fil_record_killed_child(int32_t pid);

/* ---- sandboxes ------------------------------------------------------------------------------- */

/* The program is about to install a seccomp filter for itself: so many instructions, as in struct
 * sock_fprog, or NULL for strict mode. From now on the recorder makes no system call that this
 * filter refuses, in this process and those that it forks: it does without what they told it, and a
 * new process that could not join is not recorded. Prepares for that, by calls that are still
 * allowed. Returns what was refused before, for fil_sandbox_restore() if the filter could not be
 * installed. Since 0.1. */
FIL_API uint32_t fil_sandbox_enter(const void* filter, size_t instructions);
FIL_API void fil_sandbox_restore(uint32_t before);

/* Whether system calls of these kinds may be made. Since 0.1. */
#define FIL_CALLS_OF_MAPPED_FILES 2u /* fstat, fstatfs */
#define FIL_CALLS_ALL 16383u
FIL_API int fil_sandbox_allows(uint32_t calls);

/* Counts processes that will run unrecorded because of this one's sandbox (-1: one did not start
 * after all). Since 0.1. */
FIL_API void fil_sandbox_count(int change);

#ifdef __cplusplus
}
#endif

#endif
