/* What glibc's mtrace() wrote becomes a trace, which fil-profile replays, compares and explains:
 *     LD_PRELOAD=libc_malloc_debug.so.0 MALLOC_TRACE=log ./program_that_calls_mtrace
 *     cc mtrace_to_trace.c -o mtrace_to_trace $(pkg-config --cflags --libs fil)
 *     ./mtrace_to_trace log log.filtrace */
#include <fil_trace.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static fil_error error = FIL_ERROR_INIT;

/* A line is "@ PLACE + ADDRESS SIZE", "@ PLACE - ADDRESS", or of a realloc two: "@ PLACE < OLD" and
 * "@ PLACE > NEW SIZE". Returns 0 where there is nothing to tell yet. */
static int event_of(char* line, fil_trace_writer* writer, fil_trace_event* event) {
    static uint64_t moving;
    char place[1000], sign;
    uint64_t address, bytes = 0;
    fil_function function;
    if (sscanf(line, "@ %999s %c 0x%" SCNx64 " 0x%" SCNx64, place, &sign, &address, &bytes) < 3)
        return 0;
    if (sign == '<') return (moving = address), 0;
    *event = (fil_trace_event)FIL_TRACE_EVENT_INIT;
    event->thread = 1;
    event->bytes = bytes;
    event->block =
        sign == '>' ? moving : address; /* the trace counts blocks; these are our names */
    event->moved_to = address;
    event->operation = sign == '-'   ? FIL_TRACE_RELEASE
                       : sign == '>' ? FIL_TRACE_REALLOCATE
                                     : FIL_TRACE_ALLOCATE;
    return fil_trace_writer_function(&function, writer, FIL_FUNCTION_FIRST_OTHER,
                                     (fil_text){place, strlen(place)}, (fil_text){"", 0}, 0,
                                     &error) == FIL_OK &&
           fil_trace_writer_callstack(&event->callstack, writer, FIL_CALLSTACK_UNKNOWN, function, 0,
                                      &error) == FIL_OK;
}

int main(int count, char** words) {
    FILE* log = count == 3 ? fopen(words[1], "r") : NULL;
    fil_trace_about about = {.struct_size = sizeof about, .pid = 1, .command = {"mtrace", 6}};
    fil_trace_writer* writer;
    fil_trace_numbers numbers = FIL_TRACE_NUMBERS_INIT;
    fil_trace_event event;
    unsigned odd = 0;
    char line[2000];
    if (log == NULL) return fprintf(stderr, "usage: mtrace_to_trace LOG TRACE\n"), 2;
    if (fil_trace_writer_new(&writer, (fil_text){words[2], strlen(words[2])}, &about, &error) !=
        FIL_OK)
        return fprintf(stderr, "%s\n", error.message), 1;
    while (fgets(line, sizeof line, log) != NULL)
        if (event_of(line, writer, &event)) /* a free of what came before mtrace() is refused */
            odd += fil_trace_writer_add(writer, &event, &error) == FIL_ERROR_ARGUMENT;
    if (fil_trace_writer_finish(writer, &numbers, &error) != FIL_OK)
        return fprintf(stderr, "%s\n", error.message), 1;
    fil_trace_writer_free(writer);
    printf("%" PRIu64 " events; %u made no sense\n", numbers.events, odd);
    return fclose(log);
}
