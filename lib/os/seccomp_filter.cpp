#include "os/seccomp_filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstddef>

namespace fil {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t this_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_architecture = AUDIT_ARCH_AARCH64;
#endif

struct word {
    std::uint32_t value = 0;
    bool known = true;
};

// A word of `struct seccomp_data`, at `offset`.
word load(const system_call& call, std::uint32_t offset) {
    constexpr std::uint32_t first = offsetof(seccomp_data, args);
    if (offset == offsetof(seccomp_data, nr)) return {call.number};
    if (offset == offsetof(seccomp_data, arch)) return {this_architecture};
    if (offset < first || offset >= sizeof(seccomp_data)) return {0, false};
    const std::uint64_t argument = call.arguments[(offset - first) / 8];
    if (argument == system_call::unknown) return {0, false};
    const bool is_high = (offset - first) % 8 != 0;
    return {static_cast<std::uint32_t>(is_high ? argument >> 32 : argument)};
}

word combined(std::uint16_t operation, word a, word b) {
    const bool known = a.known && b.known;
    const std::uint32_t shift = b.value & 31;
    switch (operation) {
        case BPF_ADD:
            return {a.value + b.value, known};
        case BPF_SUB:
            return {a.value - b.value, known};
        case BPF_MUL:
            return {a.value * b.value, known};
        case BPF_DIV:
            return {b.value != 0 ? a.value / b.value : 0, known && b.value != 0};
        case BPF_OR:
            return {a.value | b.value, known};
        case BPF_AND:
            return {a.value & b.value, known};
        case BPF_XOR:
            return {a.value ^ b.value, known};
        case BPF_LSH:
            return {a.value << shift, known};
        case BPF_RSH:
            return {a.value >> shift, known};
        case BPF_NEG:
            return {0 - a.value, a.known};
        default:
            return {0, false};
    }
}

bool holds(std::uint16_t comparison, std::uint32_t a, std::uint32_t b) {
    switch (comparison) {
        case BPF_JEQ:
            return a == b;
        case BPF_JGT:
            return a > b;
        case BPF_JGE:
            return a >= b;
        default:
            return (a & b) != 0;  // BPF_JSET
    }
}

}  // namespace

bool filter_allows(std::span<const sock_filter> filter, const system_call& call) {
    word a, x, memory[BPF_MEMWORDS];
    for (std::size_t at = 0; at < filter.size(); ++at) {
        const sock_filter& step = filter[at];
        const word constant{step.k};
        const word operand = (step.code & BPF_X) != 0 ? x : constant;
        switch (BPF_CLASS(step.code)) {
            case BPF_LD:
            case BPF_LDX: {
                word loaded = constant;  // BPF_IMM
                if (BPF_MODE(step.code) == BPF_ABS) loaded = load(call, step.k);
                if (BPF_MODE(step.code) == BPF_LEN) loaded = {sizeof(seccomp_data)};
                if (BPF_MODE(step.code) == BPF_MEM) loaded = memory[step.k % BPF_MEMWORDS];
                (BPF_CLASS(step.code) == BPF_LD ? a : x) = loaded;
                break;
            }
            case BPF_ST:
                memory[step.k % BPF_MEMWORDS] = a;
                break;
            case BPF_STX:
                memory[step.k % BPF_MEMWORDS] = x;
                break;
            case BPF_ALU:
                a = combined(BPF_OP(step.code), a, operand);
                break;
            case BPF_MISC:
                (BPF_MISCOP(step.code) == BPF_TAX ? x : a) =
                    BPF_MISCOP(step.code) == BPF_TAX ? a : x;
                break;
            case BPF_JMP:
                if (BPF_OP(step.code) == BPF_JA) {
                    at += step.k;
                    break;
                }
                if (!a.known || !operand.known) return false;
                at += holds(BPF_OP(step.code), a.value, operand.value) ? step.jt : step.jf;
                break;
            default: {  // BPF_RET
                const word answer = BPF_RVAL(step.code) == BPF_A ? a : constant;
                return answer.known &&
                       (answer.value & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW;
            }
        }
    }
    return false;
}

}  // namespace fil
