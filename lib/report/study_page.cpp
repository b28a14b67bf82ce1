#include <cmath>
#include <cstdio>

#include "fil/report/json_writer.hpp"
#include "fil/report/markup.hpp"
#include "report/study_report.hpp"
#include "report/study_words.hpp"

#include "embedded_study.hpp"

namespace fil::report {
namespace {

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

double share_of(std::uint64_t part, std::uint64_t all) {
    return all == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(all);
}

std::string share(std::uint64_t part, std::uint64_t all) {
    return share_text(static_cast<std::int64_t>(part), static_cast<std::int64_t>(all));
}

std::string bar_cell(std::uint64_t part, std::uint64_t all) {
    return "<td class=\"bar\"><i style=\"width:" + number(share_of(part, all)) + "%\"></i><td>" +
           share(part, all);
}

template <typename Name>
std::string histogram(const char* title, const char* what, const trace::tallies& classes,
                      const trace::tally& all, Name name) {
    std::string html = std::string("<section><h2>") + title + "</h2><p class=\"quiet\">" + what +
                       "</p><table><thead><tr><th>up to<th colspan=\"2\">of blocks<th "
                       "colspan=\"2\">of bytes</thead><tbody>";
    for (std::size_t i = 0; i < classes.size(); ++i) {
        if (classes[i].count == 0) continue;
        html += "<tr><th scope=\"row\">" + escaped(name(i)) +
                bar_cell(classes[i].count, all.count) + bar_cell(classes[i].bytes, all.bytes);
    }
    return html + "</tbody></table></section>";
}

// Rows are sizes, columns lifetimes; how dark a cell is tells its share of blocks, by its root.
std::string size_by_life(const trace::trace_study& study) {
    // By fours, as wide as a page; the last column is of what lived to the end.
    constexpr std::size_t half = trace::classes / 2;
    std::array<std::array<trace::tally, half + 1>, half> map{};
    for (std::size_t i = 0; i < trace::classes; ++i)
        for (std::size_t k = 0; k <= trace::classes; ++k) {
            trace::tally& sum = map[i / 2][k / 2];
            sum.count += study.size_by_life()[i][k].count;
            sum.bytes += study.size_by_life()[i][k].bytes;
        }
    std::size_t rows[2] = {map.size(), 0}, columns[2] = {half, 0};
    for (std::size_t i = 0; i < map.size(); ++i)
        for (std::size_t k = 0; k <= half; ++k) {
            if (map[i][k].count == 0) continue;
            rows[0] = std::min(rows[0], i);
            rows[1] = std::max(rows[1], i + 1);
            if (k == half) continue;
            columns[0] = std::min(columns[0], k);
            columns[1] = std::max(columns[1], k + 1);
        }
    std::string html =
        "<section><h2>Sizes by lifetimes</h2><p class=\"quiet\">Of all blocks, in per cent. "
        "Across: "
        "what the process asked for while they lived, up to; down: their size, up to.</p><div "
        "class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"sizes by lifetimes\"><table "
        "class=\"map\"><thead><tr><th>";
    for (std::size_t k = columns[0]; k < columns[1]; ++k)
        html += "<th>" + escaped(life_class_text(2 * k + 1));
    html += "<th>to the end</thead><tbody>";
    for (std::size_t i = rows[0]; i < rows[1]; ++i) {
        html += "<tr><th scope=\"row\">" + escaped(size_class_text(2 * i + 1));
        for (std::size_t k = columns[0]; k <= columns[1]; ++k) {
            const trace::tally& cell = map[i][k < columns[1] ? k : half];
            const double part = share_of(cell.count, study.all().count);
            if (cell.count == 0) {
                html += "<td>";
                continue;
            }
            const int depth = std::clamp(static_cast<int>(std::sqrt(part) * 18), 5, 100);
            html += "<td style=\"--depth:" + std::to_string(depth) + "%\" title=\"" +
                    with_commas(static_cast<std::int64_t>(cell.count)) + " blocks, " +
                    size_text(static_cast<std::int64_t>(cell.bytes)) + "\">" +
                    (part < 0.1 ? "·" : number(part));
        }
    }
    return html + "</tbody></table></div></section>";
}

std::string lines(const study_report& of) {
    const trace::trace_study& study = *of.study;
    std::string html =
        "<section><h2>Lines</h2><p class=\"quiet\">Of your own, by all that they ever asked for. "
        "Own "
        "peak: the most that they held at once, whenever that was. Half live: half of what they "
        "freed had gone before the process had asked for so much.</p><div "
        "class=\"wide\" tabindex=\"0\" role=\"region\" "
        "aria-label=\"lines\"><table><thead><tr><th>line<th>bytes<th>blocks<th>own "
        "peak<th>half "
        "live<th>temporary<th>handed over<th>reallocated<th>to the end</thead><tbody>";
    std::size_t shown = 0;
    const auto size = [](auto bytes) { return size_text(static_cast<std::int64_t>(bytes)); };
    for (const std::uint32_t at : busiest_groups(study)) {
        if (++shown > 40) break;
        const trace::study_group& one = study.groups()[at];
        html += "<tr><th scope=\"row\" class=\"where\"><bdi>" + escaped(of.names[at]) +
                "</bdi><td>" + size(one.all.bytes) + "<td>" +
                with_commas(static_cast<std::int64_t>(one.all.count)) + "<td>" + size(one.peak) +
                "<td>" + middle_life_text(one) + "<td>" +
                share(one.temporary.count, one.all.count) + "<td>" +
                share(one.handed_over.count, one.all.count) + "<td>" +
                share(one.reallocated.count, one.all.count) + "<td>" + size(one.live);
    }
    return html + "</tbody></table></div></section>";
}

std::string threads(const trace::trace_study& study) {
    if (study.hand_overs().empty()) return "";
    std::vector<std::pair<trace::tally, std::pair<std::uint32_t, std::uint32_t>>> pairs;
    for (const auto& [who, what] : study.hand_overs()) pairs.emplace_back(what, who);
    std::ranges::sort(pairs, [](const auto& a, const auto& b) {
        return a.first.count != b.first.count ? a.first.count > b.first.count : a.second < b.second;
    });
    if (pairs.size() > 12) pairs.resize(12);
    std::string html =
        "<section><h2>From thread to thread</h2><p class=\"quiet\">Blocks that another thread "
        "frees, "
        "threads by their number.</p><table><thead><tr><th>asked for by<th>freed "
        "by<th>blocks<th>bytes</thead><tbody>";
    for (const auto& [what, who] : pairs)
        html += "<tr><th scope=\"row\">" + std::to_string(who.first) + "<td>" +
                std::to_string(who.second) + "<td>" +
                with_commas(static_cast<std::int64_t>(what.count)) + "<td>" +
                size_text(static_cast<std::int64_t>(what.bytes));
    return html + "</tbody></table></section>";
}

std::string chains(const trace::trace_study& study) {
    if (study.chains().empty()) return "";
    std::array<std::uint64_t, 32> by_length{};  // up to 2^k times
    std::uint64_t all = 0, top = 0;
    for (const auto& [times, blocks] : study.chains()) {
        by_length[trace::class_of(times)] += blocks;
        all += blocks;
        top = std::max(top, trace::class_of(times));
    }
    std::string html =
        "<section><h2>Reallocated again and again</h2><p class=\"quiet\">Blocks that realloc made "
        "longer or shorter, by how often.</p><table><thead><tr><th>times, up to<th>blocks<th "
        "colspan=\"2\">of them</thead><tbody>";
    for (std::size_t i = 0; i <= top; ++i)
        html += "<tr><th scope=\"row\">" + std::to_string(1ull << i) + "<td>" +
                with_commas(static_cast<std::int64_t>(by_length[i])) + bar_cell(by_length[i], all);
    return html + "</tbody></table></section>";
}

// Live over events, as an area; what the script moves over it is in the page anyway.
std::string curve(const trace::trace_study& study) {
    constexpr double width = 960, height = 200, bottom = 4;
    std::string path = "M0 " + number(height - bottom);
    double x = 0;
    const double all = static_cast<double>(std::max<std::uint64_t>(study.events(), 1));
    const double top = static_cast<double>(std::max<std::int64_t>(study.peak(), 1));
    for (const trace::study_moment& one : study.moments()) {
        x = width * static_cast<double>(one.events) / all;
        const double high = static_cast<double>(std::max<std::int64_t>(one.most, 0)) / top;
        path += "L" + number(x) + " " + number((height - bottom) * (1 - high) + 2);
    }
    path += "V" + number(height - bottom) + "Z";
    return "<section><h2>Live, over the events of the trace</h2><figure><svg id=\"curve\" "
           "viewBox=\"0 0 "
           "960 200\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"live memory over the "
           "trace, at most " +
           size_text(study.peak()) + "\"><path d=\"" + path +
           "\"/><line id=\"mark\" x1=\"0\" x2=\"0\" y1=\"0\" y2=\"200\"/></svg></figure>";
}

// What the slider needs, as JSON that no text of the program can leave.
std::string moments(const study_report& of) {
    json_writer json;
    json.begin('{').pair("trace", of.trace);
    json.array("moments", of.study->moments(), [&](const trace::study_moment& one) {
        json.begin('[').value(one.milliseconds).value(one.live).value(one.events);
        json.begin('[');
        for (const auto& [group, bytes] : one.held)
            json.begin('[').value(group).value(bytes).end(']');
        json.end(']').end(']');
    });
    std::vector<std::string> used(of.names.size());
    for (const trace::study_moment& one : of.study->moments())
        for (const auto& held : one.held) used[held.first] = of.names[held.first];
    json.array("names", used, [&](const std::string& name) { json.value(name); });
    return json.end('}').take();
}

}  // namespace

std::string study_page(const study_report& of) {
    const trace::trace_study& study = *of.study;
    std::string html = std::string(assets::study_0) + "<h1><bdi>" + escaped(of.title) +
                       "</bdi></h1><ul class=\"says\">";
    for (const std::string& sentence : study_sentences(of)) html += "<li>" + escaped(sentence);
    html += "</ul>" + curve(study) + std::string(assets::study_1) + "</section>";
    html += lines(of) + size_by_life(study);
    html += histogram("Sizes", "", study.sizes(), study.all(), size_class_text);
    html += histogram("Lifetimes", "By the clock, of what was freed.", study.lives_ms(),
                      study.all(), time_class_text);
    html += histogram("Lifetimes in bytes",
                      "What the process asked for between their coming and their going.",
                      study.lives_bytes(), study.all(), life_class_text);
    html += threads(study) + chains(study);
    return html + "<script type=\"application/json\" id=\"moments\">" + moments(of) + "</script>" +
           std::string(assets::study_2);
}

}  // namespace fil::report
