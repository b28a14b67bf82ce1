#include "symbols/symbols.hpp"

#include <cstdio>
#include <filesystem>
#include <new>
#include <utility>

#include "fil/report/paths.hpp"
#include "os/cold/debug_server.hpp"
#include "symbols/debug_info.hpp"

namespace fil {

struct symbols::module {
    std::string path;
    std::unique_ptr<debug_info> info;  // none if the file is not the one that ran
    std::string remark;                // then, why
    kept_names::answers frames;
    std::size_t known = 0;  // of them, since an earlier report
};

namespace {

// How the kernel marks the name of a file that is gone; another may have come in its place.
std::string_view without_deleted(std::string_view path) {
    constexpr std::string_view mark = " (deleted)";
    std::error_code error;
    if (path.ends_with(mark) && !std::filesystem::exists(path, error)) {
        path.remove_suffix(mark.size());
    }
    return path;
}

report::frame unnamed_frame(const std::string& path, std::uint32_t offset) {
    char number[16];
    std::snprintf(number, sizeof number, "+0x%x", offset);
    report::frame frame;
    frame.kind = report::frame_kind::native;
    frame.file = std::string(report::base_name(path)) + number;
    frame.module = path;
    return frame;
}

std::vector<report::frame> frames_at(debug_info& info, readable_names& names,
                                     const std::string& path, std::uint32_t offset) {
    std::vector<report::frame> frames;
    for (code_place& place : info.places_at(offset)) {
        report::frame frame = unnamed_frame(path, offset);
        frame.function = names.of(place.function);
        if (place.line != 0 && !place.file.empty()) {
            frame.file = std::move(place.file);
            frame.line = place.line;
        }
        frames.push_back(std::move(frame));
    }
    if (frames.empty()) {
        frames.push_back(unnamed_frame(path, offset));
        frames.back().function = names.of(info.symbol_at(offset));
    }
    return frames;
}

}  // namespace

symbols::symbols(kept_names kept, name_wishes wishes)
    : names_(wishes.whole ? std::string::npos : readable_names::longest),
      kept_(std::move(kept)),
      wishes_(wishes) {}

symbols::~symbols() {
    try {
        for (const auto& [key, m] : modules_) {
            // Of another build: that is said with each report, so it is looked at anew.
            const bool is_whole = m.info != nullptr && m.info->unfit_debug_file().empty();
            if (is_whole && m.frames.size() > m.known) kept_.write(m.path, key.second, m.frames);
        }
    } catch (const std::bad_alloc&) {  // then the next report reads anew
    }
}

std::vector<std::string> symbols::notes() const {
    std::vector<std::string> all;
    if (wishes_.from_servers) {
        if (const std::string why = why_no_debug_servers(); !why.empty())
            all.push_back("No server was asked for debug information: " + why + ".");
    }
    for (const auto& [key, m] : modules_) {
        if (m.info == nullptr || m.info->unfit_debug_file().empty()) continue;
        all.push_back(std::string(report::base_name(m.path)) +
                      " has no lines: its debug information, " + m.info->unfit_debug_file() +
                      ", is of another build.");
    }
    return all;
}

symbols::module& symbols::module_of(std::string_view path, std::string_view build_id) {
    auto [at, is_new] = modules_.try_emplace({std::string(path), std::string(build_id)});
    module& m = at->second;
    if (!is_new) return m;
    m.path = without_deleted(path);
    auto info = std::make_unique<debug_info>(m.path, wishes_.from_servers);
    // One that the program did not know is no other one.
    if (info->readable() && (build_id.empty() || info->build_id() == build_id)) {
        m.info = std::move(info);
        m.frames = kept_.read(m.path, at->first.second);
        m.known = m.frames.size();
    } else if (info->readable()) {
        m.remark = "file changed";
    }
    return m;
}

const std::vector<report::frame>& symbols::resolve(std::string_view module_path,
                                                   std::string_view build_id,
                                                   std::uint32_t offset) {
    module& m = module_of(module_path, build_id);
    auto [at, is_new] = m.frames.try_emplace(offset);
    std::vector<report::frame>& frames = at->second;
    if (!is_new) return frames;
    if (m.info != nullptr) {
        frames = frames_at(*m.info, names_, m.path, offset);
    } else if (module_path == "[unknown code]") {
        frames.emplace_back();
        frames.back().kind = report::frame_kind::placeholder;
        frames.back().function = module_path;
    } else {
        frames.push_back(unnamed_frame(m.path, offset));
        frames.back().function = m.remark;
    }
    return frames;
}

}  // namespace fil
