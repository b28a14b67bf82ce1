/* A trace that a program writes of its own is read as it was told, and what makes no sense is
 * refused. */
#include "fil_trace.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int failures;
#define CHECK(condition) \
    ((condition) ? (void)0 : (void)(++failures, fprintf(stderr, "%d: %s\n", __LINE__, #condition)))

static fil_text text(const char* s) {
    fil_text t = {s, strlen(s)};
    return t;
}

static fil_trace_event event_of(fil_trace_operation what, uint64_t block, uint64_t bytes) {
    fil_trace_event event = FIL_TRACE_EVENT_INIT;
    event.operation = what;
    event.block = block;
    event.bytes = bytes;
    event.thread = 1;
    return event;
}

static fil_status add(fil_trace_writer* writer, fil_trace_event event) {
    return fil_trace_writer_add(writer, &event, NULL);
}

/* By addresses, two threads, each operation, callstacks, a mapping that goes in parts. */
static fil_callstack tell(fil_trace_writer* writer) {
    fil_function load = 0, same = 0, decode = 0;
    fil_callstack outer = 0, inner = 0, again = 0;
    fil_trace_event event;
    CHECK(fil_trace_writer_function(&load, writer, FIL_FUNCTION_ANNOUNCED, text("load"),
                                    text("/game/level.x"), 3, NULL) == FIL_OK);
    CHECK(fil_trace_writer_function(&same, writer, FIL_FUNCTION_ANNOUNCED, text("load"),
                                    text("/game/level.x"), 3, NULL) == FIL_OK);
    CHECK(fil_trace_writer_function(&decode, writer, FIL_FUNCTION_ANNOUNCED, text("decode"),
                                    text("/game/image.x"), 9, NULL) == FIL_OK);
    CHECK(load == same && load != decode);
    CHECK(fil_trace_writer_callstack(&outer, writer, FIL_CALLSTACK_UNKNOWN, load, 5, NULL) ==
          FIL_OK);
    CHECK(fil_trace_writer_callstack(&inner, writer, outer, decode, 12, NULL) == FIL_OK);
    CHECK(fil_trace_writer_callstack(&again, writer, outer, decode, 12, NULL) == FIL_OK);
    CHECK(inner == again && inner != outer);

    event = event_of(FIL_TRACE_ALLOCATE, 0x7000, 100);
    event.callstack = inner;
    event.alignment = 6;
    event.milliseconds = 2;
    CHECK(add(writer, event) == FIL_OK);
    event = event_of(FIL_TRACE_ALLOCATE, 0x8000, 1 << 20);
    event.callstack = outer;
    event.zeroed = 1;
    event.thread = 2;
    event.milliseconds = 2;
    CHECK(add(writer, event) == FIL_OK);
    event = event_of(FIL_TRACE_REALLOCATE, 0x7000, 50);
    event.moved_to = 0x7000; /* in place */
    event.callstack = outer;
    event.milliseconds = 700;
    CHECK(add(writer, event) == FIL_OK);
    event = event_of(FIL_TRACE_TOUCHED_BLOCK, 0x8000, 4096);
    event.milliseconds = 700;
    CHECK(add(writer, event) == FIL_OK);
    event.operation = FIL_TRACE_RELEASE;
    event.bytes = 0;
    CHECK(add(writer, event) == FIL_OK);
    event = event_of(FIL_TRACE_MAP, 0, 1 << 16);
    event.address = 0x10000;
    event.layer = FIL_TRACE_RUNTIME_ARENA;
    event.callstack = inner;
    event.milliseconds = 701;
    CHECK(add(writer, event) == FIL_OK);
    event = event_of(FIL_TRACE_ALLOCATE, 0x8000, 32); /* the name is free again */
    event.layer = FIL_TRACE_RUNTIME_BLOCK;
    event.callstack = inner;
    event.milliseconds = 701;
    CHECK(add(writer, event) == FIL_OK);
    event = event_of(FIL_TRACE_UNMAP, 0, 4096);
    event.address = 0x11000;
    event.milliseconds = 701;
    CHECK(add(writer, event) == FIL_OK);
    return inner;
}

static fil_trace* opened(const char* path) {
    fil_trace* trace = NULL;
    fil_error error = FIL_ERROR_INIT;
    if (fil_trace_open(&trace, text(path), 0, &error) != FIL_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return trace;
}

/* What is read of a trace, written again, is read the same. Returns how many events. */
static unsigned check_round_trip(const char* path, const char* copy) {
    unsigned count = 0;
    fil_trace* from = opened(path);
    fil_trace_about about = FIL_TRACE_ABOUT_INIT, then = FIL_TRACE_ABOUT_INIT;
    fil_trace_event event = FIL_TRACE_EVENT_INIT, other = FIL_TRACE_EVENT_INIT;
    fil_trace_writer* to = NULL;
    fil_callstack known = 1;
    CHECK(fil_trace_read(from, &about, NULL) == FIL_OK);
    CHECK(fil_trace_writer_new(&to, text(copy), &about, NULL) == FIL_OK);
    for (;;) { /* ids are counted: all that are there, in their order */
        fil_frame frame = FIL_FRAME_INIT;
        fil_function function = 0;
        fil_callstack caller = 0, made = 0;
        if (fil_trace_callstack(from, ++known, &frame, &caller, NULL) != FIL_OK) break;
        CHECK(fil_trace_writer_function(&function, to, (fil_function_kind)frame.kind,
                                        frame.function, frame.file, frame.first_line,
                                        NULL) == FIL_OK);
        CHECK(fil_trace_writer_callstack(&made, to, caller, function, frame.line, NULL) == FIL_OK);
        CHECK(made == known);
    }
    while (fil_trace_next(from, &event, NULL) == FIL_OK) CHECK(add(to, event) == FIL_OK);
    CHECK(fil_trace_writer_finish(to, NULL, NULL) == FIL_OK);
    fil_trace_writer_free(to);
    fil_trace_free(from);

    from = opened(path);
    fil_trace* again = opened(copy);
    CHECK(fil_trace_read(from, &about, NULL) == FIL_OK);
    CHECK(fil_trace_read(again, &then, NULL) == FIL_OK);
    CHECK(about.pid == then.pid && about.parent == then.parent && about.events == then.events);
    CHECK(about.started_ns == then.started_ns && about.sample == then.sample && then.is_whole);
    CHECK(about.command.length == then.command.length &&
          memcmp(about.command.data, then.command.data, then.command.length) == 0);
    for (; fil_trace_next(from, &event, NULL) == FIL_OK; ++count) {
        CHECK(fil_trace_next(again, &other, NULL) == FIL_OK);
        CHECK(memcmp(&event, &other, sizeof event) == 0);
    }
    CHECK(fil_trace_next(again, &other, NULL) == FIL_ERROR_EMPTY);
    fil_trace_free(from);
    fil_trace_free(again);
    return count;
}

static int text_is(fil_text found, const char* wanted) {
    return found.length == strlen(wanted) && memcmp(found.data, wanted, found.length) == 0;
}

static void what_was_told_is_read(void) {
    fil_trace_writer* writer = NULL;
    fil_trace_about about = FIL_TRACE_ABOUT_INIT;
    fil_trace_numbers numbers = FIL_TRACE_NUMBERS_INIT;
    fil_error error = FIL_ERROR_INIT;
    fil_frame frame = FIL_FRAME_INIT;
    fil_callstack inner, caller = 0;
    fil_trace* trace;
    about.command.data = "game\0--fast";
    about.command.length = 11;
    about.pid = 77;
    about.started_ns = 1234567890;
    CHECK(fil_trace_writer_new(&writer, text("told.filtrace"), &about, &error) == FIL_OK);
    inner = tell(writer);
    CHECK(fil_trace_writer_finish(writer, &numbers, &error) == FIL_OK);
    CHECK(numbers.events == 8 && numbers.processes == 1 && numbers.bytes > 100);
    CHECK(fil_trace_writer_finish(writer, NULL, &error) == FIL_ERROR_STATE);
    CHECK(add(writer, event_of(FIL_TRACE_ALLOCATE, 1, 1)) == FIL_ERROR_STATE);
    fil_trace_writer_free(writer);

    trace = opened("told.filtrace");
    CHECK(fil_trace_read(trace, &about, NULL) == FIL_OK);
    CHECK(about.pid == 77 && about.events == 8 && about.is_whole && about.command.length == 12);
    CHECK(fil_trace_callstack(trace, inner, &frame, &caller, NULL) == FIL_OK);
    CHECK(text_is(frame.function, "decode") && text_is(frame.file, "/game/image.x"));
    CHECK(frame.line == 12 && frame.first_line == 9);
    CHECK(fil_trace_callstack(trace, caller, &frame, &caller, NULL) == FIL_OK);
    CHECK(text_is(frame.function, "load") && caller == FIL_CALLSTACK_UNKNOWN);
    CHECK(fil_trace_callstack(trace, caller, &frame, NULL, NULL) == FIL_ERROR_EMPTY);
    CHECK(fil_trace_callstack(trace, 99, &frame, NULL, NULL) == FIL_ERROR_ARGUMENT);
    {
        /* Operation, block, moved_to, bytes, callstack, thread, milliseconds. */
        const uint64_t wanted[8][7] = {{FIL_TRACE_ALLOCATE, 0, 0, 100, inner, 1, 2},
                                       {FIL_TRACE_ALLOCATE, 1, 1, 1 << 20, inner - 1, 2, 2},
                                       {FIL_TRACE_REALLOCATE, 0, 2, 50, inner - 1, 1, 700},
                                       {FIL_TRACE_TOUCHED_BLOCK, 1, 0, 4096, 0, 1, 700},
                                       {FIL_TRACE_RELEASE, 1, 0, 0, 0, 1, 700},
                                       {FIL_TRACE_MAP, 0, 0, 1 << 16, inner, 1, 701},
                                       {FIL_TRACE_ALLOCATE, 3, 3, 32, inner, 1, 701},
                                       {FIL_TRACE_UNMAP, 0, 0, 4096, 0, 1, 701}};
        size_t i;
        for (i = 0; i < 8; ++i) {
            fil_trace_event one = FIL_TRACE_EVENT_INIT;
            CHECK(fil_trace_next(trace, &one, &error) == FIL_OK);
            const uint64_t found[7] = {one.operation, one.block,  one.moved_to,    one.bytes,
                                       one.callstack, one.thread, one.milliseconds};
            CHECK(memcmp(found, wanted[i], sizeof found) == 0);
            CHECK(one.alignment == (i == 0 ? 6 : 0) && one.zeroed == (i == 1));
            CHECK(one.layer == (i == 5   ? FIL_TRACE_RUNTIME_ARENA
                                : i == 6 ? FIL_TRACE_RUNTIME_BLOCK
                                         : FIL_TRACE_OF_PROGRAM));
        }
    }
    fil_trace_free(trace);
    CHECK(check_round_trip("told.filtrace", "copy.filtrace") == 8);
}

static void a_moment_of_it_is_drawn(void) {
    fil_snapshot* snapshot = NULL;
    fil_usage usage = FIL_USAGE_INIT;
    CHECK(fil_snapshot_of_trace(&snapshot, text("told.filtrace"), 0.5, NULL) == FIL_OK);
    CHECK(fil_snapshot_usage(snapshot, FIL_MAPPING_ANONYMOUS, 0, &usage) == FIL_OK);
    CHECK(usage.bytes == 1 << 20);
    fil_snapshot_free(snapshot);
}

static void more_than_a_block_of_events_and_of_callstacks(void) {
    fil_trace_writer* writer = NULL;
    fil_function function = 0;
    fil_callstack callstack = FIL_CALLSTACK_UNKNOWN;
    uint64_t i;
    CHECK(fil_trace_writer_new(&writer, text("many.filtrace"), NULL, NULL) == FIL_OK);
    for (i = 0; i < 100000; ++i) {
        char name[32];
        fil_trace_event event = event_of(FIL_TRACE_ALLOCATE, i, i % 3000);
        snprintf(name, sizeof name, "function %u", (unsigned)(i % 3000));
        CHECK(fil_trace_writer_function(&function, writer, FIL_FUNCTION_FIRST_OTHER, text(name),
                                        text("/x"), 1, NULL) == FIL_OK);
        CHECK(fil_trace_writer_callstack(&callstack, writer, i % 20 ? callstack : 1, function, 1,
                                         NULL) == FIL_OK);
        event.callstack = callstack;
        CHECK(add(writer, event) == FIL_OK);
        if (i >= 1000) CHECK(add(writer, event_of(FIL_TRACE_RELEASE, i - 1000, 0)) == FIL_OK);
    }
    CHECK(fil_trace_writer_finish(writer, NULL, NULL) == FIL_OK);
    fil_trace_writer_free(writer);
    CHECK(check_round_trip("many.filtrace", "copy.filtrace") == 199000);
}

static void what_makes_no_sense_is_refused_and_left_out(void) {
    fil_trace_writer* writer = NULL;
    fil_trace_numbers numbers = FIL_TRACE_NUMBERS_INIT;
    fil_error error = FIL_ERROR_INIT;
    fil_trace_event event;
    fil_function function = 0;
    fil_callstack callstack = 0;
    CHECK(fil_trace_writer_new(&writer, text("/nowhere/x"), NULL, &error) == FIL_ERROR_SYSTEM);
    CHECK(strstr(error.message, "/nowhere/x") != NULL);
    CHECK(fil_trace_writer_new(&writer, text("refused.filtrace"), NULL, NULL) == FIL_OK);
    CHECK(fil_trace_writer_add(writer, NULL, &error) == FIL_ERROR_ARGUMENT);
    CHECK(add(NULL, event_of(FIL_TRACE_ALLOCATE, 1, 1)) == FIL_ERROR_ARGUMENT);
    CHECK(fil_trace_writer_callstack(&callstack, writer, 9, 1, 1, NULL) == FIL_ERROR_ARGUMENT);
    CHECK(fil_trace_writer_callstack(&callstack, writer, 1, 1, 1, NULL) == FIL_ERROR_ARGUMENT);
    CHECK(fil_trace_writer_function(&function, writer, FIL_FUNCTION_ANNOUNCED, text("f"), text(""),
                                    0, NULL) == FIL_OK);

    CHECK(add(writer, event_of(FIL_TRACE_ALLOCATE, 1, 10)) == FIL_OK);
    event = event_of(FIL_TRACE_ALLOCATE, 1, 20);
    CHECK(fil_trace_writer_add(writer, &event, &error) == FIL_ERROR_ARGUMENT);
    CHECK(strcmp(error.message, "event: a block of that name is there") == 0);
    event = event_of(FIL_TRACE_RELEASE, 2, 0);
    CHECK(fil_trace_writer_add(writer, &event, &error) == FIL_ERROR_ARGUMENT);
    CHECK(strcmp(error.message, "event: there is no block of that name") == 0);
    CHECK(add(writer, event_of(FIL_TRACE_TOUCHED_BLOCK, 2, 0)) == FIL_ERROR_ARGUMENT);
    CHECK(add(writer, event_of(FIL_TRACE_ALLOCATE, 3, UINT64_MAX)) == FIL_ERROR_ARGUMENT);
    CHECK(add(writer, event_of((fil_trace_operation)5, 3, 1)) == FIL_ERROR_ARGUMENT);
    CHECK(add(writer, event_of((fil_trace_operation)-1, 3, 1)) == FIL_ERROR_ARGUMENT);
    CHECK(add(writer, event_of(FIL_TRACE_MAP, 0, 100)) == FIL_ERROR_ARGUMENT);
    event = event_of(FIL_TRACE_ALLOCATE, 3, 1);
    event.callstack = 77;
    CHECK(add(writer, event) == FIL_ERROR_ARGUMENT);
    event.callstack = 0;
    event.alignment = 64;
    CHECK(add(writer, event) == FIL_ERROR_ARGUMENT);
    event.alignment = 0;
    event.struct_size = 0;
    CHECK(add(writer, event) == FIL_ERROR_STRUCT_SIZE);
    /* A realloc onto another block that is there changes nothing. */
    CHECK(add(writer, event_of(FIL_TRACE_ALLOCATE, 4, 10)) == FIL_OK);
    event = event_of(FIL_TRACE_REALLOCATE, 1, 30);
    event.moved_to = 4;
    CHECK(add(writer, event) == FIL_ERROR_ARGUMENT);
    CHECK(add(writer, event_of(FIL_TRACE_RELEASE, 1, 0)) == FIL_OK);
    CHECK(fil_trace_writer_finish(writer, &numbers, NULL) == FIL_OK);
    CHECK(numbers.events == 3);
    fil_trace_writer_free(writer);
    CHECK(check_round_trip("refused.filtrace", "copy.filtrace") == 3);
}

static void one_that_is_not_finished_is_read_as_far_as_it_is_written(void) {
    fil_trace_writer* writer = NULL;
    fil_trace_about about = FIL_TRACE_ABOUT_INIT;
    fil_frame frame = FIL_FRAME_INIT;
    fil_trace* trace;
    uint64_t i;
    CHECK(fil_trace_writer_new(&writer, text("cut.filtrace"), NULL, NULL) == FIL_OK);
    for (i = 0; i < 70000; ++i) CHECK(add(writer, event_of(FIL_TRACE_ALLOCATE, i, 8)) == FIL_OK);
    fil_trace_writer_free(writer);
    trace = opened("cut.filtrace");
    CHECK(fil_trace_read(trace, &about, NULL) == FIL_OK);
    CHECK(about.events == 65536 && !about.is_whole && about.pid == (int32_t)getpid());
    CHECK(fil_trace_callstack(trace, 2, &frame, NULL, NULL) == FIL_ERROR_CUT_SHORT);
    fil_trace_free(trace);
}

/* As on a disk that is full: nothing comes after the gap, and each call says why. */
static void where_the_file_is_full_the_trace_ends(void) {
    const struct rlimit small = {4096, 4096};
    fil_trace_writer* writer = NULL;
    fil_error error = FIL_ERROR_INIT;
    fil_trace_event event;
    fil_status status = FIL_OK;
    uint64_t i;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(fil_trace_writer_new(&writer, text("full.filtrace"), NULL, NULL) == FIL_OK);
    setrlimit(RLIMIT_FSIZE, &small);
    for (i = 0; i < 1000000 && status == FIL_OK; ++i) {
        event = event_of(FIL_TRACE_ALLOCATE, i, i * 7919 % 100003);
        status = fil_trace_writer_add(writer, &event, &error);
    }
    CHECK(status == FIL_ERROR_SYSTEM && strstr(error.message, "full.filtrace") != NULL);
    CHECK(fil_trace_writer_add(writer, &event, &error) == FIL_ERROR_SYSTEM);
    CHECK(strncmp(error.message, "the trace has ended: full.filtrace", 34) == 0);
    CHECK(fil_trace_writer_finish(writer, NULL, &error) == FIL_ERROR_SYSTEM);
    fil_trace_writer_free(writer);
    fil_trace_free(opened("full.filtrace"));
}

int main(void) {
    char folder[] = "/tmp/fil-trace-writer-XXXXXX";
    const char* const files[] = {"told", "copy", "many", "refused", "cut", "full"};
    size_t i;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) return 1;
    what_was_told_is_read();
    a_moment_of_it_is_drawn();
    more_than_a_block_of_events_and_of_callstacks();
    what_makes_no_sense_is_refused_and_left_out();
    one_that_is_not_finished_is_read_as_far_as_it_is_written();
    where_the_file_is_full_the_trace_ends();
    for (i = 0; i < sizeof files / sizeof *files; ++i) {
        char name[64];
        snprintf(name, sizeof name, "%s.filtrace", files[i]);
        remove(name);
    }
    return rmdir(folder) != 0 || failures != 0;
}
