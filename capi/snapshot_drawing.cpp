// fil_snapshot.h, fil_snapshot_draw(): one report as one text, handed over in parts. Cold.

#include <array>
#include <ostream>
#include <streambuf>

#include "report/report_formats.hpp"
#include "snapshot_handle.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

report::report_format format_of(const fil_drawing& drawing) {
    switch (drawing.format) {
        case FIL_FORMAT_HTML:
            return report::report_format::page;
        case FIL_FORMAT_SVG:
            return report::report_format::svg;
        case FIL_FORMAT_FOLDED:
            return report::report_format::folded;
        case FIL_FORMAT_JSON:
            return report::report_format::json;
        case FIL_FORMAT_TEXT:
            return report::report_format::text;
    }
    throw failure{FIL_ERROR_ARGUMENT, "drawing: there is no such format"};
}

// What is put into it goes to the caller, 64 KiB at a time, until they take no more.
class parts_for_caller : public std::streambuf {
  public:
    explicit parts_for_caller(const fil_drawing& drawing) : drawing_(drawing) {
        setp(part_.data(), part_.data() + part_.size());
    }

    bool hand_over() {
        const auto size = static_cast<std::size_t>(pptr() - pbase());
        is_taken_ = is_taken_ && (size == 0 || drawing_.write(drawing_.to, pbase(), size) == 0);
        setp(part_.data(), part_.data() + part_.size());
        return is_taken_;
    }

  private:
    int_type overflow(int_type c) override {
        if (!hand_over()) throw failure{FIL_ERROR_SYSTEM, "no more of it was taken"};
        if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
        return traits_type::not_eof(c);
    }

    const fil_drawing& drawing_;
    std::array<char, 1 << 16> part_;
    bool is_taken_ = true;
};

}  // namespace

extern "C" {

fil_status fil_snapshot_draw(const fil_snapshot* snapshot, const fil_drawing* drawing,
                             fil_error* error) {
    return guarded_reading(error, [&] {
        const report::session_snapshot& from = handle_of(snapshot).from;
        const auto asked = checked_copy(drawing, "drawing");
        if (asked.write == nullptr) throw failure{FIL_ERROR_ARGUMENT, "drawing: write is NULL"};
        parts_for_caller parts(asked);
        std::ostream out(&parts);
        out.exceptions(std::ios::badbit);  // rethrows what overflow() threw
        report::write_report_as(out, format_of(asked), from, look_of(asked.columns, asked.look));
        if (!parts.hand_over()) throw failure{FIL_ERROR_SYSTEM, "no more of it was taken"};
    });
}

}  // extern "C"
