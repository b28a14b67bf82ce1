#include "report/open_snapshot.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "fil/report/snapshot_merge.hpp"
#include "fil/report/usage_reader.hpp"
#include "os/cold/files.hpp"
#include "process/recording_names.hpp"
#include "report/reading_path.hpp"
#include "report/snapshot_file.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;

// Recordings of one folder are one session's.
struct found_files {
    std::vector<std::string> snapshots;
    std::map<std::string, std::vector<std::string>> recordings;  // by folder
    std::map<std::string, session_words_found> pages;            // likewise
};

std::string beginning(const std::string& path, std::size_t bytes) {
    const file_descriptor file = os::open_to_read(path);
    std::string text(bytes, '\0');
    const auto got =
        file.number() < 0 ? -1 : os::read_at(file.number(), text.data(), text.size(), 0);
    if (got < 0) throw std::system_error(errno, std::generic_category());
    text.resize(static_cast<std::size_t>(got));
    return text;
}

template <typename Value>
bool begins_with(const std::string& text, const Value& value) {
    return text.size() >= sizeof value && std::memcmp(text.data(), &value, sizeof value) == 0;
}

class search {
  public:
    explicit search(std::size_t most) : most_(most) {}

    // False if it is nothing that can be read.
    bool look_at_file(const std::string& path) {
        const std::string text = beginning(path, sizeof(session_page));
        const std::string folder = fs::path(path).parent_path().string();
        if (is_snapshot_file(text)) {
            found_.snapshots.push_back(path);
        } else if (begins_with(text, recording_magic)) {
            found_.recordings[folder].push_back(path);
        } else if (begins_with(text, session_magic) && text.size() == sizeof(session_page)) {
            session_page page{};
            std::memcpy(static_cast<void*>(&page), text.data(), sizeof page);
            found_.pages[folder] = {
                plausible(page.live),      plausible(page.peak), page.founder, page.gone,
                plausible(page.gone_peak), page.sandboxed};
        } else {
            return false;
        }
        return true;
    }

    // And all below it.
    void look_into(const std::string& folder) {
        std::vector<fs::directory_entry> entries;
        for (const fs::directory_entry& entry :
             fs::directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
            if (++seen_ > most_)
                throw unreadable_snapshot(snapshot_problem::unreachable,
                                          "it holds more than " + std::to_string(most_) +
                                              " files: name the folders of reports");
            if (std::error_code unknown; !entry.is_symlink(unknown)) entries.push_back(entry);
        }
        std::ranges::sort(entries);
        for (const fs::directory_entry& entry : entries) {
            std::error_code unknown;
            if (entry.is_regular_file(unknown)) look_at_what_is_there(entry.path());
            if (entry.is_directory(unknown)) look_into(entry.path().string());
        }
    }

    found_files take() { return std::move(found_); }

  private:
    // What cannot be read is passed over where nothing says that it should be.
    void look_at_what_is_there(const fs::path& path) {
        try {
            look_at_file(path.string());
        } catch (const std::system_error&) {
            if (path.extension() == snapshot_suffix || path.extension() == recording_suffix) throw;
        }
    }

    found_files found_;
    const std::size_t most_;
    std::size_t seen_ = 0;
};

found_files found_at(const std::string& path, std::size_t most) {
    search all(most);
    std::error_code error;
    const fs::file_status what = fs::status(path, error);
    if (!fs::exists(what)) {
        if (!error) error = std::make_error_code(std::errc::no_such_file_or_directory);
        throw std::system_error(error);
    }
    if (fs::is_directory(what)) {
        all.look_into(path);
        found_files found = all.take();
        if (found.snapshots.empty() && found.recordings.empty())
            throw unreadable_snapshot(snapshot_problem::empty,
                                      "it holds no snapshot and no recording");
        return found;
    }
    if (!all.look_at_file(path))
        throw unreadable_snapshot(snapshot_problem::not_one,
                                  "it is neither a snapshot nor a recording");
    const fs::path page = fs::path(path).parent_path() / session_page_name;
    if (fs::is_regular_file(page, error)) all.look_at_file(page.string());
    found_files found = all.take();
    if (found.snapshots.empty() && found.recordings.empty())
        throw unreadable_snapshot(snapshot_problem::empty, "it is a session's page alone");
    return found;
}

std::string whole_file(const std::string& path) {
    const auto about = os::facts_of(path);
    if (!about) throw std::system_error(errno, std::generic_category());
    return beginning(path, about->bytes);
}

// The page of their session, which may lie beside them.
std::optional<session_words_found> page_beside(const found_files& found,
                                               const std::string& folder) {
    const auto known = found.pages.find(folder);
    if (known != found.pages.end()) return known->second;
    return {};
}

}  // namespace

report::session_snapshot open_snapshots(const std::vector<std::string>& paths,
                                        recordings_reader read_recordings,
                                        std::size_t most_in_folder) {
    std::vector<report::session_snapshot> parts;
    std::set<fs::path> read;
    std::vector<std::string> notes;
    const auto is_new = [&](const std::string& path) {
        if (read.insert(fs::canonical(path)).second) return true;
        notes.push_back("\"" + path + "\" was named before, and is counted once.");
        return false;
    };
    for (const std::string& path : paths) {
        const found_files found = reading(path, [&] { return found_at(path, most_in_folder); });
        for (const std::string& file : found.snapshots) {
            if (is_new(file))
                parts.push_back(
                    reading(file, [&] { return read_snapshot_file(whole_file(file)); }));
        }
        for (const auto& [folder, files] : found.recordings) {
            std::vector<std::string> others;
            std::ranges::copy_if(files, std::back_inserter(others), is_new);
            if (!others.empty())
                parts.push_back(read_recordings(others, page_beside(found, folder)));
        }
    }
    std::vector<const report::session_snapshot*> all;
    for (const report::session_snapshot& part : parts) all.push_back(&part);
    report::session_snapshot sum =
        parts.size() == 1 ? std::move(parts.front()) : report::merged(all);
    sum.about.notes.insert(sum.about.notes.end(), notes.begin(), notes.end());
    return sum;
}

}  // namespace fil
