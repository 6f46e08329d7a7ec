// SPDX-License-Identifier: MIT
#include "bench/load/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <vector>

namespace chat::load {
namespace {

struct Figure {
    const char* key;
    const char* words;
    double value;
    int decimals;
};

double ratio(double a, double b) {
    return b > 0 ? a / b : 0;
}

double to_double(std::uint64_t value) {
    return static_cast<double>(value);
}

std::vector<Figure> figures(const Options& options, const Result& r) {
    const double deliveries = to_double(r.traffic.deliveries);
    const double people = to_double(options.members + options.idle + options.slow);
    std::vector<Figure> all{
        {"join_s", "all joined, seconds", r.join_s, 3},
        {"joins_per_s", "joins a second, until all knew of all", ratio(people, r.told_s), 0},
        {"told_s", "all knew of all, seconds", r.told_s, 3},
        {"join_cpu_us", "server CPU for each join, us", ratio(r.join_cpu_s * 1e6, people), 1},
    };
    if (options.restart) all.push_back({"restart_s", "all back, seconds", r.restart_s, 3});
    if (!options.join_only) {
        const std::vector<Figure> talk{
            {"measured_s", "seconds measured", r.measured_s, 2},
            {"said", "messages", to_double(r.traffic.said), 0},
            {"deliveries", "deliveries", deliveries, 0},
            {"deliveries_per_s", "deliveries a second", ratio(deliveries, r.measured_s), 0},
            {"deliveries_per_cpu_s", "deliveries for each second of server CPU",
             ratio(deliveries, r.server_cpu_s), 0},
            {"server_cpu_s", "server CPU, seconds", r.server_cpu_s, 3},
            {"server_load_percent", "server CPU, percent of a core",
             ratio(r.server_cpu_s * 100, r.measured_s), 1},
            {"us_per_delivery", "server CPU for each delivery, us",
             ratio(r.server_cpu_s * 1e6, deliveries), 4},
            {"p50_us", "latency, median, us", to_double(r.p50_us), 0},
            {"p99_us", "latency, 99 %, us", to_double(r.p99_us), 0},
            {"p999_us", "latency, 99.9 %, us", to_double(r.p999_us), 0},
            {"longest_us", "latency, longest, us", to_double(r.longest_us), 0},
            {"datagrams_in", "datagrams received", to_double(r.traffic.datagrams_in), 0},
            {"entries_per_datagram", "messages in a datagram that has any",
             ratio(deliveries, to_double(r.traffic.entry_datagrams_in)), 2},
            {"bytes_per_delivery", "bytes received for each delivery",
             ratio(to_double(r.traffic.bytes_in), deliveries), 1},
            {"datagrams_out", "datagrams sent", to_double(r.traffic.datagrams_out), 0},
            {"out_per_delivery", "datagrams sent for each delivery",
             ratio(to_double(r.traffic.datagrams_out), deliveries), 3},
        };
        all.insert(all.end(), talk.begin(), talk.end());
    }
    const std::vector<Figure> end{
        {"lost", "deliveries that never came", to_double(r.lost), 0},
        {"asked_again", "entries missed and asked for", to_double(r.all.asked_again), 0},
        {"had_already", "entries that came twice, and were dropped", to_double(r.all.had_already),
         0},
        {"went", "members who left and came again", to_double(r.all.went), 0},
        {"moved", "changes of address", to_double(r.all.moved), 0},
        {"dropped_on_purpose", "datagrams dropped on purpose", to_double(r.all.dropped), 0},
        {"server_socket_drops", "datagrams dropped at the server's socket",
         to_double(r.drops.server), 0},
        {"member_socket_drops", "datagrams dropped at members' sockets", to_double(r.drops.members),
         0},
        {"own_load_percent", "this program's CPU, percent of a core",
         ratio(r.own_cpu_s * 100, r.measured_s), 1},
        {"rss_before_kib", "server memory before the joins, KiB", to_double(r.rss_before_kib), 0},
        {"rss_after_kib", "server memory at the end, KiB", to_double(r.rss_after_kib), 0},
        {"rss_peak_kib", "server memory, most, KiB", to_double(r.rss_peak_kib), 0},
        {"problems", "problems", to_double(r.problems), 0},
    };
    all.insert(all.end(), end.begin(), end.end());
    return all;
}

}  // namespace

std::string table(const Options& options, const Result& result) {
    std::string text = fmt::format("{}: {} members in {} rooms, {} idle\n", options.protocol,
                                   options.members, options.rooms, options.idle);
    for (const auto& figure : figures(options, result)) {
        text += fmt::format("  {:46}{:>16.{}f}\n", figure.words, figure.value, figure.decimals);
    }
    return text;
}

std::string json(const Options& options, const Result& result) {
    nlohmann::ordered_json all;
    all["protocol"] = options.protocol;
    all["members"] = options.members;
    all["rooms"] = options.rooms;
    all["idle"] = options.idle;
    all["slow"] = options.slow;
    all["senders"] = options.senders;
    all["window"] = options.window;
    all["rate"] = options.window > 0 ? 0 : options.rate;
    all["text_bytes"] = options.text_bytes;
    all["loss_permille"] = options.loss_permille;
    for (const auto& figure : figures(options, result))
        all[figure.key] = figure.value;
    return all.dump() + "\n";
}

}  // namespace chat::load
