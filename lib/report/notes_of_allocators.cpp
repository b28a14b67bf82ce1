#include "report/notes_of_allocators.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "process/allocator_book.hpp"
#include "report/resident_note.hpp"
#include "symbols/allocator_inside.hpp"

namespace fil {
namespace {

std::vector<std::string> facts_of(const drawn_process& process, std::string_view key) {
    const recording_view& recording = process.drawn.recording;
    std::vector<std::string> values;
    for (const fact_record& fact : recording.facts())
        if (recording.text(fact.key) == key) values.emplace_back(recording.text(fact.value));
    return values;
}

// Whether an allocator in this object told of its blocks; "the program" is an object, too.
bool is_seen(const drawn_process& process, const std::string& object) {
    return std::ranges::any_of(facts_of(process, "blocks seen"), [&](const std::string& one) {
        return one.starts_with(object + ": ");
    });
}

// Of an object that has an allocator inside.
std::int64_t mapped_by(const report::facts& about, std::string_view object) {
    object = object.substr(0, sizeof allocator_book::allocator::name - 1);  // as it is kept
    std::int64_t bytes = 0;
    for (const report::resident_part& part : about.resident.parts)
        if (part.kind == report::resident_kind::mapped && part.name == object) bytes += part.bytes;
    return bytes;
}

// Of allocators in libraries: "object: allocator" is such a fact's value. One that stands before us
// has a note of its own.
void add_notes(report::facts& about, const drawn_process& process, std::string_view key,
               std::int64_t least_mapped) {
    const std::vector<std::string> earlier = facts_of(process, "allocator");
    for (const std::string& object : facts_of(process, key)) {
        const std::size_t end = object.find(": ");
        const std::string name = object.substr(0, end);
        if (end == object.npos || std::ranges::find(earlier, name) != earlier.end()) continue;
        const std::int64_t mapped = mapped_by(about, name);
        const std::string note = note_of_allocator_inside(object, mapped);
        const bool is_known = std::ranges::find(about.notes, note) != about.notes.end();
        if (!object.starts_with("the program: ") && mapped >= least_mapped && !is_known)
            about.notes.push_back(note);
    }
}

// In its own file: what its process found, or what the names in the file say.
std::string allocator_of_program(const drawn_process& process) {
    constexpr std::string_view program = "the program: ";
    for (const std::string& one : facts_of(process, "blocks unseen"))
        if (one.starts_with(program)) return one.substr(program.size());
    return allocator_inside(process.executable);
}

// What is mapped of several programs stands under one name.
bool are_several_unseen(const std::vector<drawn_process>& drawn) {
    std::set<std::string> asked;
    std::size_t unseen = 0;
    for (const drawn_process& one : drawn)
        if (asked.insert(one.executable).second && !is_seen(one, "the program"))
            unseen += allocator_of_program(one).empty() ? 0 : 1;
    return unseen > 1;
}

unseen_allocator unseen_allocator_of(const report::facts& about, const drawn_process& process,
                                     bool are_several) {
    for (const std::string& library : facts_of(process, "allocator"))
        return is_seen(process, library)
                   ? unseen_allocator{}
                   : unseen_allocator{
                         library, note_of_earlier_allocator(library, mapped_by(about, library))};
    const std::string inside = allocator_of_program(process);
    if (inside.empty()) return {};
    return {inside, note_of_allocator(inside, are_several ? 0 : mapped_by(about, "the program"))};
}

}  // namespace

unseen_allocator add_notes_of_allocators(report::facts& about,
                                         const std::vector<drawn_process>& drawn) {
    unseen_allocator first;
    std::set<std::string> executables;  // a forked child has only what it found itself
    for (const drawn_process& one : drawn) {
        if (is_seen(one, "the program")) executables.insert(one.executable);
        add_notes(about, one, "blocks unseen", 0);
        constexpr std::int64_t more_than_its_start_takes = 1 << 20;
        add_notes(about, one, "blocks unseen, if any", more_than_its_start_takes);
    }
    const bool are_several = are_several_unseen(drawn);
    for (const drawn_process& one : drawn) {
        if (!executables.insert(one.executable).second) continue;
        const unseen_allocator found = unseen_allocator_of(about, one, are_several);
        if (found.note.empty() || std::ranges::find(about.notes, found.note) != about.notes.end())
            continue;
        about.notes.push_back(found.note);
        if (first.note.empty()) first = found;
    }
    return first;
}

}  // namespace fil
