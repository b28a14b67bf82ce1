#pragma once
// Who awaits the result that a thread reads from another process? Whoever made the request, which
// stands in a dict, by its number, until the result is there. Two libraries' threads have it:
// as an argument of their loop, or as `pending_work_items` of their first one. Hot path: no
// allocation, no throw. With the interpreter lock held.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "asker.hpp"
#include "fil.h"
#include "message_number.hpp"
#include "object_reading.hpp"
#include "runtime.hpp"

namespace fil::python {

struct answer {
    fil_callstack asker;  // FIL_CALLSTACK_UNKNOWN: none
    fil_errand_kind how;
};

class awaited_results {
  public:
    awaited_results(const python_runtime& runtime, const object_reader& reader, askers& asked)
        : runtime_(runtime), reader_(reader), askers_(asked) {}

    // Of the thread whose frames are `chain`, its loop at `loop`; of those up to `last` one may
    // hold the message. What is taken before the message is there is for the request that all
    // agree on, or the oldest.
    template <typename Chain>
    answer asker(const Chain& chain, std::uint32_t loop, std::uint32_t last) const {
        const address frame = chain.frame(loop);
        const std::uint32_t arguments =
            reader_.arguments(code_of(runtime_.layout, chain.frame(loop)));
        if (arguments == 0) return nobody;
        const auto number = [&]() -> std::optional<std::uint64_t> {
            for (std::uint32_t at = loop + 1; at <= last; ++at)
                if (const auto found = number_in(chain.frame(at))) return found;
            return std::nullopt;
        };
        answer found = nobody;
        for (std::uint32_t i = 0; i < arguments && i < 16; ++i)
            look_into(reader_.variable(frame, i), number, found);
        const address self = reader_.variable(frame, 0);
        if (found.asker == FIL_CALLSTACK_UNKNOWN && self != 0)
            look_into(reader_.attribute(self, "pending_work_items"), number, found);
        return found;
    }

  private:
    static constexpr answer nobody = {FIL_CALLSTACK_UNKNOWN, FIL_ERRAND_TASK};

    fil_callstack asker_of(address request) const {
        const fil_block block = block_of_object(request, 16);
        if (block.callstack <= FIL_CALLSTACK_UNKNOWN) return FIL_CALLSTACK_UNKNOWN;
        const judged_callstack& judged = askers_.judge(block.callstack);
        return judged.is_work ? judged.asker : FIL_CALLSTACK_UNKNOWN;
    }

    // Unless somebody was found. The message is read only where those who asked differ.
    template <typename Number>
    void look_into(address dict, Number&& number_of_message, answer& found) const {
        if (found.asker != FIL_CALLSTACK_UNKNOWN || !reader_.is_dict(dict)) return;
        reader_.each_item(dict, [&](address, address value) {
            const fil_callstack asker = asker_of(value);
            if (asker == FIL_CALLSTACK_UNKNOWN) return true;
            if (found.asker == FIL_CALLSTACK_UNKNOWN) found.asker = asker;
            if (found.asker != asker) found.how = FIL_ERRAND_GUESSED;
            return found.how == FIL_ERRAND_TASK;
        });
        if (found.how != FIL_ERRAND_GUESSED) return;
        const std::optional<std::uint64_t> number = number_of_message();
        if (!number) return;
        reader_.each_item(dict, [&](address key, address value) {
            if (type_of(key) != runtime_.symbols.PyLong_Type ||
                reader_.small_number(key) != *number) {
                return true;
            }
            const fil_callstack asker = asker_of(value);
            if (asker != FIL_CALLSTACK_UNKNOWN) found = {asker, FIL_ERRAND_TASK};
            return false;
        });
    }

    const void* type_of(address object) const {
        return reinterpret_cast<const void*>(reader_.type_of(object));
    }

    // In the message that a frame has in a variable, as bytes or as an io.BytesIO, whose first
    // field is bytes.
    std::optional<std::uint64_t> number_in(address frame) const {
        const std::uint32_t count = reader_.variables(code_of(runtime_.layout, frame));
        for (std::uint32_t i = 0; i < count; ++i) {
            address object = reader_.variable(frame, i);
            if (object == 0) continue;
            if (type_of(object) != runtime_.symbols.PyBytes_Type) {
                if (block_of_object(object, 24).callstack <= FIL_CALLSTACK_UNKNOWN) continue;
                object = reader_.first_field(object);
                if (block_of_object(object, 33).callstack <= FIL_CALLSTACK_UNKNOWN ||
                    type_of(object) != runtime_.symbols.PyBytes_Type) {
                    continue;
                }
            }
            const auto number = first_number_of_pickle(reader_.bytes(object));
            if (number) return number;
        }
        return std::nullopt;
    }

    const python_runtime& runtime_;
    const object_reader& reader_;
    askers& askers_;
};

}  // namespace fil::python
