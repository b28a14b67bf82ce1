// Lines of a unit, copied: the same as libdw's own.

#include "symbols/unit_lines.hpp"

#include <elfutils/libdwfl.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fil {
namespace {

TEST(unit_lines, are_those_of_libdw_at_every_address) {
    static const Dwfl_Callbacks callbacks = {nullptr, dwfl_standard_find_debuginfo,
                                             dwfl_offline_section_address, nullptr};
    const std::unique_ptr<Dwfl, void (*)(Dwfl*)> session{dwfl_begin(&callbacks), dwfl_end};
    const std::string file = std::string(FIL_SAMPLES) + "/libsample.so";
    Dwfl_Module* const module = dwfl_report_offline(session.get(), "", file.c_str(), -1);
    dwfl_report_end(session.get(), nullptr, nullptr);
    Dwarf_Addr bias = 0;
    Dwarf_Die* const unit = dwfl_module_nextcu(module, nullptr, &bias);
    ASSERT_NE(unit, nullptr);

    line_reader reader;
    const unit_lines lines = reader.read(*unit);
    ASSERT_GT(lines.rows.size(), 10u);
    const Dwarf_Addr begin = lines.rows.front().address, end = lines.rows.back().address;
    std::size_t with_line = 0;
    for (Dwarf_Addr address = begin - 2; address < end + 2; ++address) {
        Dwarf_Line* const expected = dwarf_getsrc_die(unit, address);
        int line = 0;
        if (expected != nullptr) dwarf_lineno(expected, &line);
        const unit_lines::row* const found = lines.at(address);
        ASSERT_EQ(found != nullptr ? found->line : 0, static_cast<std::uint32_t>(line)) << address;
        if (found == nullptr) continue;
        ++with_line;
        EXPECT_EQ(lines.files.at(found->file), dwarf_linesrc(expected, nullptr, nullptr));
    }
    EXPECT_GT(with_line, 100u);
    EXPECT_EQ(reader.read(*unit).rows.size(), lines.rows.size());
}

}  // namespace
}  // namespace fil
