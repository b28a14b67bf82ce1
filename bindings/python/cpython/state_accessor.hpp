#pragma once
// Which variable the interpreter's "current thread state" function reads.
//
// That function is called at every allocation, and where the variable is thread-local its call of
// __tls_get_addr is a tenth of a capture. It is a load and a return, in a handful of shapes that
// compilers make of it, so its code is read once and the variable is then loaded directly. An
// unknown shape, or another architecture than x86-64, means that the function is called: nothing
// depends on this but speed. What was read is checked against the call in every thread
// (runtime.hpp). Reading code touches nothing else; cold, any thread.
#include <cstdint>
#include <cstring>

namespace fil::python {

struct accessed_variable {
    enum class kind {
        unknown,
        global,        // at `where`
        thread_block,  // at the thread pointer + `where`
        thread_index   // where __tls_get_addr says, given `where`
    };
    kind is = kind::unknown;
    std::uintptr_t where = 0;
};

#if defined(__x86_64__)

class code_reader {
  public:
    explicit code_reader(const void* code) : at_(static_cast<const unsigned char*>(code)) {}

    // Steps over these bytes if they are next.
    template <std::size_t Size>
    bool skip(const unsigned char (&bytes)[Size]) {
        if (std::memcmp(at_, bytes, Size) != 0) return false;
        at_ += Size;
        return true;
    }
    // A signed 32-bit operand.
    std::intptr_t operand() {
        std::int32_t value;
        std::memcpy(&value, at_, sizeof value);
        at_ += sizeof value;
        return value;
    }
    // What an operand relative to the next instruction points to.
    std::uintptr_t target() {
        const std::intptr_t distance = operand();
        return reinterpret_cast<std::uintptr_t>(at_) + static_cast<std::uintptr_t>(distance);
    }

  private:
    const unsigned char* at_;
};

inline accessed_variable read_accessor(const void* function) {
    using kind = accessed_variable::kind;
    const auto pointer_at = [](std::uintptr_t where) {
        return *reinterpret_cast<const std::uintptr_t*>(where);
    };
    constexpr unsigned char ret[] = {0xc3};
    code_reader code(function);
    code.skip({0xf3, 0x0f, 0x1e, 0xfa});                   // endbr64
    if (code.skip({0x55})) code.skip({0x48, 0x89, 0xe5});  // push rbp; mov rbp, rsp
    code.skip({0x48, 0x83, 0xec, 0x08});                   // sub rsp, 8

    if (code.skip({0x66, 0x48, 0x8d, 0x3d})) {  // lea rdi, [rip + index]
        const std::uintptr_t index = code.target();
        const bool calls = code.skip({0x66, 0x66, 0x48, 0xe8}) ||  // call __tls_get_addr
                           code.skip({0x66, 0x48, 0xff, 0x15});
        code.operand();
        if (calls && code.skip({0x48, 0x8b, 0x00})) return {kind::thread_index, index};
        return {};
    }
    if (code.skip({0x64, 0x48, 0x8b, 0x04, 0x25})) {  // mov rax, fs:[offset]
        const auto offset = static_cast<std::uintptr_t>(code.operand());
        code.skip({0x5d});  // pop rbp
        return code.skip(ret) ? accessed_variable{kind::thread_block, offset} : accessed_variable{};
    }
    if (!code.skip({0x48, 0x8b, 0x05})) return {};  // mov rax, [rip + variable]
    const std::uintptr_t variable = code.target();
    if (code.skip({0x64, 0x48, 0x8b, 0x00})) {  // mov rax, fs:[rax]
        code.skip({0x5d});
        return code.skip(ret) ? accessed_variable{kind::thread_block, pointer_at(variable)}
                              : accessed_variable{};
    }
    if (code.skip({0x48, 0x8b, 0x80})) {  // mov rax, [rax + member]
        const auto member = static_cast<std::uintptr_t>(code.operand());
        code.skip({0x5d});
        return code.skip(ret) ? accessed_variable{kind::global, pointer_at(variable) + member}
                              : accessed_variable{};
    }
    code.skip({0x5d});
    return code.skip(ret) ? accessed_variable{kind::global, variable} : accessed_variable{};
}

#else

inline accessed_variable read_accessor(const void*) {
    return {};
}

#endif

}  // namespace fil::python
