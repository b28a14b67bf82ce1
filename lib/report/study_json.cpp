#include "fil/report/json_writer.hpp"
#include "report/study_report.hpp"

namespace fil::report {
namespace {

void put(json_writer& json, const trace::tally& one) {
    json.begin('[').value(one.count).value(one.bytes).end(']');
}

// Up to the last class that has any.
template <typename Classes>
void put_classes(json_writer& json, const char* name, const Classes& all) {
    std::size_t count = all.size();
    while (count > 0 && all[count - 1].count == 0) --count;
    json.key(name).begin('[');
    for (std::size_t i = 0; i < count; ++i) put(json, all[i]);
    json.end(']').new_line();
}

}  // namespace

std::string study_json(const study_report& of) {
    const trace::trace_study& study = *of.study;
    json_writer json(json_place::file);
    json.begin('{').pair("version", 1).pair("title", of.title).pair("sample", of.sample);
    json.pair("events", study.events()).pair("milliseconds", study.milliseconds());
    json.pair("peak", study.peak()).pair("peak_milliseconds", study.peak_ms()).new_line();
    const std::pair<const char*, const trace::tally*> sums[] = {
        {"blocks", &study.all()},
        {"temporary", &study.temporary()},
        {"handed_over", &study.handed_over()},
        {"moved", &study.moved()},
        {"at_end", &study.at_end()}};
    for (const auto& [name, sum] : sums) {
        json.key(name);
        put(json, *sum);
    }
    json.new_line();
    put_classes(json, "sizes", study.sizes());
    put_classes(json, "lifetimes_milliseconds", study.lives_ms());
    put_classes(json, "lifetimes_bytes", study.lives_bytes());
    json.key("sizes_by_lifetimes").begin('[');
    for (const auto& row : study.size_by_life()) {
        json.begin('[');
        for (const trace::tally& one : row) put(json, one);
        json.end(']').new_line();
    }
    json.end(']').new_line();
    json.array("hot_sizes", study.hot_sizes(32), [&](const auto& one) {
        json.begin('[').value(one.first).value(one.second).end(']');
    });
    json.array("reallocation_chains", study.chains(), [&](const auto& one) {
        json.begin('[').value(one.first).value(one.second).end(']');
    });
    json.new_line().array("threads", study.threads(), [&](const auto& one) {
        const trace::study_thread& who = one.second;
        json.begin('{').pair("thread", who.number).pair("blocks", who.blocks);
        json.pair("bytes", who.bytes).pair("frees", who.frees);
        json.pair("frees_of_others", who.frees_of_others).end('}');
    });
    json.new_line().array("hand_overs", study.hand_overs(), [&](const auto& one) {
        json.begin('[').value(one.first.first).value(one.first.second);
        json.value(one.second.count).value(one.second.bytes).end(']');
    });
    json.new_line().array("lines", busiest_groups(study), [&](std::uint32_t at) {
        const trace::study_group& one = study.groups()[at];
        json.begin('{').pair("line", of.names[at]).pair("blocks", one.all.count);
        json.pair("bytes", one.all.bytes).pair("peak", one.peak).pair("at_end", one.live);
        json.pair("temporary", one.temporary.count).pair("handed_over", one.handed_over.count);
        json.pair("reallocated", one.reallocated.count);
        json.array("lifetimes_bytes", one.lives, [&](std::uint32_t lives) { json.value(lives); });
        json.end('}').new_line();
    });
    json.new_line().array("moments", study.moments(), [&](const trace::study_moment& one) {
        json.begin('{').pair("events", one.events).pair("milliseconds", one.milliseconds);
        json.pair("live", one.live).pair("most", one.most);
        json.array("held", one.held, [&](const auto& held) {
            json.begin('[').value(of.names[held.first]).value(held.second).end(']');
        });
        json.end('}').new_line();
    });
    return json.end('}').take() + "\n";
}

}  // namespace fil::report
