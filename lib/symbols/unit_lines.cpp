#include "symbols/unit_lines.hpp"

#include <algorithm>

namespace fil {

const unit_lines::row* unit_lines::at(Dwarf_Addr address) const {
    const auto after = std::ranges::upper_bound(rows, address, {}, &row::address);
    return after != rows.begin() && after[-1].line != 0 ? &after[-1] : nullptr;
}

namespace {

// Of rows of one address the last counts; one that says what the one before it says is not needed.
void add(std::vector<unit_lines::row>& rows, const unit_lines::row& row) {
    if (!rows.empty() && rows.back().address == row.address) rows.pop_back();
    if (!rows.empty() && rows.back().line == row.line && rows.back().file == row.file) return;
    rows.push_back(row);
}

}  // namespace

std::vector<std::string> files_of(Dwarf_Die& unit) {
    std::vector<std::string> names;
    Dwarf_Files* files = nullptr;
    std::size_t count = 0;
    if (dwarf_getsrcfiles(&unit, &files, &count) != 0) return names;
    for (std::size_t i = 0; i < count; ++i) {
        const char* name = dwarf_filesrc(files, i, nullptr, nullptr);
        names.emplace_back(name != nullptr ? name : "");
    }
    return names;
}

void line_reader::close() {
    if (handle_ != nullptr) dwarf_end(handle_);
    handle_ = nullptr;
    rows_ = 0;
}

unit_lines line_reader::read(Dwarf_Die& unit) {
    unit_lines found;
    Dwarf* const of = dwarf_cu_getdwarf(unit.cu);
    if (of != of_ || rows_ > most_rows) close();
    of_ = of;
    if (handle_ == nullptr) {
        handle_ = dwarf_begin_elf(dwarf_getelf(of), DWARF_C_READ, nullptr);
        if (handle_ == nullptr) return found;
        dwarf_setalt(handle_, dwarf_getalt(of));
    }
    Dwarf_Die same{};
    Dwarf_Lines* lines = nullptr;
    std::size_t count = 0;
    if (dwarf_offdie(handle_, dwarf_dieoffset(&unit), &same) == nullptr) return found;
    found.files = files_of(same);
    if (dwarf_getsrclines(&same, &lines, &count) != 0) return found;
    rows_ += count;
    for (std::size_t i = 0; i < count; ++i) {
        Dwarf_Line* line = dwarf_onesrcline(lines, i);
        unit_lines::row row{};
        bool is_end = false;
        int number = 0;
        Dwarf_Files* its = nullptr;
        std::size_t file = 0;
        dwarf_lineaddr(line, &row.address);
        dwarf_lineendsequence(line, &is_end);
        if (!is_end && dwarf_lineno(line, &number) == 0 && number > 0)
            row.line = static_cast<std::uint32_t>(number);
        if (dwarf_line_file(line, &its, &file) == 0) row.file = static_cast<std::uint32_t>(file);
        add(found.rows, row);
    }
    found.rows.shrink_to_fit();
    return found;
}

}  // namespace fil
