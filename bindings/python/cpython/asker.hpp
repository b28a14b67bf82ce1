#pragma once
// Which callstack asked for something, by the callstack that made a piece of it: judged by whose
// functions are in it, and remembered.
//
//     x.py:9 ─ submit ─►                            made it: that asked
//     x.py:9 ─ submit ─ [thread ..] ─ _worker ─ f   f is a library's: x.py:9 asked for that, too
//     x.py:9 ─ submit ─ [thread ..] ─ _worker ─ x.py:4 ─ submit    x.py:4 asked: from _worker on
//
// So a callstack that asked never holds an errand, however often work makes work. One thread, no
// locks; everything is of one generation: forget(). Hot path: no allocation, no throw.
#include <cstdint>
#include <string_view>

#include "fil.h"

namespace fil::python {

// What a path is a part of: a package, or a module of the standard library's.
struct code_home {
    std::string_view standard_library;  // threading.py's directory

    static std::size_t below_site(std::string_view path) {
        for (const std::string_view mark : {"/site-packages/", "/dist-packages/"}) {
            if (const std::size_t at = path.rfind(mark); at != path.npos) return at + mark.size();
        }
        return 0;
    }
    bool is_standard(std::string_view path) const {
        return path.starts_with("<frozen ") ||
               (!standard_library.empty() && path.size() > standard_library.size() &&
                path.starts_with(standard_library) && path[standard_library.size()] == '/');
    }
    bool is_library(std::string_view path) const {
        return below_site(path) != 0 || is_standard(path);
    }
    // ".../site-packages/joblib", ".../lib/python3.12/multiprocessing", ".../queue.py".
    std::string_view of(std::string_view path) const {
        std::size_t start = below_site(path);
        if (start == 0 && is_standard(path)) start = standard_library.size() + 1;
        if (start == 0 || start > path.size()) return path.substr(0, path.rfind('/') + 1);
        return path.substr(0, path.find('/', start));
    }
};

struct judged_callstack {
    fil_callstack made;   // what is judged; 0: nothing
    fil_callstack asker;  // FIL_CALLSTACK_UNKNOWN: it says nothing
    bool is_work;         // made by the thread's own library, elsewhere than in its loop
    bool is_own;          // made by such a thread, for somebody
    bool is_starters;     // made in the very call that started the thread
};

class askers {
  public:
    void forget() {
        for (judged_callstack& each : known_) each = {};
        started_ = FIL_CALLSTACK_UNKNOWN;
        started_steps_ = 0;
        loop_ = errand_ = 0;
    }

    // Judges for a thread whose outermost function is `loop`, which was started by `started`.
    void judge_for(const code_home& home, fil_function loop, fil_function errand,
                   fil_callstack started) {
        home_ = home;
        if (loop == loop_ && errand == errand_ && started == started_) return;
        forget();
        loop_ = loop;
        errand_ = errand;
        started_ = started;
        own_home_ = home_.of(file_of(loop));
        started_steps_ = read_steps(started, of_starter_);
    }

    const judged_callstack& judge(fil_callstack made) {
        judged_callstack& known = known_[made % places];
        if (known.made != made) known = judge_anew(made);
        return known;
    }

    // Whether its innermost functions, down from the user's last, are some of the same library's.
    bool stands_in_home(fil_callstack at) const {
        bool is_home = false;
        while (at > FIL_CALLSTACK_UNKNOWN) {
            fil_function function;
            at = fil_callstack_caller(at, &function, nullptr);
            if (function == 0) break;
            if (is_users(function)) return is_home;
            is_home |= home_.of(file_of(function)) == own_home_;
        }
        return false;
    }

  private:
    struct step {
        fil_function function;
        std::uint32_t line;
        fil_callstack here;
    };
    static constexpr std::uint32_t most_steps = 512, places = 128;

    static std::string_view file_of(fil_function function) {
        fil_text file = {"", 0};
        fil_function_look(function, &file);
        return {file.data, file.length};
    }
    bool is_users(fil_function function) const {
        fil_text file = {"", 0};
        return fil_function_look(function, &file) == FIL_FUNCTION_PYTHON &&
               !home_.is_library({file.data, file.length});
    }

    // Innermost first; 0: there are none, or too many.
    static std::uint32_t read_steps(fil_callstack at, step (&steps)[most_steps]) {
        std::uint32_t count = 0;
        while (at > FIL_CALLSTACK_UNKNOWN) {
            step next = {0, 0, at};
            at = fil_callstack_caller(at, &next.function, &next.line);
            if (next.function == 0) break;
            if (count == most_steps) return 0;
            steps[count++] = next;
        }
        return count;
    }

    judged_callstack judge_anew(fil_callstack made) {
        judged_callstack judged = {made, FIL_CALLSTACK_UNKNOWN, false, false, false};
        const std::uint32_t count = read_steps(made, steps_);
        if (count == 0 || steps_[0].function == loop_) return judged;
        std::uint32_t errand = 0;
        bool has_user = false;
        while (errand != count &&
               fil_function_look(steps_[errand].function, nullptr) != FIL_FUNCTION_ERRAND) {
            has_user |= is_users(steps_[errand++].function);
        }
        judged.is_work = home_.of(file_of(steps_[0].function)) == own_home_;
        judged.is_own = errand != count && !has_user && steps_[errand].function == errand_;
        judged.is_starters = is_of_starter(count);
        if (errand == count) {
            if (has_user) judged.asker = made;
        } else if (has_user) {
            fil_callstack alone = FIL_CALLSTACK_UNKNOWN;
            for (std::uint32_t i = errand; i-- != 0;)
                alone = fil_callstack_child(alone, steps_[i].function, steps_[i].line);
            judged.asker = alone;
        } else if (errand + 1 < count) {
            judged.asker = steps_[errand + 1].here;
        }
        return judged;
    }

    // From the root on both are one, up to the call of a library's in which they part.
    bool is_of_starter(std::uint32_t count) const {
        std::uint32_t same = 0;
        const auto at = [&](const step* steps, std::uint32_t all) -> const step& {
            return steps[all - 1 - same];
        };
        while (same != count && same != started_steps_ &&
               at(steps_, count).here == at(of_starter_, started_steps_).here) {
            ++same;
        }
        if (same == count || same == started_steps_) return same != 0;
        const fil_function parting = at(steps_, count).function;
        return parting == at(of_starter_, started_steps_).function && !is_users(parting);
    }

    code_home home_{};
    std::string_view own_home_;
    fil_function loop_, errand_;
    fil_callstack started_;
    std::uint32_t started_steps_;
    step of_starter_[most_steps];
    step steps_[most_steps];
    judged_callstack known_[places];
};

}  // namespace fil::python
