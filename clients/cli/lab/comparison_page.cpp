#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "lab/comparison.hpp"

namespace fil::cli {
namespace {

std::string printed(const char* format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    std::vsnprintf(text, sizeof text, format, values);
    va_end(values);
    return text;
}

// Of names and settings, which are the user's: shown, never obeyed.
std::string escaped(const std::string& text) {
    std::string safe;
    for (const char each : text) {
        switch (each) {
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '&':
                safe += "&amp;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += static_cast<unsigned char>(each) < 32 ? '?' : each;
        }
    }
    return safe;
}

std::string number(double value) {
    const int digits = value == 0 || std::abs(value) >= 100 ? 0 : std::abs(value) >= 10 ? 1 : 2;
    return printed("%.*f", digits, value);
}

std::string shown(const spread& answer) {
    if (number(answer.low) == number(answer.high)) return number(answer.median);
    return number(answer.median) + " <small>" + number(answer.low) + "–" + number(answer.high) +
           "</small>";
}

constexpr const char* head =
    "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\"><title>Allocators compared</title><style>"
    ":root{color-scheme:light "
    "dark;--paper:#fff;--ink:#1f1b1a;--soft:#5c5552;--rule:#ddd6d3;--focus:#0b57c2;"
    "--c0:#1f1b1a;--c1:#b3261e;--c2:#1f5fa8;--c3:#2e7d32;--c4:#8a4fb0;--c5:#a15c00;--c6:#00727a;"
    "--c7:#c2185b}"
    "@media(prefers-color-scheme:dark){:root{--paper:#1b1817;--ink:#ece6e3;--soft:#b0a7a3;"
    "--rule:#443e3b;--focus:#8fc0ff;--c0:#ece6e3;--c1:#ff8a80;--c2:#8ab8f0;--c3:#86cf8a;--c4:#"
    "d0a5ee;--c5:#f0b060;"
    "--c6:#6fd3dc;--c7:#ff90b8}}"
    "body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:72rem;padding:0 1rem;"
    "background:var(--paper);color:var(--ink)}h1{font-size:1.5rem}h2{font-size:1.15rem;"
    "margin:2.2rem 0 .4rem;overflow-wrap:anywhere}p{max-width:48rem}small,.soft,figcaption{"
    "color:var(--soft)}.wide{overflow-x:auto}table{border-collapse:collapse;margin:.6rem 0}"
    "th,td{text-align:right;padding:.25rem .7rem;border-bottom:1px solid var(--rule);"
    "font-variant-numeric:tabular-nums;white-space:nowrap}th:first-child,td:first-child{"
    "text-align:left;white-space:normal;min-width:8.5rem}th[scope=row]{font-weight:400}td.best{"
    "font-weight:700}:focus-visible{outline:2px solid "
    "var(--focus);outline-offset:2px}td.why{text-align:"
    "left;"
    "white-space:normal}figure{margin:1rem "
    "0}svg{width:100%;height:auto;max-width:60rem;display:block}"
    "svg text{font:12px system-ui,sans-serif;fill:var(--soft)}svg .line{fill:none;stroke-width:1.8}"
    "svg .rule{stroke:var(--rule)}svg .live{fill:var(--rule);stroke:none}"
    ".key{display:inline-block;margin-right:1.2rem;white-space:nowrap}.key svg{display:inline;"
    "width:2.4rem;height:.8rem;vertical-align:middle}"
    "@media(max-width:40rem){th,td{padding:.25rem .4rem}svg text{font-size:22px}}@media "
    "print{body{margin:0;max-width:none}h2{break-after:avoid}figure,table{break-inside:avoid}"
    ".wide{overflow:visible}table{font-size:.7rem}th,td{padding:.1rem .3rem}}"
    "</style>";

constexpr const char* dashes[] = {"", "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "1 2", "6 2 1 2"};

std::string stroke(std::size_t number) {
    return printed("style=\"stroke:var(--c%zu)\" stroke-dasharray=\"%s\"", number % 8,
                   dashes[number % 8]);
}

// What may be wider than the page: scrolled by the keyboard, too.
std::string wide(const char* label) {
    return std::string("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"") + label +
           "\">";
}

// Resident memory of each over the trace, above what was asked for.
std::string curves(const compared_trace& trace) {
    constexpr double width = 960, height = 300, left = 60, top = 12, bottom = 30;
    double most = 1;
    std::uint64_t steps = 1;
    for (const compared_allocator& one : trace.allocators) {
        if (one.plain.empty()) continue;
        for (const replay_sample& each : one.typical().samples) {
            most = std::max(
                {most, static_cast<double>(each.resident), static_cast<double>(each.live)});
            steps = std::max(steps, each.steps);
        }
    }
    const auto x = [&](std::uint64_t at) {
        return left + (width - left - 10) * static_cast<double>(at) / static_cast<double>(steps);
    };
    const auto y = [&](double bytes) {
        return top + (height - top - bottom) * (1 - std::max(bytes, 0.0) / most);
    };
    std::string svg = printed(
        "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"resident "
        "memory over the trace\">",
        width, height);
    bool has_live = false;
    for (const compared_allocator& one : trace.allocators) {
        if (one.plain.empty() || has_live) continue;
        has_live = true;
        svg += printed("<path class=\"live\" d=\"M%.1f %.1f", left, y(0));
        for (const replay_sample& each : one.typical().samples)
            svg += printed("L%.1f %.1f", x(each.steps), y(static_cast<double>(each.live)));
        svg += printed("V%.1fZ\"><title>requested</title></path>", y(0));
    }
    for (int part = 0; part <= 4; ++part) {
        const double bytes = most * part / 4;
        svg += printed(
            "<path class=\"rule\" d=\"M%.0f %.1fH%.0f\"/><text x=\"%.0f\" y=\"%.1f\" "
            "text-anchor=\"end\">%s</text>",
            left, y(bytes), width - 10, left - 6, y(bytes) + 4, number(bytes / (1 << 20)).c_str());
    }
    svg += printed(
        "<text x=\"%.0f\" y=\"%.0f\">MiB</text><text x=\"%.0f\" y=\"%.0f\" "
        "text-anchor=\"end\">%llu events</text>",
        4.0, height - 8, width - 10, height - 8, static_cast<unsigned long long>(trace.events));
    for (std::size_t i = 0; i < trace.allocators.size(); ++i) {
        const compared_allocator& one = trace.allocators[i];
        if (one.plain.empty()) continue;
        svg += "<path class=\"line\" " + stroke(i) + " d=\"";
        char command = 'M';
        for (const replay_sample& each : one.typical().samples) {
            svg += printed("%c%.1f %.1f", command, x(each.steps),
                           y(static_cast<double>(each.resident)));
            command = 'L';
        }
        svg += "\"><title>" + escaped(one.setting.name()) + "</title></path>";
    }
    std::string keys;
    for (std::size_t i = 0; i < trace.allocators.size(); ++i)
        if (!trace.allocators[i].plain.empty())
            keys +=
                "<span class=\"key\"><svg viewBox=\"0 0 40 10\" aria-hidden=\"true\"><path "
                "class=\"line\" " +
                stroke(i) + " d=\"M0 5H40\"/></svg> " +
                escaped(trace.allocators[i].setting.name()) + "</span>";
    return "<figure>" + svg + "</svg><figcaption>" + keys +
           "<br>Resident memory over the events of the trace; grey: what was asked for."
           "</figcaption></figure>";
}

std::string table(const compared_trace& trace) {
    std::string html = wide("figures of each allocator") +
                       "<table><tr><th>of each, the median <small>and where it may be</small>";
    for (const compared_allocator& one : trace.allocators)
        html += "<th>" + escaped(one.setting.name());
    for (std::size_t q = 0; q < questions().size(); ++q) {
        if (!is_shown(trace, q)) continue;
        const question& asked = questions()[q];
        const int best = verdict_of(trace, q).best;
        html += std::string("<tr><th scope=\"row\">") + asked.name +
                (*asked.unit != 0 ? ", " : "") + asked.unit;
        for (std::size_t i = 0; i < trace.allocators.size(); ++i) {
            const compared_allocator& one = trace.allocators[i];
            if (!one.why_not.empty() || !one.answers[q].is_known)
                html += "<td>–";
            else
                html += (static_cast<int>(i) == best ? "<td class=\"best\">" : "<td>") +
                        shown(one.answers[q]);
        }
    }
    html += "</table></div>";
    for (const compared_allocator& one : trace.allocators)
        if (!one.why_not.empty())
            html += "<p>" + escaped(one.setting.name()) +
                    " was not measured: " + escaped(one.why_not) + ".</p>";
        else if (const std::string odd = one.what_is_odd(); !odd.empty())
            html += "<p>" + escaped(one.setting.name()) + ": " + escaped(odd) + ".</p>";
    return html;
}

std::string verdicts(const compared_trace& trace) {
    std::string html = wide("who is best at what") + "<table><tr><th>least<th>";
    for (std::size_t q = 0; q < questions().size(); ++q)
        if (is_shown(trace, q))
            html += std::string("<tr><th scope=\"row\">") + questions()[q].name +
                    "<td class=\"why\">" + escaped(verdict_of(trace, q).text);
    return html + "</table></div>";
}

std::string latencies(const compared_trace& trace) {
    std::string html =
        std::string(
            "<details><summary>Every class of sizes: ns at 50, 90, 99 and 99.9 %"
            "</summary>") +
        wide("latencies by size") +
        "<table><tr><th>allocator<th>call<th>up to bytes<th>count<th>50 %<th>90 %<th>99 %<th>99.9 "
        "%";
    for (const compared_allocator& one : trace.allocators) {
        if (one.timed.empty()) continue;
        const auto& some = one.timed[one.timed.size() / 2].latencies;
        for (const replay_latency& each : some) {
            html += "<tr><th scope=\"row\">" + escaped(one.setting.name()) + "<td>" +
                    escaped(each.operation) + "<td>" +
                    (each.up_to > (1u << 30) ? "larger" : std::to_string(each.up_to)) + "<td>" +
                    std::to_string(each.count);
            for (const double ns : each.ns) html += printed("<td>%.0f", ns);
        }
    }
    return html + "</table></div></details>";
}

}  // namespace

std::string comparison_page(const std::vector<compared_trace>& all, const std::string& how) {
    std::string html =
        std::string(head) + "<h1>Allocators compared</h1><p>" + escaped(how) + "</p>";
    for (const compared_trace& trace : all) {
        html += "<h2>" + escaped(trace.name) + "</h2><p class=\"soft\">" +
                std::to_string(trace.events) + " events; of the time of each, " +
                number(trace.own_ns) + " ns are the replay's own.</p>";
        html += verdicts(trace) + curves(trace) + table(trace) + latencies(trace);
    }
    return html +
           "<p class=\"soft\">Resident memory is the kernel's figure of what is not of files, "
           "less what was there before the first event. A range is where the median lies "
           "with 90 % confidence or more, from five times on; of fewer it is all that was "
           "measured. Where two ranges touch, nobody has won.</p></html>\n";
}

std::string comparison_csv(const std::vector<compared_trace>& all) {
    const auto quoted = [](const std::string& text) {
        std::string cell = "\"";
        for (const char each : text)
            cell += each == '"' ? std::string("\"\"") : std::string(1, each);
        return cell + "\"";
    };
    std::string csv = "trace,allocator,question,unit,median,low,high,failure\n";
    for (const compared_trace& trace : all)
        for (const compared_allocator& one : trace.allocators)
            for (std::size_t q = 0; q < questions().size(); ++q) {
                const bool failed = !one.why_not.empty();
                if (failed && q > 0) break;
                if (!failed && !is_shown(trace, q)) continue;
                if (!failed && !one.answers[q].is_known) {
                    csv += quoted(trace.name) + "," + quoted(one.setting.name()) + "," +
                           quoted(questions()[q].name) + "," + questions()[q].unit +
                           ",,,,\"not shown\"\n";
                    continue;
                }
                const spread& answer = one.answers[q];
                csv += quoted(trace.name) + "," + quoted(one.setting.name()) + ",";
                csv += failed ? ",,,,," + quoted(one.why_not) + "\n"
                              : quoted(questions()[q].name) + "," + questions()[q].unit +
                                    printed(",%.6g,%.6g,%.6g,\n", answer.median, answer.low,
                                            answer.high);
            }
    return csv;
}

std::string comparison_json(const std::vector<compared_trace>& all) {
    const auto quoted = [](const std::string& text) {
        std::string safe = "\"";
        for (const char each : text) {
            if (each == '"' || each == '\\') safe += '\\';
            safe += static_cast<unsigned char>(each) < 32 ? ' ' : each;
        }
        return safe + "\"";
    };
    std::string json = "{\"version\": 1, \"traces\": [";
    for (const compared_trace& trace : all) {
        json += (&trace == &all.front() ? "\n" : ",\n") + std::string("{\"name\": ") +
                quoted(trace.name) +
                printed(", \"events\": %llu, \"replay_ns\": %.4g, \"allocators\": [",
                        static_cast<unsigned long long>(trace.events), trace.own_ns);
        for (const compared_allocator& one : trace.allocators) {
            json += (&one == &trace.allocators.front() ? "\n" : ",\n") +
                    std::string(" {\"name\": ") + quoted(one.setting.name());
            if (!one.why_not.empty()) {
                json += ", \"failure\": " + quoted(one.why_not) + "}";
                continue;
            }
            json += ", \"library\": " + quoted(one.typical().library) +
                    (one.what_is_odd().empty() ? "" : ", \"odd\": " + quoted(one.what_is_odd())) +
                    ", \"answers\": {";
            for (std::size_t q = 0; q < questions().size(); ++q)
                if (is_shown(trace, q))
                    json += std::string(q == 0 ? "" : ", ") + quoted(questions()[q].name) + ": " +
                            (one.answers[q].is_known
                                 ? printed("[%.6g, %.6g, %.6g]", one.answers[q].median,
                                           one.answers[q].low, one.answers[q].high)
                                 : "null");
            json += "}, \"samples\": [";
            bool is_first = true;
            for (const replay_sample& each : one.typical().samples) {
                json += printed("%s[%llu, %lld, %lld, %lld]", is_first ? "" : ", ",
                                static_cast<unsigned long long>(each.steps),
                                static_cast<long long>(each.ns), static_cast<long long>(each.live),
                                static_cast<long long>(each.resident));
                is_first = false;
            }
            json += "]}";
        }
        json += "], \"least\": {";
        for (std::size_t q = 0; q < questions().size(); ++q)
            if (is_shown(trace, q))
                json += std::string(q == 0 ? "" : ", ") + quoted(questions()[q].name) + ": " +
                        quoted(verdict_of(trace, q).text);
        json += "}}";
    }
    return json + "\n]}\n";
}

}  // namespace fil::cli
