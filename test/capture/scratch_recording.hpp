#pragma once
// A small recording in ordinary memory, for tests of what writes into one, and a reader of its
// stacks.

#include <string>
#include <string_view>
#include <vector>

#include "fil/capture/call_tree.hpp"
#include "fil/capture/function_table.hpp"
#include "fil/recording/memory.hpp"
#include "fil/recording/view.hpp"
#include "os/linux_system.hpp"

namespace fil::test {

struct recorded_frame {
    std::string file;
    std::string name;
    std::uint32_t line;
};

class scratch_recording {
  public:
    explicit scratch_recording(std::size_t bytes = 64 << 20)
        : bytes_(bytes), base_(system_pages::map(bytes)), memory_(base_, bytes) {
        memory_.format(1, 0);
    }
    ~scratch_recording() { system_pages::unmap(base_, bytes_); }
    scratch_recording(const scratch_recording&) = delete;

    recording_memory& memory() { return memory_; }
    recording_view view() const { return {base_, bytes_}; }

    std::uint32_t functions() { return memory_.header().functions.load() - 1; }

    recorded_frame function(function_id id) { return frame(id, 0); }

    // Outermost first.
    std::vector<recorded_frame> stack(callstack_id id) {
        std::vector<recorded_frame> frames;
        while (id != callstack_id::unknown && id != callstack_id::none) {
            const auto& node = record<callstack_record, callstack_chunk>(
                memory_.header().callstacks_page, to_index(id));
            frames.insert(frames.begin(), frame(node.function, node.line));
            id = node.caller;
        }
        return frames;
    }

  private:
    template <typename Record, typename Shape>
    Record& record(page_number directory, std::uint32_t index) {
        auto* pages = memory_.at<page_directory_entry>(directory);
        return memory_.at<Record>(pages[Shape::chunk_of(index)].load())[Shape::slot_of(index)];
    }

    std::string text(text_reference at) {
        return std::string(static_cast<const char*>(base_) + at.offset, at.length);
    }

    recorded_frame frame(function_id id, std::uint32_t line) {
        const auto& f =
            record<function_record, function_chunk>(memory_.header().functions_page, to_index(id));
        return {text(f.file), text(f.name), line};
    }

    std::size_t bytes_;
    void* base_;
    recording_memory memory_;
};

}  // namespace fil::test
