#include "session/told_callstacks.hpp"

#include <cstring>
#include <new>

#include "fil/recording/memory.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"

namespace fil {
namespace {

// Memory of our own that a recording is made in.
class room {
  public:
    explicit room(std::uint64_t bytes) : bytes_(bytes), address_(os::map_private(bytes)) {
        if (address_ == nullptr) throw std::bad_alloc();
    }
    room(const room&) = delete;
    ~room() { os::unmap(address_, bytes_); }
    recording_memory memory() const { return {address_, bytes_}; }

  private:
    std::uint64_t bytes_;
    void* address_;
};

template <typename Chunk, typename Record>
Record& record_at(recording_memory& to, page_directory_entry* chunks, std::uint32_t index) {
    Record* chunk = to.chunk<Record>(chunks[Chunk::chunk_of(index)], Chunk::pages);
    if (chunk == nullptr) throw std::bad_alloc();
    return chunk[Chunk::slot_of(index)];
}

}  // namespace

function_id told_callstacks::function(const told_function& one) {
    const auto known = function_ids_.find(one);
    if (known != function_ids_.end()) return known->second;
    if (functions_.size() + 1 >= std::size_t{function_chunks} * function_chunk::records)
        return function_id::none;
    const function_id fresh{static_cast<std::uint32_t>(functions_.size() + 1)};
    functions_.push_back(&function_ids_.emplace(one, fresh).first->first);
    return fresh;
}

callstack_id told_callstacks::child(callstack_id caller, function_id function, std::uint32_t line) {
    if (caller == callstack_id::none) caller = callstack_id::unknown;
    const call one{caller, function, line};
    const auto known = call_ids_.find(one);
    if (known != call_ids_.end()) return known->second;
    if (first_ + calls_.size() >= max_callstacks) return callstack_id::unknown;
    const callstack_id fresh{static_cast<std::uint32_t>(first_ + calls_.size())};
    call_ids_.emplace(one, fresh);
    calls_.push_back(one);
    return fresh;
}

trace::bytes told_callstacks::recording(std::int32_t pid, std::int32_t parent) const {
    // Each text may leave as much of its pages empty as the longest needs.
    std::uint64_t bytes = smallest_recording * 2 + usage_set_pages * recording_page;
    for (const told_function* one : functions_)
        bytes += sizeof(function_record) +
                 2 * (one->name.size() + one->file.size() + one->directory.size());
    bytes += calls_.size() * (sizeof(callstack_record) + sizeof(usage_record));
    const room made((bytes / recording_page + 1) * recording_page);
    recording_memory to = made.memory();
    if (!to.format(pid, parent)) throw std::bad_alloc();
    recording_header& header = to.header();
    const auto text = [&](const std::string& from) {
        return to.add_text<linux_system>(from.data(), from.size());
    };
    std::uint32_t index = 1;
    auto* chunks = to.at<page_directory_entry>(header.functions_page);
    for (const told_function* one : functions_)
        record_at<function_chunk, function_record>(to, chunks, index++) = {
            text(one->name), text(one->file), text(one->directory), one->first_line, one->kind, 0};
    header.functions.store(index);
    index = first_;
    chunks = to.at<page_directory_entry>(header.callstacks_page);
    auto* sets = to.at<page_directory_entry>(header.usage_sets_page);
    auto* set = to.chunk<usage_set_record>(sets[0], usage_set_pages);
    if (set == nullptr) throw std::bad_alloc();
    set->kind = mapping_kind::anonymous;
    record_at<usage_chunk, usage_record>(to, set->chunks, to_index(callstack_id::unknown));
    for (const call& one : calls_) {
        record_at<callstack_chunk, callstack_record>(to, chunks, index) = {
            one.caller, one.function, one.line, callstack_id::none};
        // A place for what it holds at a moment that is asked for.
        record_at<usage_chunk, usage_record>(to, set->chunks, index++);
    }
    header.callstacks.store(index);
    header.usage_sets.store(1);
    const auto* begin = static_cast<const std::uint8_t*>(to.base());
    return {begin, begin + std::uint64_t{header.pages_used.load()} * recording_page};
}

}  // namespace fil
