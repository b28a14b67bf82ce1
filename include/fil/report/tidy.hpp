#pragma once
// The first stage of a report: from what the program ran to what its author would recognise.
//
// - The main script gets the name that the user typed (the interpreter made it absolute), a
//   notebook's cell the one that it has there.
// - What only started the program goes from the root side: runpy of `python -m`, threading's
//   bootstrap, our own package, _start and the C library's part before main. The preload library's
//   hooks go wherever they stand, and so does an allocator's function that announces a block, and
//   what of a jemalloc stands around it.
// - Of a part of a program, what called it goes too: everything down to our own package, which
//   calls what is profiled, or above the function in which the part is.
// - Callstacks whose texts are the same become one.
// - What the runtime's source says while the program is compiled is named after the main script.
// - A stack of which nothing is left, or was known, is a placeholder: "[No Python stack]".
// One pass over the call tree, from callers to called. Afterwards every callstack has at most one
// entry of each kind, and no usage stands at the empty callstack.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fil/base/hash.hpp"
#include "fil/report/conventions/all.hpp"
#include "fil/report/conventions/jemalloc.hpp"
#include "fil/report/conventions/pickled_code.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/frame_owner.hpp"
#include "fil/report/frame_text.hpp"
#include "fil/report/merged_callstacks.hpp"
#include "fil/report/paths.hpp"
#include "fil/report/snapshot.hpp"

namespace fil::report {

// Does a frame only start the program, given that nothing but such frames called it?
class program_starters {
  public:
    explicit program_starters(const program_facts& program) : program_(program) {}

    bool operator()(const frame& f, const frame* caller) const {
        if (program_.is_helper && conventions::of(f).is_nameless_file(f.file)) return true;
        return conventions::of(f).starts_program(f, caller, program_);
    }

    // Our own package. It calls what the user profiles, and nothing else.
    bool is_ours(const frame& f) const {
        return f.kind != frame_kind::native &&
               std::ranges::any_of(program_.own_directories, [&](const std::string& directory) {
                   return !below(source_path(f), directory).empty();
               });
    }

    // The function in which a profiled part of the program is.
    bool is_first(const frame& f) const {
        return !program_.first_file.empty() && f.file == program_.first_file &&
               (program_.first_function.empty() || f.function == program_.first_function);
    }

  private:
    const program_facts& program_;
};

class tidying {
  public:
    tidying(const snapshot& raw, const program_facts& program)
        : raw_(raw),
          program_(program),
          script_(normal_path(program.main_script_path)),
          pickled_(program.main_text),
          errands_(errands_of_callstacks()),
          // A callstack that is part of an errand may be there twice.
          merged_(tidy_, 2 * raw.callstacks().size() + 1 -
                             std::ranges::count(errands_, callstack_index::empty)) {}

    snapshot result() {
        tidy_frames();
        tidy_callstacks();
        for (const mapping_kind kind :
             {mapping_kind::anonymous, mapping_kind::file, mapping_kind::shared,
              mapping_kind::reserved, mapping_kind::arena, mapping_kind::requested, sparse_at_peak,
              sparse_afterwards}) {
            tidy_usage(kind);
        }
        for (untouched_mapping mapping : raw_.untouched_mappings()) {
            mapping.callstack = or_placeholder(new_callstack_[to_index(mapping.callstack)]);
            tidy_.add_untouched_mapping(mapping);
        }
        for (const auto& [file, text] : raw_.texts()) tidy_.add_text(shown_name(file), text);
        return std::move(tidy_);
    }

  private:
    // Who called the function that announces a block; itself where nobody did.
    callstack_index asker_of(callstack_index announcer) const {
        const auto [asker, _] = raw_.callstacks()[to_index(announcer)];
        const callstack_index found = new_callstack_[to_index(asker)];
        return found != callstack_index::empty ? found : new_callstack_[to_index(announcer)];
    }

    // Who called the allocator of which `hook` is the innermost frame; that itself where nobody
    // did.
    callstack_index asker_of_jemalloc(callstack_index inside, const frame& hook) const {
        callstack_index asker = inside;
        while (asker != callstack_index::empty &&
               conventions::jemalloc::is_inside(raw_frame(asker), hook))
            asker = raw_.callstacks()[to_index(asker)].caller;
        const callstack_index found = new_callstack_[to_index(asker)];
        return found != callstack_index::empty ? found : new_callstack_[to_index(inside)];
    }

    void tidy_frames() {
        std::unordered_map<std::string, frame_index, text_hash> by_text;
        new_frame_.reserve(raw_.frames().size());
        const code_owners owners(program_);
        for (frame f : raw_.frames()) {
            if (f.kind == frame_kind::threads)
                f.function = "[threads of " + owners.of(f).package + "]";
            if (f.kind == frame_kind::errand) {
                if (f.function.empty())
                    f.function = conventions::native::package_of_object(f.module);
                f.function = errand_text(f);
            }
            if (conventions::of(f).is_compiler(f)) {
                f = compiling_main_script(f.kind);
            } else if (is_main_script(f) || pickled_.is_scripts(f)) {
                f.file = program_.main_script;
                f.directory = program_.launch_directory;
            } else if (raw_.names().contains(f.file)) {
                f.file = shown_name(f.file);
                f.directory.clear();  // it lies in none
            }
            auto [known, is_new] = by_text.try_emplace(frame_text(f));
            if (is_new) known->second = tidy_.add_frame(std::move(f));
            new_frame_.push_back(known->second);
        }
    }

    const std::string& shown_name(const std::string& file) const {
        const auto known = raw_.names().find(file);
        return known == raw_.names().end() ? file : known->second;
    }

    bool is_main_script(const frame& f) const {
        return !script_.empty() && !program_.main_script.empty() &&
               base_name(f.file) == base_name(script_) && source_path(f) == script_;
    }

    frame compiling_main_script(frame_kind by) const {
        const bool is_typed = !program_.main_script.empty();
        const std::string_view script =
            base_name(is_typed ? program_.main_script : program_.started_script);
        return {.function = "compiling " + (script.empty() ? "the program" : std::string(script)),
                .first_line = static_cast<std::uint32_t>(by),
                .kind = frame_kind::compiling};
    }

    void tidy_callstacks() {
        const program_starters starts_program(program_);
        const auto& callstacks = raw_.callstacks();
        new_callstack_.assign(callstacks.size(), callstack_index::empty);
        std::vector<bool> begun(callstacks.size());  // below the first function of a part
        for (std::size_t i = 1; i < callstacks.size(); ++i) {
            const auto [caller, called] = callstacks[i];
            const frame& f = raw_.frames()[to_index(called)];
            if (starts_program.is_ours(f)) continue;
            callstack_index above = new_callstack_[to_index(caller)];
            begun[i] = begun[to_index(caller)];
            const callstack_index errand = errands_[to_index(caller)];
            if (errand != callstack_index::empty && errands_[i] == callstack_index::empty) {
                above = alone(caller, errand);
                begun[i] = false;
            }
            if (!begun[i] && starts_program.is_first(f)) {
                begun[i] = true;
                above = callstack_index::empty;
            } else if (above == callstack_index::empty || is_errand(above)) {
                const bool outermost = caller == callstack_index::empty;
                const frame* before = outermost ? nullptr : &raw_frame(caller);
                if (starts_program(f, before)) {
                    new_callstack_[i] = above;
                    continue;
                }
            }
            if (conventions::native::is_announcement(f) && above != callstack_index::empty) {
                new_callstack_[i] = asker_of(caller);
                continue;
            }
            if (conventions::jemalloc::is_hook(f) && above != callstack_index::empty) {
                new_callstack_[i] = asker_of_jemalloc(caller, f);
                continue;
            }
            new_callstack_[i] = conventions::native::is_our_hook(f)
                                    ? above
                                    : merged_(above, new_frame_[to_index(called)]);
        }
    }

    // ---- errands: a thread works for what stands above, unless it runs the user's own code ----

    // How a thread was given its work and that no other thread could have asked are the same to a
    // reader: the two are of Python's threads, and of a library's.
    static std::string errand_text(const frame& f) {
        const errand_kind how = errand_of(f);
        return "[thread " + f.function +
               (how == errand_kind::guessed   ? ", guessed]"
                : how == errand_kind::job     ? ", by its stack]"
                : how == errand_kind::started ? ", started]"
                                              : "]");
    }

    bool is_errand(callstack_index i) const {
        const frame_index of = tidy_.callstacks()[to_index(i)].frame;
        return tidy_.frames()[to_index(of)].kind == frame_kind::errand;
    }

    // By raw callstack: that of the errand that it is a part of; `empty`: none, or no longer.
    std::vector<callstack_index> errands_of_callstacks() const {
        const code_owners owners(program_);
        std::vector<bool> is_users;
        for (const frame& f : raw_.frames())
            is_users.push_back(owners.of(f).owner == frame_owner::user);
        const auto& callstacks = raw_.callstacks();
        std::vector<callstack_index> errands(callstacks.size(), callstack_index::empty);
        for (std::size_t i = 1; i < callstacks.size(); ++i) {
            const auto [caller, called] = callstacks[i];
            if (raw_.frames()[to_index(called)].kind == frame_kind::errand) {
                errands[i] = callstack_index(i);
            } else if (!is_users[to_index(called)]) {
                errands[i] = errands[to_index(caller)];
            }
        }
        return errands;
    }

    // The same without the errand and what stands above it.
    callstack_index alone(callstack_index innermost, callstack_index errand) {
        const program_starters starts_program(program_);
        std::vector<callstack_index> way;
        for (auto at = innermost; at != errand; at = raw_.callstacks()[to_index(at)].caller)
            way.push_back(at);
        callstack_index found = callstack_index::empty;
        const frame* before = nullptr;
        for (auto at = way.rbegin(); at != way.rend(); ++at) {
            const frame& f = raw_frame(*at);
            const bool starts = found == callstack_index::empty && starts_program(f, before);
            before = &f;
            if (starts || starts_program.is_ours(f)) continue;
            found = merged_(found, new_frame_[to_index(raw_.callstacks()[to_index(*at)].frame)]);
        }
        return found;
    }

    const frame& raw_frame(callstack_index i) const {
        return raw_.frames()[to_index(raw_.callstacks()[to_index(i)].frame)];
    }

    void tidy_usage(mapping_kind kind) {
        if (raw_.used(kind).empty()) return;
        std::vector<usage> sums(tidy_.callstacks().size());
        usage nowhere;
        for (const auto& [callstack, used] : raw_.used(kind)) {
            const callstack_index at = new_callstack_[to_index(callstack)];
            (at == callstack_index::empty ? nowhere : sums[to_index(at)]) += used;
        }
        tidy_.reserve_usage(kind, raw_.used(kind).size());
        if (nowhere != usage{}) tidy_.add_usage(kind, placeholder(), nowhere);
        for (std::size_t i = 1; i < sums.size(); ++i) {
            if (sums[i] != usage{}) tidy_.add_usage(kind, callstack_index(i), sums[i]);
        }
    }

    callstack_index or_placeholder(callstack_index i) {
        return i == callstack_index::empty ? placeholder() : i;
    }

    callstack_index placeholder() {
        const std::string name(conventions::of(program_.kind).no_callstack);
        return merged_(callstack_index::empty,
                       tidy_.add_frame({.function = name, .kind = frame_kind::placeholder}));
    }

    const snapshot& raw_;
    const program_facts& program_;
    const std::string script_;
    const pickled_code pickled_;
    const std::vector<callstack_index> errands_;  // by raw callstack
    snapshot tidy_;
    std::vector<frame_index> new_frame_;          // by raw frame
    std::vector<callstack_index> new_callstack_;  // by raw callstack; `empty`: nothing is left
    struct text_hash {
        std::size_t operator()(const std::string& text) const {
            return hash_bytes(text.data(), text.size());
        }
    };
    merged_callstacks merged_;
};

inline snapshot tidied(const snapshot& raw, const program_facts& program) {
    return tidying(raw, program).result();
}

}  // namespace fil::report
