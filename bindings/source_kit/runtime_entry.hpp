#pragma once
// What the preload library knows of a runtime: its row of the table.
//
// A binding defines one, fil_runtime_NAME; clients/preload/runtimes.def lists them. All functions
// are safe in a process without that runtime, from any thread, and (but for before_dlopen) inside a
// malloc hook: nothing allocates, and nothing of the runtime's is run.
namespace fil {

struct runtime_entry {
    // Whether the main program is this runtime, whose stacks can be read: then callstacks are the
    // runtime's alone. A program that embeds it is not. NULL: it never is. Called before the
    // recorder starts.
    bool (*is_program)();
    // Looks for the runtime in this process, and registers a source if it is there. Called once,
    // after fil_recorder_start() and, where possible, before the runtime allocates.
    void (*start)();
    // New shared objects may have been loaded: looks again. Cheap if there is nothing new, or if it
    // was found before.
    void (*objects_added)();
    // Whether a program of this runtime can be profiled on request (FIL_ON_REQUEST).
    bool runs_on_request;
    // A shared object is about to be opened by dlopen (`file` may be NULL), and the caller may hold
    // the runtime's locks. This one may allocate and call the runtime. NULL: it need not know.
    void (*before_dlopen)(const char* file) = nullptr;
};

}  // namespace fil
