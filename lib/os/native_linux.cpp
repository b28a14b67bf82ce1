// Linux and glibc: what native capture asks of the system. Loaded modules by the dynamic loader,
// the alternate signal stack by sigaltstack. No state, no lock of ours: it may run in a malloc
// hook, and in a child that was forked while another thread was here.

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

#include "fil/base/reentry_guard.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "os/sandbox.hpp"
#include "os/system_modules.hpp"
#include "os/system_signal_stacks.hpp"
#include "os/system_stack_ends.hpp"

namespace {

using segment_header = ElfW(Phdr);
using note_header = ElfW(Nhdr);
using file_header = ElfW(Ehdr);

// One line of /proc/self/maps: "begin-end rwxp offset device inode      path".
std::string_view file_if_at(std::uintptr_t address, std::string_view line) {
    char* rest = nullptr;
    const std::uintptr_t begin = std::strtoull(line.data(), &rest, 16);
    const std::uintptr_t end = std::strtoull(rest + 1, &rest, 16);
    if (address < begin || address >= end) return {};
    const std::size_t path = line.find('/');
    if (path == line.npos) return {};
    line.remove_prefix(path);  // not substr(), which knows how to throw
    return line;
}

// The absolute path of the file mapped at `address`; empty if unknown. Unlike /proc/self/exe it is
// right when the loader was started as a program, and unlike the name that dlopen was given it does
// not depend on the working directory. A path is long, and the stack may be a signal handler's: so
// it is read into a page or two of its own.
class mapped_file {
  public:
    explicit mapped_file(std::uintptr_t address)
        : text_(static_cast<char*>(fil::system_pages::map(bytes))) {
        if (text_ == nullptr || !fil::sandbox::allows(fil::sandbox::of_modules)) return;
        const int descriptor = static_cast<int>(
            syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC));
        if (descriptor < 0) return;
        while (name_.empty() && fill(descriptor)) search(address);
        syscall(SYS_close, descriptor);
    }
    ~mapped_file() {
        if (text_ != nullptr) fil::system_pages::unmap(text_, bytes);
    }
    mapped_file(const mapped_file&) = delete;
    std::string_view name() const { return name_; }

  private:
    bool fill(int descriptor) {
        const long count = syscall(SYS_read, descriptor, text_ + filled_, bytes - 1 - filled_);
        if (count <= 0) return false;
        filled_ += static_cast<std::size_t>(count);
        text_[filled_] = '\0';
        return true;
    }

    // Looks at the whole lines in `text_`, and keeps what is left.
    void search(std::uintptr_t address) {
        char* line = text_;
        while (char* end = std::strchr(line, '\n')) {
            *end = '\0';
            name_ = file_if_at(address, line);
            if (!name_.empty()) return;
            line = end + 1;
        }
        filled_ -= static_cast<std::size_t>(line - text_);
        std::memmove(text_, line, filled_);
    }

    static constexpr std::size_t bytes = 8192;  // more than the longest path and what is before it
    char* text_;
    std::size_t filled_ = 0;
    std::string_view name_;
};

// What the loader says of a module.
struct object {
    std::uintptr_t begin;
    std::uintptr_t end;
    std::uintptr_t bias;
    std::string_view name;
    std::span<const segment_header> segments;
};

fil::unwind_tables tables_of(const object& from) {
    std::uintptr_t index = 0;
    for (const segment_header& segment : from.segments) {
        if (segment.p_type == PT_GNU_EH_FRAME) index = from.bias + segment.p_vaddr;
    }
    for (const segment_header& segment : from.segments) {
        const std::uintptr_t begin = from.bias + segment.p_vaddr;
        if (segment.p_type == PT_LOAD && index - begin < segment.p_filesz)
            return {begin, begin + segment.p_filesz, index};
    }
    return {};
}

// A module's build id, as hexadecimal digits.
class build_id {
  public:
    explicit build_id(const object& from) {
        for (const segment_header& segment : from.segments) {
            if (segment.p_type == PT_NOTE) read_notes(from.bias + segment.p_vaddr, segment);
        }
    }
    std::string_view digits() const { return {digits_, length_}; }

  private:
    void read_notes(std::uintptr_t at, const segment_header& segment) {
        const std::uintptr_t end = at + segment.p_memsz;
        const std::uintptr_t align = segment.p_align == 8 ? 8 : 4;
        const auto padded = [&](std::uintptr_t bytes) { return (bytes + align - 1) & -align; };
        while (at + sizeof(note_header) <= end) {
            const auto& note = *reinterpret_cast<const note_header*>(at);
            const std::uintptr_t name = at + sizeof note;
            const std::uintptr_t content = name + padded(note.n_namesz);
            if (content + note.n_descsz > end) return;
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
                std::memcmp(reinterpret_cast<const void*>(name), "GNU", 4) == 0) {
                return keep(reinterpret_cast<const unsigned char*>(content), note.n_descsz);
            }
            at = content + padded(note.n_descsz);
        }
    }

    void keep(const unsigned char* bytes, std::size_t count) {
        count = std::min(count, sizeof digits_ / 2);
        length_ = 0;
        for (std::size_t i = 0; i < count; ++i) {
            digits_[length_++] = "0123456789abcdef"[bytes[i] >> 4];
            digits_[length_++] = "0123456789abcdef"[bytes[i] & 15];
        }
    }

    char digits_[128];
    std::size_t length_ = 0;
};

void report_mapped(fil::loaded_module& module, fil::module_visit visit, void* context) {
    const mapped_file mapped(module.begin);
    if (!mapped.name().empty()) module.file = mapped.name();
    visit(context, &module);
}

void report(const object& found, fil::module_visit visit, void* context) {
    const build_id id(found);
    fil::loaded_module module{found.begin, found.end,   found.bias,      false,
                              found.name,  id.digits(), tables_of(found)};
    const std::uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
    if (vdso >= found.begin && vdso < found.end) {
        module.file = "[vdso]";
    } else if (found.name.empty()) {
        module.is_program = true;
        module.file = "[program]";
        return report_mapped(module, visit, context);
    } else if (found.name[0] != '/') {
        return report_mapped(module, visit, context);
    }
    visit(context, &module);
}

// ---- the loader's list, under its lock ----------------------------------------------------------

struct search {
    std::uintptr_t pc;
    fil::module_visit visit;
    void* context;
};

int report_if_it_holds(dl_phdr_info* info, std::size_t, void* data) {
    const auto& wanted = *static_cast<const search*>(data);
    object found{~std::uintptr_t{0},
                 0,
                 info->dlpi_addr,
                 info->dlpi_name == nullptr ? "" : info->dlpi_name,
                 {info->dlpi_phdr, info->dlpi_phnum}};
    for (const segment_header& segment : found.segments) {
        if (segment.p_type != PT_LOAD) continue;
        const std::uintptr_t start = found.bias + segment.p_vaddr;
        found.begin = std::min(found.begin, start);
        found.end = std::max(found.end, start + segment.p_memsz);
    }
    if (wanted.pc < found.begin || wanted.pc >= found.end) return 0;
    report(found, wanted.visit, wanted.context);
    return 1;
}

// ---- the loader's index, without a lock ---------------------------------------------------------

// As <dlfcn.h> has it since glibc 2.35. Asked for weakly, and found at run time: what is built for
// an older C library runs on a newer one.
struct found_object {
    unsigned long long flags;
    void *begin, *end;
    link_map* map;
    void* unwinding;
    unsigned long long reserved[7];
};
#if __GLIBC_PREREQ(2, 35)
static_assert(sizeof(found_object) == sizeof(dl_find_object) &&
              offsetof(found_object, map) == offsetof(dl_find_object, dlfo_link_map));
#endif
extern "C" [[gnu::weak]] int find_object(void* address, found_object* found) noexcept
    __asm__("_dl_find_object");

// Those that the kernel names, if they are the program's: the loader's, where it was started as a
// program. (The table says itself where it lies.)
std::span<const segment_header> segments_of_program(std::uintptr_t bias) {
    const std::uintptr_t at = getauxval(AT_PHDR);
    const std::span table{reinterpret_cast<const segment_header*>(at),
                          at == 0 ? 0 : getauxval(AT_PHNUM)};
    for (const segment_header& segment : table) {
        if (segment.p_type == PT_PHDR) {
            return bias + segment.p_vaddr == at ? table : std::span<const segment_header>{};
        }
    }
    return {};
}

// The program headers, by the ELF header that is usually mapped with the first segment. Of
// a module linked for pages larger than the system's, the segments are apart, and only the code's
// is between `begin` and `end`; a library's first one is where it was loaded.
constexpr std::uintptr_t page = 4096;
std::span<const segment_header> segments_of(std::uintptr_t begin, std::uintptr_t end) {
    const auto& header = *reinterpret_cast<const file_header*>(begin);
    if (end - begin < sizeof header || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return {};
    if (header.e_phoff > end - begin) return {};
    if (header.e_phnum > (end - begin - header.e_phoff) / sizeof(segment_header)) return {};
    return {reinterpret_cast<const segment_header*>(begin + header.e_phoff), header.e_phnum};
}

object object_of(const found_object& found) {
    const auto begin = reinterpret_cast<std::uintptr_t>(found.begin);
    const auto end = reinterpret_cast<std::uintptr_t>(found.end);
    const link_map& map = *found.map;
    const std::string_view name = map.l_name == nullptr ? "" : map.l_name;
    std::span<const segment_header> segments = segments_of(begin, end);
    if (segments.empty() && name.empty()) segments = segments_of_program(map.l_addr);
    if (segments.empty() && map.l_addr != 0 && fil::system_stack_ends::is_readable(map.l_addr))
        segments = segments_of(map.l_addr, map.l_addr + page);
    return {begin, end, map.l_addr, name, segments};
}

void find_without_lock(std::uintptr_t pc, fil::module_visit visit, void* context) {
    found_object found;
    if (find_object(reinterpret_cast<void*>(pc), &found) != 0) return visit(context, nullptr);
    report(object_of(found), visit, context);
}

}  // namespace

namespace fil {

void system_modules::find(std::uintptr_t pc, module_visit visit, void* context) {
    if (find_object == nullptr) return iterated_modules::find(pc, visit, context);
    const os::keep_errno keep;
    find_without_lock(pc, visit, context);
}

void iterated_modules::find(std::uintptr_t pc, module_visit visit, void* context) {
    const os::keep_errno keep;
    search wanted{pc, visit, context};
    if (dl_iterate_phdr(report_if_it_holds, &wanted) == 0) visit(context, nullptr);
}

unwind_tables tables_without_lock(std::uintptr_t pc) {
    const os::keep_errno keep;
    found_object found;
    const bool is_found =
        find_object != nullptr && find_object(reinterpret_cast<void*>(pc), &found) == 0;
    return is_found ? tables_of(object_of(found)) : unwind_tables{};
}

namespace {

struct name_search {
    std::uintptr_t pc;
    std::string_view name;
};

int name_if_it_holds(dl_phdr_info* info, std::size_t, void* data) {
    auto& wanted = *static_cast<name_search*>(data);
    for (const segment_header& segment : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
        const bool holds = segment.p_type == PT_LOAD &&
                           wanted.pc - info->dlpi_addr - segment.p_vaddr < segment.p_memsz;
        if (!holds) continue;
        if (info->dlpi_name != nullptr) wanted.name = info->dlpi_name;
        return 1;
    }
    return 0;
}

}  // namespace

std::string_view module_name(std::uintptr_t pc) {
    const os::keep_errno keep;
    name_search wanted{pc, {}};
    if (find_object == nullptr) {
        dl_iterate_phdr(name_if_it_holds, &wanted);
    } else if (found_object found; find_object(reinterpret_cast<void*>(pc), &found) == 0) {
        if (found.map->l_name != nullptr) wanted.name = found.map->l_name;
    }
    return wanted.name;
}

namespace {

struct code_search {
    code_visit visit;
    void* context;
};

int visit_object(dl_phdr_info* info, std::size_t, void* data) {
    const auto& wanted = *static_cast<const code_search*>(data);
    for (const segment_header& segment : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
        wanted.visit(wanted.context, info->dlpi_addr + segment.p_vaddr);
        break;
    }
    return 0;
}

}  // namespace

void system_modules::for_each(code_visit visit, void* context) {
    const os::keep_errno keep;
    code_search wanted{visit, context};
    dl_iterate_phdr(visit_object, &wanted);
}

constinit thread_local stack_range disarming_stack{}, signal_stack{};

alternate_stack system_signal_stacks::of_this_thread() {
    const os::keep_errno keep;
    const auto in_use_if_here = [](const stack_range& known) {
        return alternate_stack{known.begin, known.begin + known.bytes,
                               known.holds(stack_pointer())};
    };
    if (disarming_stack.holds(stack_pointer())) return in_use_if_here(disarming_stack);
    if (!sandbox::allows(sandbox::of_signal_stack)) return in_use_if_here(signal_stack);
    stack_t stack;
    if (syscall(SYS_sigaltstack, nullptr, &stack) != 0) return {0, 0, false};
    const auto begin = reinterpret_cast<std::uintptr_t>(stack.ss_sp);
    return {begin, begin + stack.ss_size, (stack.ss_flags & SS_ONSTACK) != 0};
}

}  // namespace fil
