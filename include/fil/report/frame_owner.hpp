#pragma once
// Whose code is a frame: the user's own, a library's, the standard library's, compiled code's?
//
// The reader looks for lines that they can change. Those lie in none of the interpreter's
// directories; in a native program, they are the functions of the main executable, except what its
// compiler put there from system headers. The directories come with the facts; what is known
// without, by the habits of a runtime, is in conventions/. Pure functions of the frame and the
// facts.

#include <utility>
#include <vector>

#include "fil/report/conventions/all.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/ownership.hpp"

namespace fil::report {

class code_owners {
  public:
    explicit code_owners(program_facts program) : program_(std::move(program)) {}

    ownership of(const frame& f) const {
        if (f.kind == frame_kind::threads)
            return {frame_owner::threads, conventions::native::package_of_object(f.module)};
        if (f.kind == frame_kind::process) return {frame_owner::process};
        if (f.kind == frame_kind::errand) return {frame_owner::errand};
        if (stands_for_no_frame(f)) return {frame_owner::library};
        return conventions::of(f).owner_of(f, program_);
    }

  private:
    program_facts program_;
};

}  // namespace fil::report
