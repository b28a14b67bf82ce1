#include "plain_python.hpp"

#include "os/process.hpp"
#include "os/search_path.hpp"
#include "start/launch.hpp"
#include "start/new_session.hpp"
#include "start/program_environment.hpp"
#include "supervise/watch.hpp"
#include "target/preload_library.hpp"
#include "target/which_python.hpp"

namespace fil::cli {

void become_python(const invocation& asked) {
    const environment inherited = current_environment();
    const interpreter python =
        which_python(asked.python, find_variable(inherited, "FIL_PYTHON").value_or(""));
    std::vector<std::string> arguments = asked.words;
    arguments.insert(arguments.begin(), python.name);
    // Which python is in the report anyway, and a package's has a long path.
    std::vector<std::string> shown = arguments;
    shown.front() = base_name(python.name);
    if (asked.hide_arguments) shown.resize(1);

    preload_library library;
    const session_owner session = new_session();
    if (asked.show_arguments) fil_session_show_arguments(session.get());
    if (asked.hide_arguments) fil_session_hide_arguments(session.get());
    program_environment variables =
        environment_of_program(inherited, library.path(), fil_session_environment(session.get()));
    // Only this process may be profiled; its children are told by the number.
    set_variable(variables.all, "FIL_PROGRAM=" + std::to_string(own_pid()));

    start_watcher({session.get(), library, shown, variables.set_by_us, asked.detect_out_of_memory,
                   asked.quiet, find_variable(inherited, "FIL_SYSTEM_ROOT").value_or(""),
                   asked.snapshot});
    library.leave_link();  // the watcher's to remove

    become({python.path, arguments, {}, {}, true}, variables.all);
}

}  // namespace fil::cli
