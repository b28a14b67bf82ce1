#include "supervise/report_request.hpp"

namespace fil::cli {
namespace {

// Parts are of one moment, which they add up at; and of several processes they count shared pages
// once.
void add_up(fil_session_facts& known, const std::vector<fil_resident_part>& parts) {
    known.resident = known.resident_anonymous = known.resident_file = known.resident_shared = 0;
    for (const fil_resident_part& one : parts) {
        known.resident += one.bytes;
        (one.kind == FIL_RESIDENT_FILES    ? known.resident_file
         : one.kind == FIL_RESIDENT_SHARED ? known.resident_shared
                                           : known.resident_anonymous) += one.bytes;
    }
}

}  // namespace

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

report_request::report_request(const program_facts& facts, const observation& seen)
    : command_(separated_by_zeros(facts.words)),
      variables_(texts_of(facts.set_by_us)),
      samples_(seen.memory.samples()),
      moments_(seen.memory.own_peaks()),
      parts_(seen.memory.parts()),
      last_parts_(seen.memory.last_parts()),
      sparse_(seen.memory.sparse()),
      last_sparse_(seen.memory.last_sparse()) {
    fil_report_options& options = contents_.options;
    options.directory = text_of(facts.directory);
    options.run = facts.is_of_a_run ? 1 : 0;
    options.command = text_of(command_);
    options.script = text_of(facts.what.script);
    options.script_path = text_of(facts.what.script_path);
    options.started_ns = facts.started_ns;
    options.seconds = seen.seconds;
    options.ending = seen.end.kind;
    options.ending_value = seen.end.value;
    options.snapshot = facts.snapshot;
    options.names = facts.names;
    fil_session_facts& known = contents_.facts;
    known.pid = seen.memory.program_joined() ? facts.program : 0;
    known.peak_seconds = seen.memory.peak_seconds();
    known.resident = seen.memory.resident().total();
    known.resident_anonymous = seen.memory.resident().anonymous;
    known.resident_file = seen.memory.resident().file;
    known.resident_shared = seen.memory.resident().shared;
    if (!parts_.empty()) add_up(known, parts_);
    known.parts = parts_.data();
    known.part_count = parts_.size();
    known.last_parts = last_parts_.data();
    known.last_part_count = last_parts_.size();
    known.last_parts_seconds = seen.memory.last_parts_seconds();
    known.sparse = sparse_.data();
    known.sparse_count = sparse_.size();
    known.last_sparse = last_sparse_.data();
    known.last_sparse_count = last_sparse_.size();
    known.samples = samples_.data();
    known.sample_count = samples_.size();
    known.moments = moments_.data();
    known.moment_count = moments_.size();
    known.untouched = seen.memory.untouched().data();
    known.untouched_count = seen.memory.untouched().size();
    known.variables = variables_.data();
    known.variable_count = variables_.size();
}

report_request::report_request(const program_facts& facts, const observation& seen,
                               const ran_out_of_memory& process)
    : report_request(facts, seen) {
    fil_session_facts& known = contents_.facts;
    known.moment = FIL_MOMENT_OUT_OF_MEMORY;
    known.request_pid = process.words.pid;
    known.request_bytes = process.words.request_bytes;
    known.request_callstack = process.words.request_callstack;
    known.limit_bytes = static_cast<std::uint64_t>(process.limit.bytes);
    known.limit_name = text_of(process.limit.name);
    known.peak_seconds = seen.seconds;
    known.resident = 0;
    forget_parts();  // the strip has what was resident then
    contents_.counters_read = process.counters_read;
}

report_request::report_request(const program_facts& facts, const observation& seen,
                               fil_moment moment)
    : report_request(facts, seen) {
    if (moment != FIL_MOMENT_NOW) return;
    fil_session_facts& known = contents_.facts;
    const resident_parts resident = seen.memory.resident_parts_now();
    forget_parts();
    known.moment = moment;
    known.peak_seconds = seen.seconds;
    known.resident = resident.total();
    known.resident_anonymous = resident.anonymous;
    known.resident_file = resident.file;
    known.resident_shared = resident.shared;
}

// They are of another moment.
void report_request::forget_parts() {
    fil_session_facts& known = contents_.facts;
    known.part_count = known.last_part_count = 0;
    known.sparse_count = known.last_sparse_count = 0;
}

}  // namespace fil::cli
