#include "live/looks.hpp"

#include <algorithm>
#include <functional>

namespace fil::cli {
namespace {

std::vector<shown_row> rows_of(const fil_visit* visit, fil_look_list list) {
    std::vector<shown_row> rows;
    fil_look_row row = FIL_LOOK_ROW_INIT;
    while (fil_visit_row(visit, list, rows.size(), &row) == FIL_OK) {
        shown_row& shown = rows.emplace_back();
        shown.bytes = row.bytes;
        shown.peak = row.peak;
        shown.pid = row.pid;
        shown.text.assign(row.text.data, row.text.length);
        shown.source.assign(row.source.data, row.source.length);
    }
    return rows;
}

}  // namespace

void looks::take(const fil_visit* visit) {
    fil_look look = FIL_LOOK_INIT;
    if (fil_visit_look(visit, &look) != FIL_OK) return;
    look_ = look;
    samples_.assign(look.samples, look.samples + look.sample_count);
    while (before_.size() > 1 && before_[1].seconds <= look.seconds - remembered)
        before_.pop_front();
    moment now{look.seconds, {}};
    for (std::size_t list = 0; list < lists_.size(); ++list) {
        lists_[list] = rows_of(visit, static_cast<fil_look_list>(list));
        for (const shown_row& row : lists_[list]) now.lists[list][row.key()] += row.bytes;
        for (shown_row& row : lists_[list]) {
            if (before_.empty()) continue;
            const sizes& then = before_.front().lists[list];
            const auto found = then.find(row.key());
            row.growth = row.bytes - (found == then.end() ? 0 : found->second);
        }
    }
    before_.push_back(std::move(now));
}

std::vector<shown_row> looks::rows(fil_look_list list, row_order order) const {
    std::vector<shown_row> rows = lists_[static_cast<std::size_t>(list)];
    if (order == row_order::by_growth)
        std::ranges::stable_sort(rows, std::greater(), &shown_row::growth);
    return rows;
}

}  // namespace fil::cli
