/* A program in C reads what it recorded: from itself, from a file, and both together. */
#include "fil_snapshot.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failures;
#define CHECK(condition) \
    ((condition) ? (void)0 : (void)(++failures, fprintf(stderr, "failed: %s\n", #condition)))

static fil_text text(const char* s) {
    fil_text t = {s, strlen(s)};
    return t;
}

static int is(fil_text t, const char* s) {
    return t.length == strlen(s) && memcmp(t.data, s, t.length) == 0;
}

/* Bytes in use of one kind, and that each entry's callstack leads to the empty one. */
static int64_t sum_of(const fil_snapshot* snapshot, fil_mapping_kind kind) {
    int64_t sum = 0;
    fil_usage usage = FIL_USAGE_INIT;
    for (size_t i = 0; fil_snapshot_usage(snapshot, kind, i, &usage) == FIL_OK; ++i) {
        fil_call call = FIL_CALL_INIT;
        sum += usage.bytes;
        for (size_t at = usage.callstack; at != 0; at = call.caller) {
            CHECK(fil_snapshot_callstack(snapshot, at, &call) == FIL_OK);
            CHECK(call.caller < at);
        }
    }
    return sum;
}

static fil_status open_one(fil_snapshot** snapshot, const char* path, fil_error* error) {
    fil_text paths[1];
    paths[0] = text(path);
    return fil_snapshot_open(snapshot, paths, 1, error);
}

static void write_bytes(const char* path, const char* bytes, size_t length) {
    FILE* file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static void check_small(const fil_snapshot* snapshot) {
    fil_snapshot_facts facts = FIL_SNAPSHOT_FACTS_INIT;
    fil_held_process process = FIL_HELD_PROCESS_INIT;
    fil_usage usage = FIL_USAGE_INIT;
    fil_call call = FIL_CALL_INIT;
    fil_frame frame = FIL_FRAME_INIT;
    fil_text note;
    CHECK(fil_snapshot_read(snapshot, &facts) == FIL_OK);
    CHECK(facts.peak == 3000 && facts.processes == 1 && facts.callstacks > 2);
    CHECK(is(facts.version, fil_version()) && facts.made > 0 && facts.host.length > 0);
    CHECK(facts.command.length == 10 && memcmp(facts.command.data, "game\0level", 10) == 0);
    CHECK(sum_of(snapshot, FIL_MAPPING_ANONYMOUS) == 3000);
    CHECK(sum_of(snapshot, FIL_MAPPING_FILE) == 0);
    CHECK(fil_snapshot_process(snapshot, 0, &process) == FIL_OK);
    CHECK(process.pid == (int32_t)getpid() && process.bytes == 3000 &&
          is(process.name, "game level"));
    CHECK(fil_snapshot_process(snapshot, 1, &process) == FIL_ERROR_ARGUMENT);
    CHECK(fil_snapshot_usage(snapshot, FIL_MAPPING_ANONYMOUS, 0, &usage) == FIL_OK);
    CHECK(fil_snapshot_callstack(snapshot, usage.callstack, &call) == FIL_OK && call.process == 0);
    CHECK(fil_snapshot_frame(snapshot, call.frame, &frame) == FIL_OK);
    CHECK(is(frame.function, "load") && is(frame.file, "/game/level.x") && frame.first_line == 3);
    CHECK(frame.kind == FIL_FUNCTION_ANNOUNCED && frame.line == 6);
    CHECK(fil_snapshot_frame(snapshot, facts.frames, &frame) == FIL_ERROR_ARGUMENT);
    CHECK(fil_snapshot_callstack(snapshot, facts.callstacks, &call) == FIL_ERROR_ARGUMENT);
    CHECK(fil_snapshot_usage(snapshot, (fil_mapping_kind)99, 0, &usage) == FIL_ERROR_ARGUMENT);
    CHECK(fil_snapshot_note(snapshot, facts.notes, &note) == FIL_ERROR_ARGUMENT);
    frame.struct_size = 0;
    CHECK(fil_snapshot_frame(snapshot, 0, &frame) == FIL_ERROR_STRUCT_SIZE);
}

int main(void) {
    static char block[3000], bytes[1 << 20];
    char folder[] = "/tmp/fil-snapshot-XXXXXX", file[64], other[64], empty[64], drawn[4096];
    fil_error error = FIL_ERROR_INIT;
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    fil_report_options report = FIL_REPORT_OPTIONS_INIT;
    fil_snapshot *here = NULL, *kept = NULL, *both = NULL;
    const fil_snapshot* parts[2];
    fil_snapshot_facts facts = FIL_SNAPSHOT_FACTS_INIT;
    fil_function f;
    fil_callstack at;
    FILE* in;
    size_t length;

    CHECK(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/kept", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(empty, sizeof empty, "%s/empty", folder);
    report.command.data = "game\0level";
    report.command.length = 10;
    CHECK(fil_snapshot_of_process(&here, &report, &error) == FIL_ERROR_STATE && here == NULL);
    CHECK(fil_recorder_start(&options, &error) == FIL_OK);
    f = fil_function_intern(FIL_FUNCTION_ANNOUNCED, text("load"), text("/game/level.x"), 3);
    at = fil_callstack_child(fil_callstack_child(FIL_CALLSTACK_UNKNOWN, f, 5), f, 6);
    fil_record_alloc_at(block, sizeof block, at);

    CHECK(fil_snapshot_of_process(&here, &report, &error) == FIL_OK);
    check_small(here);
    CHECK(fil_snapshot_write(here, text(file), &error) == FIL_OK);
    CHECK(fil_snapshot_write(here, text(file), &error) == FIL_ERROR_SYSTEM); /* it is there */
    CHECK(open_one(&kept, file, &error) == FIL_OK);
    check_small(kept);

    parts[0] = here;
    parts[1] = kept;
    CHECK(fil_snapshot_merge(&both, parts, 2, &error) == FIL_OK);
    CHECK(fil_snapshot_read(both, &facts) == FIL_OK && facts.peak == 6000 && facts.processes == 2);
    CHECK(is(facts.title, "2 \xC3\x97 game") && facts.notes == 1);
    CHECK(sum_of(both, FIL_MAPPING_ANONYMOUS) == 6000);
    fil_snapshot_free(here); /* the sum needs neither */
    report.directory = text(folder);
    CHECK(fil_snapshot_report(both, &report, drawn, sizeof drawn, &error) == FIL_OK);
    CHECK(strncmp(drawn, folder, strlen(folder)) == 0);
    fil_snapshot_free(both);
    CHECK(open_one(&both, drawn, &error) == FIL_OK); /* a report's folder */
    CHECK(sum_of(both, FIL_MAPPING_ANONYMOUS) == 6000);
    fil_snapshot_free(both);
    fil_snapshot_free(kept);
    fil_snapshot_free(NULL);

    in = fopen(file, "rb");
    CHECK(in != NULL);
    length = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    both = NULL;
    write_bytes(other, bytes, length / 2);
    CHECK(open_one(&both, other, &error) == FIL_ERROR_CUT_SHORT &&
          strstr(error.message, other) != NULL);
    bytes[length - 1] ^= 1;
    write_bytes(other, bytes, length);
    CHECK(open_one(&both, other, &error) == FIL_ERROR_DAMAGED);
    bytes[8] = 77;
    write_bytes(other, bytes, length);
    CHECK(open_one(&both, other, &error) == FIL_ERROR_VERSION);
    write_bytes(other, "text", 4);
    CHECK(open_one(&both, other, &error) == FIL_ERROR_OTHER_FILE);
    CHECK(open_one(&both, "/nowhere/at/all", &error) == FIL_ERROR_SYSTEM);
    CHECK(mkdir(empty, 0700) == 0 && open_one(&both, empty, &error) == FIL_ERROR_EMPTY);
    CHECK(open_one(NULL, file, &error) == FIL_ERROR_ARGUMENT);
    CHECK(fil_snapshot_open(&both, NULL, 0, &error) == FIL_ERROR_ARGUMENT && both == NULL);
    snprintf((char*)bytes, sizeof bytes, "rm -r %s", folder);
    CHECK(system(bytes) == 0);
    return failures != 0;
}
