#pragma once
// The symbols in an object's file, the local ones too, which the loader does not map.
//
// Of a file that is what was loaded: its program headers are compared. Reads it by system calls of
// its own (a hook would count them), allocates nothing, takes no lock; the object must stay loaded.
// Cold: some milliseconds for a file of 200 MB.

#include <link.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fil::preload {

class symbol_file {
  public:
    static constexpr std::size_t longest_name = 128;

    // `path`, as the loader has it: empty for the program.
    symbol_file(const char* path, std::uintptr_t base, const ElfW(Phdr) * headers, int count);
    ~symbol_file();
    symbol_file(const symbol_file&) = delete;

    bool is_readable() const { return image_ != nullptr; }

    // visit(what stands before that) for functions whose name ends so, maybe twice: both tables may
    // have it. The text is looked for first: of a hundred thousand symbols few end so.
    template <typename Visit>
    void each_prefix(std::string_view ending, Visit visit) const {
        char prefix[longest_name];
        for (const table& each : tables_) {
            const char* hit = each.names - 1;
            while ((hit = find_ending(each, ending, hit + 1)) != nullptr)  // of several, perhaps
                for (std::size_t i = 0; i < each.count; ++i)
                    if (take_prefix(each, i, hit, prefix)) visit(prefix);
        }
    }

    // visit(rest of its name, its address) for each function and variable whose name begins so.
    template <typename Visit>
    void each_beginning_with(std::string_view prefix, Visit visit) const {
        for (const table& each : tables_) {
            for (std::size_t i = 0; i < each.count; ++i) {
                const ElfW(Sym)& symbol = each.symbols[i];
                if (!is_code_or_data(symbol) || symbol.st_name >= each.names_bytes) continue;
                const char* name = each.names + symbol.st_name;
                if (std::strncmp(name, prefix.data(), prefix.size()) != 0) continue;
                visit(name + prefix.size(), reinterpret_cast<void*>(base_ + symbol.st_value));
            }
        }
    }

    // Whether these characters stand in the object's constants.
    bool has_text(std::string_view characters) const;

  private:
    struct table {
        const ElfW(Sym) * symbols = nullptr;
        std::size_t count = 0;
        const char* names = nullptr;
        std::size_t names_bytes = 0;
    };

    void read_tables();
    table table_of(const ElfW(Shdr) & section) const;
    template <typename Type>
    const Type* at(std::uint64_t offset, std::uint64_t count) const;
    static bool is_code_or_data(const ElfW(Sym) & symbol) {
        const unsigned type = symbol.st_info & 0xf;
        return symbol.st_shndx != SHN_UNDEF && symbol.st_value != 0 &&
               (type == STT_FUNC || type == STT_OBJECT);
    }
    // Where it stands at the end of a text, from there on. A text may be several names, each the
    // end of a longer one: whether this symbol's is one of them, and what of it is before `hit`.
    static const char* find_ending(const table& names, std::string_view ending, const char* from);
    static bool take_prefix(const table& names, std::size_t number, const char* hit,
                            char (&prefix)[longest_name]);

    const char* image_ = nullptr;
    std::size_t bytes_ = 0;
    std::uintptr_t base_;
    table tables_[2];
};

}  // namespace fil::preload
