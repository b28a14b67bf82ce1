#include "start/program_environment.hpp"

#include <algorithm>

#include "os/search_path.hpp"

namespace fil::cli {
namespace {

bool is_called(std::string_view variable, std::string_view name) {
    return variable.size() > name.size() && variable.starts_with(name) &&
           variable[name.size()] == '=';
}

// Libraries with an allocator inside that tells nobody of its blocks, and has a switch: arrow takes
// malloc in place of mimalloc; mimalloc elsewhere (datafusion, catboost) makes of its gigabyte only
// that writable which it uses; tensorflow leaves out the pool of its own that oneDNN brings.
constexpr const char* allocators[] = {
    "ARROW_DEFAULT_MEMORY_POOL=system",
    "MIMALLOC_ARENA_EAGER_COMMIT=0",
    "TF_ONEDNN_USE_SYSTEM_ALLOCATOR=1",
};

// Variables that say how many threads a pool has. The program's own calls must go on working, so it
// matters what kind of number each is.
constexpr const char* thread_pools[] = {
    // How many are used until the program says otherwise, by a call that may ask for more: OpenMP
    // (pyarrow's pool for computing goes by it too), BLAS in its kinds, numexpr.
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    // How many are used, whatever the program says: its calls succeed and change nothing.
    "BLOSC_NTHREADS",
    // How many there are, which no call can change. Its threads never wait for each other.
    "POLARS_MAX_THREADS",
    // The same for numba, which has no such variable: one of ours, for the hook of dlopen, which
    // asks for the user's as well (bindings/python/cpython/numba_threads.hpp).
    "FIL_NUMBA_NUM_THREADS",
    // Not here, since the program's own calls would fail: how many may be used at most
    // (NUMBA_NUM_THREADS, NUMEXPR_MAX_THREADS, OMP_THREAD_LIMIT).
    // Not here, since the program would hang: how many there are, of which some wait for others
    // (ARROW_IO_THREADS: with 1 any dataset, with 2 those of several threads at a time).
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
    for (const char* name : thread_pools) {
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
    result.set_by_us.push_back("FIL_SESSION=(this session)");
    drop_variable(result.all, "FIL_PYTHON");   // meant for us alone
    drop_variable(result.all, "FIL_PROGRAM");  // of a fil-profile python around us
    return result;
}

}  // namespace fil::cli
