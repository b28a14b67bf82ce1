// A recording in which a program scribbled, read as a report reads it. The input says where: each
// eight bytes are a place, among the words that are not zero, and a word for it; where the place is
// even, it is a page's number, in every second case one near the end. If the first place is 15
// modulo 16, the recording is cut off.

#include <sys/mman.h>

#include <cstring>

#include "driver.hpp"
#include "read_all.hpp"
#include "session/compact_recording.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

std::vector<std::size_t> words_in(const std::vector<std::byte>& bytes) {
    std::vector<std::size_t> places;
    for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, &bytes[at], sizeof word);
        if (word != 0) places.push_back(at);
    }
    return places;
}

// The recording's end is the end of what may be read.
class guarded_copy {
  public:
    explicit guarded_copy(std::size_t bytes) : bytes_(bytes) {
        room_ =
            static_cast<std::byte*>(mmap(nullptr, bytes + recording_page, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        mprotect(room_ + bytes, recording_page, PROT_NONE);
    }
    std::byte* end() { return room_ + bytes_; }

  private:
    std::byte* room_;
    std::size_t bytes_;
};

// What is kept of a process that has ended is read as the recording itself was.
void read_compacted(const recording_view& view, session_page& session) {
    compact_memory made;
    if (compact_recording(view, session.peak, made) != compacting::done) return;
    const recording_view kept(static_cast<const std::byte*>(made.address), made.bytes);
    read_all(kept, session);
    munmap(made.address, made.bytes);
}

}  // namespace

void fuzz::run(std::span<const std::uint8_t> input) {
    static const std::vector<std::byte> whole = small_recording();
    static const std::vector<std::size_t> places = words_in(whole);
    static guarded_copy copy(whole.size());
    GTEST_FLAG_SET(break_on_failure, true);  // what read_all() expects
    std::size_t length = whole.size();
    std::uint32_t place = 0, word = 0;
    if (input.size() >= sizeof place) {
        std::memcpy(&place, input.data(), sizeof place);
        if (place % 16 == 15)
            length = place % whole.size() & ~std::size_t{63};  // as memory is aligned
    }
    std::byte* const base = copy.end() - length;
    std::memcpy(base, whole.data(), length);
    const auto pages = static_cast<std::uint32_t>(length / recording_page);
    for (; input.size() >= 8; input = input.subspan(8)) {
        std::memcpy(&place, input.data(), sizeof place);
        std::memcpy(&word, input.data() + 4, sizeof word);
        const std::size_t at = places[place % places.size()];
        if (place % 4 == 0) word = pages - 1 + word % 3;
        if (place % 4 == 2) word %= pages + 1;
        if (at + sizeof word <= length) std::memcpy(base + at, &word, sizeof word);
    }
    session_page session{};
    session.peak = static_cast<std::int64_t>(std::uint64_t{word} * word);
    const recording_view view(base, length);
    read_all(view, session);
    if (length < recording_page) return;
    read_compacted(view, session);
    for (const fact_record& fact : view.facts())
        (void)(view.text(fact.key) == view.text(fact.value));
    view.for_each_source([](std::string_view file, std::string_view text) {
        std::size_t newlines = 0;
        for (const char c : file) newlines += c == '\n';
        for (const char c : text) newlines += c == '\n';
        fuzz::hold(newlines <= file.size() + text.size(), "a source can be read");
    });
}

}  // namespace fil
