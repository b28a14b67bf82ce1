#include "supervise/report_request.hpp"

namespace fil::cli {

fil_text text_of(const std::string& string) {
    return {string.data(), string.size()};
}

std::vector<fil_text> texts_of(const std::vector<std::string>& strings) {
    std::vector<fil_text> texts;
    for (const std::string& string : strings) texts.push_back(text_of(string));
    return texts;
}

std::string separated_by_zeros(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words) all += word + '\0';
    if (!all.empty()) all.pop_back();
    return all;
}

report_request::report_request(const run_facts& facts, const observation& seen)
    : command_(separated_by_zeros(facts.words)),
      variables_(texts_of(facts.set_by_us)),
      samples_(seen.memory.samples()) {
    options_.struct_size = sizeof options_;
    options_.directory = text_of(facts.directory);
    options_.pid = seen.memory.program_joined() ? facts.program : 0;
    options_.command = text_of(command_);
    options_.script = text_of(facts.what.script);
    options_.script_path = text_of(facts.what.script_path);
    options_.started_ns = facts.started_ns;
    options_.run = facts.is_of_a_run ? 1 : 0;
    options_.seconds = seen.seconds;
    options_.ending = seen.end.kind;
    options_.ending_value = seen.end.value;
    options_.peak_seconds = seen.memory.peak_seconds();
    options_.resident = seen.memory.resident().total();
    options_.resident_anonymous = seen.memory.resident().anonymous;
    options_.resident_file = seen.memory.resident().file;
    options_.resident_shared = seen.memory.resident().shared;
    options_.samples = samples_.data();
    options_.sample_count = samples_.size();
    options_.untouched = seen.memory.untouched().data();
    options_.untouched_count = seen.memory.untouched().size();
    options_.variables = variables_.data();
    options_.variable_count = variables_.size();
}

report_request::report_request(const run_facts& facts, const observation& seen,
                               const fil_out_of_memory& process)
    : report_request(facts, seen) {
    options_.moment = FIL_MOMENT_OUT_OF_MEMORY;
    options_.pid = process.pid;
    options_.request_bytes = process.request_bytes;
    options_.request_callstack = process.request_callstack;
}

}  // namespace fil::cli
