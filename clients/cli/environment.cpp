#include "environment.hpp"

#include <unistd.h>

#include <algorithm>

#include "search_path.hpp"

namespace fil::cli {
namespace {

bool is_called(std::string_view variable, std::string_view name) {
    return variable.size() > name.size() && variable.starts_with(name) &&
           variable[name.size()] == '=';
}

// Libraries with an allocator inside, told to make what they hold visible to us: arrow takes
// malloc; jemalloc in polars and duckdb gives memory back when it is freed, instead of keeping it
// mapped, and maps large blocks one by one.
constexpr const char* allocators[] = {
    "ARROW_DEFAULT_MEMORY_POOL=system",
    "_RJEM_MALLOC_CONF=retain:false,dirty_decay_ms:0,muzzy_decay_ms:0",
    "DUCKDB_JE_MALLOC_CONF=retain:false,dirty_decay_ms:0,muzzy_decay_ms:0",
};

std::string_view name_of(std::string_view variable) {
    return variable.substr(0, variable.find('='));
}

// Ours first; once only, if fil-profile itself runs under a fil-profile.
std::string with_library(const std::optional<std::string>& users, const std::string& library) {
    if (!users || users->empty() || *users == library) return library;
    if (users->starts_with(library + ":") || users->starts_with(library + " ")) return *users;
    return library + ":" + *users;
}

}  // namespace

environment current_environment() {
    environment all;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        all.emplace_back(*variable);
    return all;
}

std::optional<std::string> find_variable(std::span<const std::string> all, std::string_view name) {
    for (const std::string& variable : all)
        if (is_called(variable, name)) return variable.substr(name.size() + 1);
    return std::nullopt;
}

void drop_variable(environment& all, std::string_view name) {
    std::erase_if(all, [&](const std::string& variable) { return is_called(variable, name); });
}

void set_variable(environment& all, const std::string& variable) {
    const std::string_view name = name_of(variable);
    const auto first =
        std::ranges::find_if(all, [&](const std::string& other) { return is_called(other, name); });
    const auto place = first - all.begin();
    drop_variable(all, name);
    all.insert(all.begin() + place, variable);
}

void turn_thread_pools_off(program_environment& variables) {
    // BLAS in its kinds, OpenMP, and the libraries with pools of their own. OMP_NUM_THREADS is also
    // what pyarrow's pool for computing goes by.
    for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                             "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "BLOSC_NTHREADS",
                             "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "ARROW_IO_THREADS"}) {
        if (find_variable(variables.all, name)) continue;
        for (environment* each : {&variables.all, &variables.set_by_us})
            each->push_back(std::string(name) + "=1");
    }
}

program_environment environment_of_program(const environment& inherited, const std::string& library,
                                           const std::string& session) {
    program_environment result{inherited, {}};
    const auto set = [&](const std::string& variable) {
        set_variable(result.all, variable);
        result.set_by_us.push_back(variable);
    };
    set_variable(result.all,
                 "LD_PRELOAD=" + with_library(find_variable(inherited, "LD_PRELOAD"), library));
    result.set_by_us.push_back(std::string("LD_PRELOAD=").append(base_name(library)));
    for (const char* variable : allocators)
        if (!find_variable(inherited, name_of(variable))) set(variable);
    set_variable(result.all, "FIL_SESSION=" + session);
    result.set_by_us.push_back("FIL_SESSION=(this run)");
    drop_variable(result.all, "FIL_PYTHON");   // meant for us alone
    drop_variable(result.all, "FIL_PROGRAM");  // of a fil-profile python around us
    return result;
}

}  // namespace fil::cli
