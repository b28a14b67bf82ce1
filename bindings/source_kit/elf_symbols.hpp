#pragma once
// Looks up exported names in one loaded object, by its dynamic section and hash table.
//
// Reads only what the loader mapped and relocated; allocates nothing, takes no lock. Of a name with
// versions it finds the newest, as dlsym does. The object must stay loaded during the call: use
// inside a dl_iterate_phdr callback, which holds the loader's lock, or before anything can be
// unloaded (clients/preload/next_definition.hpp).
#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace fil::source_kit {

class elf_symbols {
  public:
    elf_symbols(ElfW(Addr) base, const ElfW(Dyn) * dynamic) : base_(base) { read(dynamic); }

    explicit elf_symbols(const dl_phdr_info& object) : base_(object.dlpi_addr) {
        for (int i = 0; i < object.dlpi_phnum; ++i) {
            if (object.dlpi_phdr[i].p_type == PT_DYNAMIC) {
                read(reinterpret_cast<const ElfW(Dyn)*>(base_ + object.dlpi_phdr[i].p_vaddr));
            }
        }
    }

    // The address of an exported function or variable, or NULL.
    void* find(const char* name) const {
        const ElfW(Sym)* symbol = entry(name);
        if (symbol == nullptr) return nullptr;
        const ElfW(Addr) value = base_ + symbol->st_value;
        return type_of(*symbol) == STT_GNU_IFUNC ? reinterpret_cast<void* (*)()>(value)()
                                                 : reinterpret_cast<void*>(value);
    }

    // What the loader reads of it, or NULL.
    const ElfW(Sym) * entry(const char* name) const {
        if (symbols_ == nullptr || strings_ == nullptr) return nullptr;
        if (gnu_hash_ != nullptr) return find_by_gnu_hash(name);
        return hash_ != nullptr ? find_by_hash(name) : nullptr;
    }

    // Whether the object wants this name from another one. Such names stand before the hashed ones.
    bool imports(const char* name) const {
        if (symbols_ == nullptr || strings_ == nullptr) return false;
        const std::uint32_t count = gnu_hash_ != nullptr ? gnu_hash_[1] : hash_ ? hash_[1] : 0;
        for (std::uint32_t i = 1; i < count; ++i) {
            if (symbols_[i].st_shndx == SHN_UNDEF && names(i, name)) return true;
        }
        return false;
    }

  private:
    void read(const ElfW(Dyn) * entry) {
        for (; entry->d_tag != DT_NULL; ++entry) {
            switch (entry->d_tag) {
                case DT_SYMTAB:
                    symbols_ = reinterpret_cast<const ElfW(Sym)*>(where(entry));
                    break;
                case DT_STRTAB:
                    strings_ = reinterpret_cast<const char*>(where(entry));
                    break;
                case DT_GNU_HASH:
                    gnu_hash_ = reinterpret_cast<const std::uint32_t*>(where(entry));
                    break;
                case DT_VERSYM:
                    versions_ = reinterpret_cast<const ElfW(Versym)*>(where(entry));
                    break;
                case DT_HASH:
                    hash_ = reinterpret_cast<const std::uint32_t*>(where(entry));
                    break;
                default:
                    break;
            }
        }
    }

    // The loader relocates these pointers, except in objects it does not own (the vdso).
    ElfW(Addr) where(const ElfW(Dyn) * entry) const {
        return entry->d_un.d_ptr < base_ ? base_ + entry->d_un.d_ptr : entry->d_un.d_ptr;
    }

    bool names(std::uint32_t symbol, const char* name) const {
        return std::strcmp(strings_ + symbols_[symbol].st_name, name) == 0;
    }

    static unsigned type_of(const ElfW(Sym) & symbol) { return symbol.st_info & 0xf; }

    const ElfW(Sym) * match(std::uint32_t symbol, const char* name) const {
        const ElfW(Sym)& entry = symbols_[symbol];
        const unsigned type = type_of(entry);
        const bool is_code_or_data =
            type == STT_FUNC || type == STT_OBJECT || type == STT_GNU_IFUNC;
        if (entry.st_shndx == SHN_UNDEF || entry.st_value == 0 || !is_code_or_data) return nullptr;
        return !is_older_version(symbol) && names(symbol, name) ? &entry : nullptr;
    }

    bool is_older_version(std::uint32_t symbol) const {
        constexpr unsigned hidden = 0x8000;
        return versions_ != nullptr && (versions_[symbol] & hidden) != 0;
    }

    // Buckets of chains, behind a Bloom filter that answers most names that are not there.
    const ElfW(Sym) * find_by_gnu_hash(const char* name) const {
        std::uint32_t hash = 5381;
        for (const char* at = name; *at != 0; ++at) {
            hash = hash * 33 + static_cast<unsigned char>(*at);
        }
        const std::uint32_t buckets = gnu_hash_[0];
        const std::uint32_t first = gnu_hash_[1];
        const std::uint32_t words = gnu_hash_[2];
        const std::uint32_t shift = gnu_hash_[3];
        constexpr std::uint32_t bits = sizeof(ElfW(Addr)) * 8;
        const auto* filter = reinterpret_cast<const ElfW(Addr)*>(gnu_hash_ + 4);
        const auto* bucket = reinterpret_cast<const std::uint32_t*>(filter + words);
        const std::uint32_t* chain = bucket + buckets;
        if (buckets == 0 || words == 0) return nullptr;
        const ElfW(Addr) word = filter[hash / bits % words];
        if ((word >> hash % bits & word >> (hash >> shift) % bits & 1) == 0) return nullptr;
        std::uint32_t symbol = bucket[hash % buckets];
        if (symbol < first) return nullptr;
        for (;; ++symbol) {
            const std::uint32_t entry = chain[symbol - first];
            if ((entry | 1) == (hash | 1)) {
                if (const ElfW(Sym)* found = match(symbol, name)) return found;
            }
            if ((entry & 1) != 0) return nullptr;
        }
    }

    const ElfW(Sym) * find_by_hash(const char* name) const {
        std::uint32_t hash = 0;
        for (const char* at = name; *at != 0; ++at) {
            hash = (hash << 4) + static_cast<unsigned char>(*at);
            hash ^= hash >> 24 & 0xf0;
            hash &= 0x0fffffff;
        }
        const std::uint32_t buckets = hash_[0];
        if (buckets == 0) return nullptr;
        const std::uint32_t* chain = hash_ + 2 + buckets;
        for (std::uint32_t symbol = hash_[2 + hash % buckets]; symbol != 0;
             symbol = chain[symbol]) {
            if (const ElfW(Sym)* found = match(symbol, name)) return found;
        }
        return nullptr;
    }

    ElfW(Addr) base_;
    const ElfW(Sym) * symbols_ = nullptr;
    const char* strings_ = nullptr;
    const ElfW(Versym) * versions_ = nullptr;
    const std::uint32_t* gnu_hash_ = nullptr;
    const std::uint32_t* hash_ = nullptr;
};

}  // namespace fil::source_kit
