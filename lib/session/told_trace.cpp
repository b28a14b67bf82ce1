#include "session/told_trace.hpp"

#include <system_error>

#include "fil/track/registry.hpp"

namespace fil {
namespace {

using trace::operation;

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << user_address_bits;
constexpr unsigned most_alignment = user_address_bits - 1;

bool is_mapping(const trace::event& one) {
    return one.what == operation::map || one.what == operation::unmap ||
           one.what == operation::touched_mapping;
}

const char* what_is_wrong(const trace::event& one) {
    if (one.bytes >= most_bytes) return "more bytes than an address space has";
    if (one.alignment_log2 > most_alignment) return "no block has such an alignment";
    if (!is_mapping(one))
        return one.of == trace::layer::runtime_arena ? "an arena is a mapping" : nullptr;
    if (one.of == trace::layer::runtime_block) return "a runtime's block is no mapping";
    if (one.address % page != 0) return "a mapping begins at a page";
    if (one.what != operation::touched_mapping && (one.bytes == 0 || one.bytes % page != 0))
        return "a mapping has whole pages";
    if (one.address >= most_bytes || one.kind > mapping_kind::arena)
        return "there is no such mapping";
    return nullptr;
}

}  // namespace

told_trace::told_trace(const std::string& path, const trace::process_about& who,
                       trace::file_header header)
    : file_(path),
      who_(who),
      writer_([this](const void* data, std::size_t bytes) { file_.write(data, bytes); }, header),
      process_(writer_.add_process(who)) {}

// What is written after a gap could not be read.
template <typename Action>
void told_trace::try_to(Action&& action) {
    if (!why_failed_.empty())
        throw std::system_error(EIO, std::generic_category(),
                                "the trace has ended: " + why_failed_);
    try {
        action();
    } catch (const std::exception& error) {
        why_failed_ = error.what();
        throw;
    }
}

const char* told_trace::name_blocks(trace::event& one) {
    const auto name = static_cast<std::uint64_t>(one.block);
    const trace::block_number next = writer_.next_block(process_);
    const auto known = live_.find(name);
    if (one.what == operation::allocate) {
        if (known != live_.end()) return "a block of that name is there";
        live_.emplace(name, next);
        one.block = one.moved_to = next;
        return nullptr;
    }
    if (known == live_.end()) return "there is no block of that name";
    one.block = known->second;
    if (one.what == operation::touched_block) return nullptr;
    if (one.what == operation::reallocate) {
        const auto fresh = static_cast<std::uint64_t>(one.moved_to);
        if (fresh != name && live_.contains(fresh)) return "a block of that name is there";
        live_.erase(known);
        live_.emplace(fresh, next);
        one.moved_to = next;
        return nullptr;
    }
    live_.erase(known);
    return nullptr;
}

const char* told_trace::add(trace::event one) {
    if (const char* wrong = what_is_wrong(one)) return wrong;
    if (!callstacks_.knows(one.callstack)) return "there is no such callstack";
    const char* wrong = nullptr;
    try_to([&] {
        if (!is_mapping(one)) wrong = name_blocks(one);
        if (wrong != nullptr) return;
        writer_.add(process_, one);
        ++events_;
    });
    return wrong;
}

void told_trace::finish() {
    try_to([&] {
        writer_.flush(process_);
        writer_.add_recording(process_, callstacks_.recording(who_.pid, who_.parent));
        writer_.end_process(process_, {events_, 0, 0});
        writer_.finish();
        has_finished_ = true;
    });
}

}  // namespace fil
