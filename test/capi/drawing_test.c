/* A snapshot is drawn as one text of each format, handed over in parts to who takes them. */
#include "fil_snapshot.h"

#include <stdio.h>
#include <string.h>

static int failures;
#define CHECK(condition) \
    ((condition) ? (void)0 : (void)(++failures, fprintf(stderr, "failed: %s\n", #condition)))

struct taken {
    char text[1 << 20];
    size_t length;
    int parts, most_parts;
};

static int take(void* to, const char* data, size_t length) {
    struct taken* taken = to;
    if (++taken->parts > taken->most_parts || length > sizeof taken->text - taken->length - 1)
        return 1;
    memcpy(taken->text + taken->length, data, length);
    taken->length += length;
    taken->text[taken->length] = 0;
    return 0;
}

static fil_status draw(const fil_snapshot* snapshot, int format, struct taken* taken,
                       int most_parts, fil_error* error) {
    fil_drawing drawing = FIL_DRAWING_INIT;
    memset(taken, 0, sizeof *taken);
    taken->most_parts = most_parts;
    drawing.format = (fil_format)format;
    drawing.write = take;
    drawing.to = taken;
    return fil_snapshot_draw(snapshot, &drawing, error);
}

int main(void) {
    static char block[3000];
    static struct taken taken;
    fil_error error = FIL_ERROR_INIT;
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    fil_report_options report = FIL_REPORT_OPTIONS_INIT;
    fil_drawing drawing = FIL_DRAWING_INIT;
    fil_snapshot* snapshot = NULL;
    fil_text name = {"load", 4}, file = {"/game/level.x", 13};

    CHECK(fil_recorder_start(&options, &error) == FIL_OK);
    fil_record_alloc_at(
        block, sizeof block,
        fil_callstack_child(FIL_CALLSTACK_UNKNOWN,
                            fil_function_intern(FIL_FUNCTION_ANNOUNCED, name, file, 3), 6));
    report.command.data = "game";
    report.command.length = 4;
    CHECK(fil_snapshot_of_process(&snapshot, &report, &error) == FIL_OK);

    CHECK(draw(snapshot, FIL_FORMAT_JSON, &taken, 100, &error) == FIL_OK);
    CHECK(strncmp(taken.text, "{\n\"format\":\"fil-profile report\",\n\"version\":1,\n", 45) == 0);
    CHECK(strstr(taken.text, "\"bytes\":3000,\"allocations\":1") != NULL);
    CHECK(draw(snapshot, FIL_FORMAT_FOLDED, &taken, 100, &error) == FIL_OK);
    CHECK(strcmp(taken.text, "/game/level.x:6 (load) 3000\n") == 0);
    CHECK(draw(snapshot, FIL_FORMAT_TEXT, &taken, 100, &error) == FIL_OK);
    CHECK(strncmp(taken.text, "game\nPeak memory so far was 2.9 KiB", 35) == 0);
    CHECK(draw(snapshot, FIL_FORMAT_SVG, &taken, 100, &error) == FIL_OK);
    CHECK(strstr(taken.text, "<svg ") != NULL && strstr(taken.text, "</svg>") != NULL);
    CHECK(draw(snapshot, FIL_FORMAT_HTML, &taken, 100, &error) == FIL_OK);
    CHECK(taken.parts > 1 && strstr(taken.text, "</html>") != NULL);

    CHECK(draw(snapshot, FIL_FORMAT_HTML, &taken, 1, &error) ==
          FIL_ERROR_SYSTEM); /* takes one part */
    CHECK(taken.parts == 2 && taken.length == 1 << 16);
    CHECK(draw(snapshot, FIL_FORMAT_JSON, &taken, 0, &error) == FIL_ERROR_SYSTEM);
    CHECK(draw(snapshot, 99, &taken, 100, &error) == FIL_ERROR_ARGUMENT && taken.parts == 0);
    CHECK(draw(NULL, FIL_FORMAT_JSON, &taken, 100, &error) == FIL_ERROR_ARGUMENT);
    CHECK(fil_snapshot_draw(snapshot, &drawing, &error) ==
          FIL_ERROR_ARGUMENT); /* nobody takes it */
    drawing.struct_size = 0;
    CHECK(fil_snapshot_draw(snapshot, &drawing, &error) == FIL_ERROR_STRUCT_SIZE);
    fil_snapshot_free(snapshot);
    return failures != 0;
}
