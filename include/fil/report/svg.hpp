#pragma once
// An SVG file: the graph alone, for tools, for readers without scripts and for opening by itself.
//
// Each box is a nested <svg> of its own, placed by percentages, so that the picture fills any
// window and text is cut at the box without a script. It carries a <title> `NAME (83,886,232
// bytes, 14.11%)` and, below its name, the source line with a <title> of its own. Tools read these
// texts, and viewers show them: spaces of source are U+00A0, so that indentation survives. What the
// script needs, which adds zoom, search and keys, are data- attributes. Colours are Fil's, as
// attributes, for programs that know no style sheets; the style sheet (lib/report/assets) adds dark
// mode and what the page looks like.
//
// What is drawn, and where, was decided before (box_layout.hpp). Cold code, pure functions.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/report/box_label.hpp"
#include "fil/report/markup.hpp"
#include "fil/report/mib_text.hpp"

namespace fil::report {

struct svg_parts {
    std::string_view style;
    std::string_view script;
};

struct svg_box {
    std::uint32_t depth;  // 0: the root
    std::int64_t start;   // where it begins, in bytes from the left
    std::int64_t bytes;
    bool user;                // the user's own code
    std::string name;         // "file:line (function)"
    box_label label;          // what is written into it
    std::string source;       // its line as the file has it, "" if not known
    std::string folder = {};  // what its path in the label begins with
};

struct svg_picture {
    std::string title;  // "Peak Tracked Memory Usage (566.8 MiB)"
    std::int64_t total = 0;
    std::vector<svg_box> boxes;  // the root first
};

// Spaces and tabs that XML readers would fold become U+00A0.
inline std::string unbreakable(std::string_view source) {
    std::string text;
    for (const char c : source) {
        if (c == ' ') {
            text += "\u00a0";
        } else if (c == '\t') {
            for (int i = 0; i < 8; ++i) text += "\u00a0";
        } else {
            text += c;
        }
    }
    return text;
}

class svg_writer {
  public:
    svg_writer(const svg_picture& picture, const svg_parts& parts)
        : picture_(picture), parts_(parts) {}

    std::string written() {
        place_rows();
        write_beginning();
        for (const svg_box& box : picture_.boxes) write_box(box);
        out_ += "</svg>\n<script><![CDATA[\n";
        out_ += parts_.script;
        out_ += "]]></script>\n</svg>\n";
        return std::move(out_);
    }

  private:
    static constexpr int header_height = 64;
    static constexpr int row_height = 22;
    static constexpr int source_height = 16;
    static constexpr double designed_width = 1176;  // 98 % of 1,200
    static constexpr double cell_width = 7.23;

    // A row is higher if one of its boxes has a source line.
    void place_rows() {
        std::vector<int> heights;
        for (const svg_box& box : picture_.boxes) {
            if (heights.size() <= box.depth) heights.resize(box.depth + 1, row_height);
            if (!box.source.empty()) heights[box.depth] = row_height + source_height;
        }
        tops_.assign(1, 0);
        for (const int height : heights) tops_.push_back(tops_.back() + height);
    }

    void write_beginning() {
        const std::string frames_height = std::to_string(tops_.back());
        out_ +=
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" xml:space=\"preserve\" "
            "width=\"100%\" height=\"" +
            std::to_string(header_height + tops_.back() + 12) +
            "\" font-family=\"ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace\" "
            "font-size=\"12\">\n<title>";
        append_escaped(out_, picture_.title);
        out_ += "</title>\n<style>\n";
        out_ += parts_.style;
        out_ +=
            "</style>\n<rect id=\"paper\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
            "<text id=\"title\" x=\"1%\" y=\"23\" font-size=\"16\">";
        append_escaped(out_, picture_.title);
        out_ +=
            "</text>\n<text id=\"detail\" x=\"1%\" y=\"50\"> </text>\n"
            "<text id=\"found\" x=\"99%\" y=\"50\" text-anchor=\"end\"> </text>\n"
            "<text id=\"search\" class=\"button\" display=\"none\" x=\"99%\" y=\"23\" "
            "text-anchor=\"end\">Search (/)</text>\n"
            "<text id=\"reset\" class=\"button\" display=\"none\" x=\"99%\" dx=\"-90\" y=\"23\" "
            "text-anchor=\"end\">Reset (Esc)</text>\n"
            "<svg id=\"frames\" x=\"1%\" width=\"98%\" y=\"" +
            std::to_string(header_height) + "\" height=\"" + frames_height + "\" data-cell=\"" +
            rounded_text(cell_width, 2) + "\">\n";
    }

    void write_box(const svg_box& box) {
        const double share = picture_.total > 0 ? static_cast<double>(box.bytes) /
                                                      static_cast<double>(picture_.total)
                                                : 1;
        const double heat = std::sqrt(share);
        const int height = tops_[box.depth + 1] - tops_[box.depth];
        out_ += "<svg class=\"f h" + std::to_string(std::lround(11 * heat)) +
                (box.user ? " user" : "") + "\" x=\"" +
                (box.depth == 0 ? "0" : percent(box.start)) + "%\" y=\"" +
                std::to_string(tops_[box.depth]) + "\" width=\"" + percent(box.bytes) +
                "%\" height=\"" + std::to_string(height) + "\"";
        write_data(box);
        out_ += "><title>";
        write_titled(box.name, box.bytes);
        out_ += "<rect width=\"100%\" height=\"" + std::to_string(height - 1) + "\" fill=\"" +
                fil_colour(heat) + "\"/>";
        const double pixels = share * designed_width;
        if (box.user && box.depth > 0 && pixels > 14) {
            out_ += "<rect class=\"edge\" width=\"3\" height=\"" + std::to_string(height - 1) +
                    "\" fill=\"#b3261e\"/>";
        }
        const auto room = static_cast<std::size_t>(std::max((pixels - 9) / cell_width, 0.0));
        const std::string label = room < 2 ? "" : cut_label(box.label, room);
        out_ += "<text class=\"n\" x=\"6\" y=\"15\">";
        append_escaped(out_, label);
        out_ += "</text>";
        if (!box.source.empty()) write_source(box, label.empty() ? 0 : room);
        out_ += "</svg>\n";
    }

    // What the script makes labels of, and searches in.
    void write_data(const svg_box& box) {
        const box_label& label = box.label;
        out_ += " data-bytes=\"" + std::to_string(box.bytes) + "\"";
        if (!label.function.empty()) write_attribute("function", label.function);
        if (!label.joined.empty()) write_attribute("joined", label.joined);
        if (!box.folder.empty()) write_attribute("folder", box.folder);
        if (!label.path.empty()) write_attribute("path", label.path);
        if (label.line > 0) out_ += " data-line=\"" + std::to_string(label.line) + "\"";
        if (label.short_name.size() < 2) return;
        out_ += " data-parts=\"";
        const char* separator = "";
        for (const std::string& part : label.short_name) {
            out_ += std::exchange(separator, "&#10;");
            append_escaped(out_, part);
        }
        out_ += '"';
    }

    void write_attribute(const char* name, std::string_view text) {
        out_ += std::string(" data-") + name + "=\"";
        append_escaped(out_, text);
        out_ += '"';
    }

    void write_source(const svg_box& box, std::size_t room) {
        const std::string source = unbreakable(box.source);
        out_ += "<g><title>";
        write_titled(source, box.bytes);
        out_ += "<text class=\"s\" x=\"6\" y=\"31\"";
        if (room < 2) write_attribute("source", source);
        out_ += '>';
        append_escaped(out_, room < 2 ? "" : source);
        out_ += "</text></g>";
    }

    void write_titled(std::string_view name, std::int64_t bytes) {
        append_escaped(out_, name);
        out_ += " (" + with_commas(bytes) + " bytes, " +
                (bytes == picture_.total ? "100" : percent_text(bytes, picture_.total)) +
                "%)</title>";
    }

    // rgb(255, g, g) with g = 100 + 150 (1 - sqrt(share)).
    static std::string fil_colour(double heat) {
        const std::string g = std::to_string(std::lround(100 + 150 * (1 - heat)));
        return "rgb(255," + g + "," + g + ")";
    }

    // In per cent of the picture, with as few digits as place a box to a fiftieth of a pixel.
    std::string percent(std::int64_t bytes) const {
        if (bytes == picture_.total) return "100";
        std::string text = decimal_text(bytes, picture_.total, 4, 100);
        while (text.ends_with('0')) text.pop_back();
        if (text.ends_with('.')) text.pop_back();
        return text;
    }

    const svg_picture& picture_;
    const svg_parts& parts_;
    std::vector<int> tops_;
    std::string out_;
};

inline std::string svg_text(const svg_picture& picture, const svg_parts& parts) {
    return svg_writer(picture, parts).written();
}

}  // namespace fil::report
