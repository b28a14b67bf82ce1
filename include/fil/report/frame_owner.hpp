#pragma once
// Whose code is a frame: the user's own, a library's, the standard library's, compiled code's?
//
// The reader looks for lines that they can change. Those lie in none of the interpreter's
// directories; in a native program, they are the functions of the main executable, except what its
// compiler put there from system headers. The directories come with the facts; what is known
// without, by the habits of a runtime, is in conventions/. Pure functions of the frame and the
// facts.

#include <string>
#include <utility>

#include "fil/report/conventions/lua.hpp"
#include "fil/report/conventions/native.hpp"
#include "fil/report/conventions/python.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/ownership.hpp"
#include "fil/report/paths.hpp"

namespace fil::report {

class code_owners {
  public:
    explicit code_owners(program_facts program) : program_(std::move(program)) {
        executable_ = normal_path(program_.main_executable);
    }

    ownership of(const frame& f) const {
        switch (f.kind) {
            case frame_kind::placeholder:
            case frame_kind::compiling:
                return {frame_owner::library};
            case frame_kind::native:
                return conventions::native::owner_of(f, executable_);
            case frame_kind::threads:
                return {frame_owner::threads, conventions::python::package_of_object(f.module)};
            default:
                return of_script(f);
        }
    }

  private:
    ownership of_script(const frame& f) const {
        if (is_pseudo_file(f.file)) return conventions::python::owner_of_pseudo_file(f);
        if (!program_.main_script.empty() && f.file == program_.main_script) {
            return {frame_owner::user};
        }
        const std::string path = source_path(f);
        if (const auto inside = conventions::python::below_site_directory(path); !inside.empty()) {
            return {frame_owner::library, conventions::python::package_in_site(inside)};
        }
        if (!below(path, program_.own_directory).empty())
            return {frame_owner::library, "filprofiler"};
        if (const auto inside = conventions::python::below_standard_library(path);
            !inside.empty()) {
            return {frame_owner::standard_library, module_name(inside)};
        }
        if (const auto inside = conventions::lua::below_library_directory(path); !inside.empty()) {
            return {frame_owner::library, module_name(inside)};
        }
        if (path.empty() && f.kind == frame_kind::python) return {frame_owner::library};
        return {frame_owner::user};
    }

    program_facts program_;
    std::string executable_;
};

}  // namespace fil::report
