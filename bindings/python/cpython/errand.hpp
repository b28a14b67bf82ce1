#pragma once
// For whom does this thread work? Of a thread that runs nothing but a library's functions: the
// workers of an executor, a reader of results, an event loop. docs/design/whose-work.md says why.
//
// Its callstack then stands on that of whoever asked, with a frame between that names the thread:
//
//     x.py:9 ─ submit ─ [thread ThreadPoolExecutor] ─ _bootstrap ─ ... ─ _worker ─ run ─ parse
//
// The evidence is what the thread has in hand: the block of a work item, or of a coroutine, was
// made by the call that asked. So variables of the thread's outermost function (its loop, which
// most libraries have) and of the function that this calls are looked up in the recorder. Only
// addresses are looked up; what objects say is read for a thread's name and for who waits for a
// result, with the interpreter lock held. One thread, no locks. Hot path: no allocation, no throw.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "asker.hpp"
#include "awaited_results.hpp"
#include "code_names.hpp"
#include "fil.h"
#include "object_reading.hpp"
#include "runtime.hpp"
#include "thread_name.hpp"

namespace fil::python {

class errands {
  public:
    void forget() {
        askers_.forget();
        plain_ = 0;
        loop_code_ = 0;
        this_thread.errand = 0;
        last_ = {};
        in_hand_ = {};
    }

    // Code died, which leaves its addresses to others.
    void forget_code() { plain_ = loop_code_ = 0; }

    // What the chain, which is proved to be the stack of now, should stand on:
    // FIL_CALLSTACK_UNKNOWN if this thread works for itself.
    template <typename Frames, typename Chain>
    fil_callstack root(const python_runtime& runtime, code_names& names, const Chain& chain) {
        if (chain.count() >= bottom_ && bottom_ != 0 &&
            code_of(runtime.layout, chain.frame(bottom_)) == plain_) [[likely]]
            return FIL_CALLSTACK_UNKNOWN;
        return root_of_helper<Frames>(runtime, names, chain);
    }

    // Then another answer may come while the newest frame stays where it is, so that it is not to
    // be trusted next time: its own variables were read, or the thread did not hold the lock,
    // without which not everything can be asked. Asked once.
    bool may_change() { return std::exchange(may_change_, false); }

  private:
    static constexpr std::uint32_t most_starting = 12;  // frames of threading.py, and shims

    template <typename Frames, typename Chain>
    [[gnu::noinline]] fil_callstack root_of_helper(const python_runtime& runtime, code_names& names,
                                                   const Chain& chain) {
        if (runtime.objects == nullptr) return FIL_CALLSTACK_UNKNOWN;
        const std::uint32_t loop = find_loop(runtime, chain);
        if (loop == 0) return FIL_CALLSTACK_UNKNOWN;
        const object_reader reader(runtime.layout, *runtime.objects);
        const std::uint32_t called = next_function(runtime, chain, loop + 1);
        may_change_ = chain.count() <= loop || chain.count() <= called || !holds_lock(runtime);
        if (has_same_in_hand(reader, chain.frame(loop))) return last_root_;
        if (!know_thread(runtime, chain, reader, loop)) return FIL_CALLSTACK_UNKNOWN;

        in_hand_ = {};
        last_ = find_asker<Frames>(runtime, names, chain, reader, loop, called);
        if (in_hand_.frame != 0) in_hand_.variables = hash_of_variables(reader, in_hand_.frame);
        last_root_ = last_.asker <= FIL_CALLSTACK_UNKNOWN
                         ? FIL_CALLSTACK_UNKNOWN
                         : fil_callstack_child(last_.asker, this_thread.errand, last_.how);
        return last_root_;
    }

    // What told last, in a variable of the loop's: while all of these are as they were, and the
    // block too, so is the answer.
    struct hand {
        address frame, object;
        std::uint64_t variables;  // a hash of their values
        fil_callstack made;
        fil_function errand;
    };
    std::uint64_t hash_of_variables(const object_reader& reader, address frame) const {
        std::uint64_t hash = 0;
        for (std::uint32_t i = 0; i < loop_variables_; ++i)
            hash = (hash ^ reader.variable(frame, i)) * 0x9e3779b97f4a7c15u;
        return hash;
    }
    bool has_same_in_hand(const object_reader& reader, address frame) const {
        return in_hand_.frame == frame && in_hand_.errand == this_thread.errand &&
               hash_of_variables(reader, frame) == in_hand_.variables &&
               block_of_object(in_hand_.object).callstack == in_hand_.made;
    }

    // ---- which function is the thread's own? ----

    template <typename Chain>
    static std::uint32_t next_function(const python_runtime& runtime, const Chain& chain,
                                       std::uint32_t from) {
        while (from <= chain.count() && code_names::is_shim(runtime.layout, chain.frame(from)))
            ++from;
        return from <= chain.count() ? from : 0;
    }

    std::string_view file(const python_runtime& runtime, address code) {
        const fil_text found = read_text(runtime.layout, load(code, runtime.layout.code_filename),
                                         text_, sizeof text_);
        return {found.data, found.length};
    }

    // The position of a library's function that is the first of a thread of Python's; or 0.
    template <typename Chain>
    std::uint32_t find_loop(const python_runtime& runtime, const Chain& chain) {
        if (loop_code_ != 0 && chain.count() >= loop_ &&
            code_of(runtime.layout, chain.frame(loop_)) == loop_code_ &&
            code_of(runtime.layout, chain.frame(bottom_)) == bootstrap_) {
            return is_librarys_ ? loop_ : 0;
        }
        loop_code_ = 0;
        plain_ = 0;
        bottom_ = next_function(runtime, chain, 1);
        if (bottom_ == 0) return 0;
        bootstrap_ = code_of(runtime.layout, chain.frame(bottom_));
        const std::string_view bottom_file = file(runtime, bootstrap_);
        const object_reader reader(runtime.layout, *runtime.objects);
        constexpr std::string_view threading = "/threading.py";
        if (!bottom_file.ends_with(threading) ||
            reader.text(load(bootstrap_, runtime.layout.code_name)) != "_bootstrap") {
            plain_ = bootstrap_;
            return 0;
        }
        keep_library(bottom_file.substr(0, bottom_file.size() - threading.size()));
        for (std::uint32_t at = bottom_; at != 0 && at < bottom_ + most_starting;
             at = next_function(runtime, chain, at + 1)) {
            const address code = code_of(runtime.layout, chain.frame(at));
            const std::string_view its_file = file(runtime, code);
            if (its_file.ends_with(threading) && home().is_standard(its_file)) continue;
            loop_ = at;
            loop_code_ = code;
            is_librarys_ = home().is_library(its_file);
            is_loop_ = takes_work(reader, code);
            loop_variables_ = reader.variables(code);
            return is_librarys_ ? at : 0;
        }
        return 0;  // it is about to begin
    }

    void keep_library(std::string_view directory) {
        library_length_ = std::min(directory.size(), sizeof library_);
        directory.copy(library_, library_length_);
    }
    code_home home() const { return {{library_, library_length_}}; }

    // Whether a function takes what it works on from somewhere.
    static bool takes_work(const object_reader& reader, address code) {
        constexpr std::array<std::string_view, 8> ways{"get",  "get_nowait", "popleft", "pop",
                                                       "recv", "take",       "dequeue", "_get"};
        return reader.mentions(code, [&](std::string_view name) {
            return std::ranges::find(ways, name) != ways.end();
        });
    }

    // ---- which thread is it? ----

    static bool holds_lock(const python_runtime& runtime) {
        const address* slot = this_thread.state_slot;
        if (slot == nullptr || *slot == 0) return false;
        return runtime.layout.version >= 0x030c ||
               load<pthread_t>(*slot, runtime.layout.thread_id) == this_pthread();
    }

    template <typename Chain>
    bool know_thread(const python_runtime& runtime, const Chain& chain, const object_reader& reader,
                     std::uint32_t loop) {
        if (this_thread.errand == 0) {
            if (!holds_lock(runtime)) return false;
            const address thread = reader.variable(chain.frame(bottom_), 0);
            const address name = thread != 0 ? reader.attribute(thread, "_name") : 0;
            const std::size_t length =
                name != 0 ? write_without_numbers(reader.text(name), text_, 200) : 0;
            const fil_text shown = {length != 0 ? text_ : "thread", length != 0 ? length : 6};
            this_thread.errand = fil_function_intern(FIL_FUNCTION_ERRAND, shown, {"", 0}, 0);
            this_thread.started = fil_thread_inherited();
        }
        fil_function function = 0;
        fil_callstack_caller(chain.callstack(loop), &function, nullptr);
        askers_.judge_for(home(), function, this_thread.errand, this_thread.started);
        return this_thread.errand != 0;
    }

    // ---- who asked? ----

    struct weak_work {  // that came with the thread itself
        fil_callstack asker;
        hand where;
    };

    template <typename Frames, typename Chain>
    answer find_asker(const python_runtime& runtime, code_names& names, const Chain& chain,
                      const object_reader& reader, std::uint32_t loop, std::uint32_t called) {
        weak_work weak = {FIL_CALLSTACK_UNKNOWN, {}};
        const address loop_frame = chain.frame(loop);
        if (is_loop_) {
            const fil_callstack work = work_in(runtime, reader, loop_frame, loop_code_,
                                               reader.arguments(loop_code_), weak);
            if (work != FIL_CALLSTACK_UNKNOWN) return {work, FIL_ERRAND_TASK};
        }
        const std::uint32_t last = std::min(chain.count(), loop + most_starting);
        for (std::uint32_t at = loop + 1; at <= last; ++at) {
            if (code_names::is_shim(runtime.layout, chain.frame(at))) continue;
            const fil_block coroutine =
                reader.coroutine_of(chain.frame(at), code_of(runtime.layout, chain.frame(at)));
            if (coroutine.callstack <= FIL_CALLSTACK_UNKNOWN) continue;
            const judged_callstack& judged = askers_.judge(coroutine.callstack);
            if (judged.asker != FIL_CALLSTACK_UNKNOWN) return {judged.asker, FIL_ERRAND_TASK};
            break;
        }
        if (called != 0) {
            const address code = code_of(runtime.layout, chain.frame(called));
            if (is_loop_ || takes_work(reader, code)) {
                const fil_callstack work =
                    work_in(runtime, reader, chain.frame(called), code, 0, weak);
                if (work != FIL_CALLSTACK_UNKNOWN) return {work, FIL_ERRAND_TASK};
            }
        }
        if (!holds_lock(runtime)) return last_;
        const awaited_results results(runtime, reader, askers_);
        const answer awaited = results.asker(chain, loop, last);
        if (awaited.asker != FIL_CALLSTACK_UNKNOWN) return awaited;
        if (weak.asker != FIL_CALLSTACK_UNKNOWN) {
            if (weak.where.frame == loop_frame) in_hand_ = weak.where;
            return {weak.asker, FIL_ERRAND_TASK};
        }
        if (is_loop_) {
            fil_callstack likely = anything_in(runtime, reader, loop_frame, false);
            if (likely == FIL_CALLSTACK_UNKNOWN) likely = who_waits<Frames>(runtime, names);
            if (likely == FIL_CALLSTACK_UNKNOWN)
                likely = anything_in(runtime, reader, loop_frame, true);
            if (likely != FIL_CALLSTACK_UNKNOWN) return {likely, FIL_ERRAND_GUESSED};
        }
        if (this_thread.started <= FIL_CALLSTACK_UNKNOWN)
            return {FIL_CALLSTACK_UNKNOWN, FIL_ERRAND_GUESSED};
        return {askers_.judge(this_thread.started).asker,
                is_loop_ ? FIL_ERRAND_GUESSED : FIL_ERRAND_STARTED};
    }

    // What the interpreter keeps for reuse stays charged to whoever made it first; functions and
    // classes are older than any work.
    static bool says_little(const python_runtime& runtime, const object_reader& reader,
                            address object) {
        const auto type = reinterpret_cast<const void*>(reader.type_of(object));
        const python_symbols& symbols = runtime.symbols;
        return type == symbols.PyTuple_Type || type == symbols.PyList_Type ||
               type == symbols.PyDict_Type || type == symbols.PyFloat_Type ||
               type == symbols.PyFunction_Type || type == symbols.PyType_Type ||
               type == symbols.PyMethod_Type || type == symbols.PyCFunction_Type;
    }

    static bool is_tuple(const python_runtime& runtime, const object_reader& reader,
                         address object) {
        return reinterpret_cast<const void*>(reader.type_of(object)) ==
               runtime.symbols.PyTuple_Type;
    }

    // visit(judged, where), until it returns true, of what a frame's variables hold.
    template <typename Visit>
    void each_variable(const python_runtime& runtime, const object_reader& reader, address frame,
                       address code, std::uint32_t first, bool tuples, Visit visit) {
        const std::uint32_t count = reader.variables(code);
        for (std::uint32_t i = first; i < count; ++i) {
            const address object = reader.variable(frame, i);
            if (object == 0) continue;
            const fil_block block = block_of_object(object, 16);
            if (block.callstack <= FIL_CALLSTACK_UNKNOWN) continue;
            if (tuples ? !is_tuple(runtime, reader, object) : says_little(runtime, reader, object))
                continue;
            const judged_callstack& judged = askers_.judge(block.callstack);
            const hand here = {frame, object, 0, block.callstack, this_thread.errand};
            if (judged.asker != FIL_CALLSTACK_UNKNOWN && visit(judged, here)) return;
        }
    }

    // A work item of the library's own. What was made in the call that started the thread says
    // least, since that may be a queue: it is kept in `weak`.
    fil_callstack work_in(const python_runtime& runtime, const object_reader& reader, address frame,
                          address code, std::uint32_t first, weak_work& weak) {
        fil_callstack found = FIL_CALLSTACK_UNKNOWN;
        each_variable(runtime, reader, frame, code, first, false,
                      [&](const judged_callstack& judged, const hand& here) {
                          if (!judged.is_work) return false;
                          if (judged.is_starters) {
                              if (weak.asker == FIL_CALLSTACK_UNKNOWN) weak = {judged.asker, here};
                              return false;
                          }
                          found = judged.asker;
                          if (code == loop_code_) in_hand_ = here;
                          return true;
                      });
        return found;
    }

    // Whatever somebody else made that is in the loop's hand; or only tuples, which may be older.
    fil_callstack anything_in(const python_runtime& runtime, const object_reader& reader,
                              address frame, bool tuples) {
        fil_callstack found = FIL_CALLSTACK_UNKNOWN;
        each_variable(runtime, reader, frame, loop_code_, reader.arguments(loop_code_), tuples,
                      [&](const judged_callstack& judged, const hand& here) {
                          if (judged.is_own || judged.is_starters) return false;
                          found = judged.asker;
                          in_hand_ = here;
                          return true;
                      });
        return found;
    }

    // With the lock held nobody's frames move. A thread that waits inside the library whose loop
    // this is waits for it; unless several do.
    template <typename Frames>
    fil_callstack who_waits(const python_runtime& runtime, code_names& names) {
        const address own = *this_thread.state_slot;
        fil_callstack found = FIL_CALLSTACK_UNKNOWN;
        std::uint32_t threads = 0;
        for (const std::uint32_t link : {0u, 8u}) {  // PyThreadState: prev, next
            for (address state = load(own, link); state != 0 && threads < 256;
                 state = load(state, link), ++threads) {
                const fil_callstack waits = stack_of<Frames>(runtime, names, state);
                if (waits == FIL_CALLSTACK_UNKNOWN) continue;
                if (found != FIL_CALLSTACK_UNKNOWN) return FIL_CALLSTACK_UNKNOWN;
                found = waits;
            }
        }
        return found;
    }

    // A thread's callstack, if it stands in this thread's library, called by the user's code.
    template <typename Frames>
    fil_callstack stack_of(const python_runtime& runtime, code_names& names, address state) {
        const Frames frames{runtime.layout, state};
        std::uint32_t depth = 0;
        // A state that a thread of C code is making has nothing in it yet.
        if (load(state, runtime.layout.thread_frame) == 0) return FIL_CALLSTACK_UNKNOWN;
        address frame = current_frame<Frames>(runtime.layout, state);
        for (; frame != 0 && depth < deepest; frame = frames.previous(frame))
            stack_[depth++] = frame;
        if (frame != 0) return FIL_CALLSTACK_UNKNOWN;
        fil_callstack callstack = FIL_CALLSTACK_UNKNOWN;
        while (depth-- != 0)
            callstack =
                names.callstack(runtime, callstack, stack_[depth], frames.key(stack_[depth]));
        if (callstack == FIL_CALLSTACK_UNKNOWN) return callstack;
        return askers_.stands_in_home(callstack) ? callstack : FIL_CALLSTACK_UNKNOWN;
    }

    answer last_;
    hand in_hand_;
    fil_callstack last_root_;
    static constexpr std::uint32_t deepest = 128;
    address stack_[deepest];  // of another thread; too large for a signal handler's
    address plain_;           // the outermost code of a thread that is no helper
    address bootstrap_;       // the outermost code of one that may be
    address loop_code_;       // the first that is not threading.py's; 0: not known
    std::uint32_t bottom_, loop_, loop_variables_;
    bool is_librarys_, is_loop_, may_change_;
    std::size_t library_length_;
    char library_[1024];
    char text_[1024];
    askers askers_;
};

}  // namespace fil::python
