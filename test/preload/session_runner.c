/* session_runner OUTPUT LIBRARY PROGRAM ARGUMENTS...
 *
 * Runs a program with the preload library in a session of its own, and writes what the session says
 * of its processes to OUTPUT, as JSON. The smallest supervisor there is; also an example of the
 * half of fil.h that supervisors use. Exits as the program does. */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fil_supervisor.h"

static pid_t start(fil_session* session, const char* library, char** arguments) {
    pid_t child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char* others = getenv("LD_PRELOAD"); /* a preload of the test's own */
    char preload[4096];
    snprintf(preload, sizeof preload, "%s%s%s", library, others ? ":" : "", others ? others : "");
    setenv("LD_PRELOAD", preload, 1);
    setenv("FIL_SESSION", fil_session_environment(session), 1);
    execvp(arguments[0], arguments);
    _exit(127);
}

static int serve_until_it_ends(fil_session* session, pid_t child) {
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct pollfd ready = {fil_session_descriptor(session), POLLIN, 0};
        poll(&ready, 1, 2);
        fil_session_serve(session);
    }
    fil_session_serve(session);
    fil_session_process_ended(session, child);
    return status;
}

static void write_command(FILE* out, fil_text command) {
    fputs(", \"command\": \"", out);
    for (size_t i = 0; i + 1 < command.length; ++i) {
        char c = command.data[i];
        if (c == '"' || c == '\\') fputc('\\', out);
        fputc(c == 0 ? ' ' : c, out);
    }
    fputc('"', out);
}

static void write_numbers(fil_session* session, FILE* out) {
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    fil_session_read(session, &numbers);
    fprintf(out, "{\"live\": %lld, \"peak\": %lld, \"unprofiled\": %llu, \"processes\": [",
            (long long)numbers.live, (long long)numbers.peak,
            (unsigned long long)numbers.unprofiled_children);
    for (size_t i = 0; i < numbers.processes; ++i) {
        fil_process process = FIL_PROCESS_INIT;
        fil_session_process(session, i, &process);
        fprintf(out,
                "%s{\"pid\": %d, \"parent\": %d, \"peak\": %lld, \"closed\": %d, \"missed\": %llu",
                i == 0 ? "" : ", ", process.pid, process.parent_pid, (long long)process.peak,
                process.closed, (unsigned long long)process.missed_events);
        write_command(out, process.command);
        fputc('}', out);
    }
    fputs("]}\n", out);
}

int main(int count, char** arguments) {
    if (count < 4) return 2;
    fil_session* session = NULL;
    fil_error error = FIL_ERROR_INIT;
    if (fil_session_new(&session, &error) != FIL_OK) {
        fprintf(stderr, "session_runner: %s\n", error.message);
        return 2;
    }
    int status = serve_until_it_ends(session, start(session, arguments[2], arguments + 3));
    FILE* out = fopen(arguments[1], "w");
    if (out == NULL) return 2;
    write_numbers(session, out);
    fclose(out);
    fil_session_free(session);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
