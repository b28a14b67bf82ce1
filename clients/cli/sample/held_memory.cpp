#include "sample/held_memory.hpp"

#include <initializer_list>

#include "os/small_file.hpp"

namespace fil::cli {
namespace {

std::string text_of(pid_t pid, const std::string& root, const char* name) {
    const std::string file = file_of_process(pid, name);
    const std::string text = read_small_file(root + file);
    return text.empty() && !root.empty() ? read_small_file(file) : text;
}

std::int64_t bytes_of(const std::string& text, std::initializer_list<const char*> fields) {
    std::int64_t sum = 0;
    for (const char* field : fields) sum += number_of(text, field).value_or(0) * 1024;
    return sum;
}

held_memory held_by_one(pid_t pid, const std::string& root) {
    const std::string status = text_of(pid, root, "status");
    std::int64_t resident = bytes_of(status, {"RssAnon", "RssShmem"});
    if (!number_of(status, "RssAnon")) resident = bytes_of(status, {"VmRSS"});  // before Linux 4.5
    return {resident, bytes_of(status, {"VmSwap"})};
}

held_memory its_share(pid_t pid, const std::string& root) {
    const std::string shares = text_of(pid, root, "smaps_rollup");
    if (!number_of(shares, "Pss_Anon")) return held_by_one(pid, root);  // before Linux 5.4
    return {bytes_of(shares, {"Pss_Anon", "Pss_Shmem"}), bytes_of(shares, {"SwapPss"})};
}

held_memory sum_of(std::span<const pid_t> pids, const std::string& root,
                   held_memory (*held)(pid_t, const std::string&)) {
    held_memory sum;
    for (const pid_t pid : pids) {
        const held_memory one = held(pid, root);
        sum.resident += one.resident;
        sum.swapped += one.swapped;
    }
    return sum;
}

}  // namespace

held_memory held_by(std::span<const pid_t> pids, const std::string& root) {
    return sum_of(pids, root, held_by_one);
}

held_memory held_by_shares(std::span<const pid_t> pids, const std::string& root) {
    return sum_of(pids, root, its_share);
}

}  // namespace fil::cli
