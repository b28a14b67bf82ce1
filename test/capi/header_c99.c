/* All headers are C99, and a program in C can start the recorder and tell of its blocks. */
#include "fil.h"
#include "fil_announce.h"
#include "fil_hooks.h"
#include "fil_snapshot.h"
#include "fil_supervisor.h"
#include "fil_trace.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int failures;
#define CHECK(condition) \
    ((condition) ? (void)0 : (void)(++failures, fprintf(stderr, "failed: %s\n", #condition)))

static fil_text text(const char* s) {
    fil_text t = {s, strlen(s)};
    return t;
}

/* Layout is promised on this ABI: a field that moves breaks old programs. */
#define SIZE_IS(type, bytes) typedef char size_of_##type[sizeof(type) == (bytes) ? 1 : -1]
SIZE_IS(fil_text, 16);
SIZE_IS(fil_block, 16);
SIZE_IS(fil_error, 1008);
SIZE_IS(fil_recorder_options, 16);
SIZE_IS(fil_source, 88);
SIZE_IS(fil_session_numbers, 56);
SIZE_IS(fil_process, 136);
SIZE_IS(fil_large_mapping, 24);
SIZE_IS(fil_sample, 32);
SIZE_IS(fil_untouched, 32);
SIZE_IS(fil_report_options, 160);
SIZE_IS(fil_process_moment, 16);
SIZE_IS(fil_sparse, 32);
SIZE_IS(fil_session_facts, 312);
SIZE_IS(fil_snapshot_facts, 192);
SIZE_IS(fil_held_process, 96);
SIZE_IS(fil_frame, 88);
SIZE_IS(fil_call, 32);
SIZE_IS(fil_usage, 32);
SIZE_IS(fil_trace_event, 80);
SIZE_IS(fil_trace_numbers, 40);
SIZE_IS(fil_trace_about, 80);

int main(void) {
    fil_error error = FIL_ERROR_INIT;
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    double block; /* aligned as any block of a real allocator */

    CHECK(strcmp(fil_version(), "0.1.0") == 0);
    CHECK(!fil_recorder_running());
    fil_record_alloc(&block, sizeof block); /* before the start: nothing happens */

    CHECK(fil_recorder_start(NULL, &error) == FIL_ERROR_ARGUMENT);
    options.struct_size = 0;
    CHECK(fil_recorder_start(&options, &error) == FIL_ERROR_STRUCT_SIZE);
    CHECK(error.message[0] != 0);
    {
        /* A newer caller's larger struct works while its unknown tail is zero. */
        struct {
            fil_recorder_options known;
            long newer;
        } larger = {FIL_RECORDER_OPTIONS_INIT, 1};
        larger.known.struct_size = sizeof larger;
        CHECK(fil_recorder_start(&larger.known, &error) == FIL_ERROR_STRUCT_SIZE);
        larger.newer = 0;
        CHECK(fil_recorder_start(&larger.known, &error) == FIL_OK);
    }
    CHECK(fil_recorder_running());
    options.struct_size = sizeof options;
    CHECK(fil_recorder_start(&options, &error) == FIL_ERROR_STATE);

    fil_function f = fil_function_intern(FIL_FUNCTION_ANNOUNCED, text("load"), text("load.x"), 3);
    CHECK(f != 0);
    CHECK(f == fil_function_intern(FIL_FUNCTION_ANNOUNCED, text("load"), text("load.x"), 3));
    fil_callstack outer = fil_callstack_child(FIL_CALLSTACK_UNKNOWN, f, 5);
    fil_callstack inner = fil_callstack_child(outer, f, 6);
    CHECK(outer != inner && outer > FIL_CALLSTACK_UNKNOWN);

    fil_record_alloc_apart(&block, 10);
    CHECK(fil_block_size(&block) == 10);
    fil_record_free(&block);
    fil_record_alloc_at(&block, 1000, inner);
    fil_block forgotten = fil_block_forget(&block);
    CHECK(forgotten.bytes == 1000 && forgotten.callstack == inner);
    CHECK(fil_block_forget(&block).callstack == FIL_CALLSTACK_NONE);
    fil_block_restore(&block, forgotten);
    uint64_t generation = fil_generation();
    CHECK(fil_block_size(&block) == 1000 && fil_block_size((void*)((uintptr_t)&block + 16)) == 0);
    CHECK(fil_block_watch(&block) && fil_block_size(&block) == 1000);
    CHECK(!fil_thread_on_signal_stack());
    CHECK(fil_generation() == generation);
    fil_record_free(&block);
    CHECK(fil_generation() == generation + 1);
    const void* freed = NULL;
    size_t bytes = 0;
    CHECK(fil_generation_cause(generation + 1, &freed, &bytes) == 1);
    CHECK(freed == &block && bytes == 1000);
    CHECK(fil_generation_cause(generation + 2, &freed, &bytes) == 0);

    fil_mapping_discard(NULL);
    fil_mapping_restore(NULL);
    fil_session_free(NULL);
    fil_trace_free(NULL);
    fil_trace_writer_free(NULL);
    return failures != 0;
}
