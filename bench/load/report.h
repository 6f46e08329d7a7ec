// SPDX-License-Identifier: MIT
// The result of a run: a table for people, or one line of JSON with the same figures for programs.
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/account.h"
#include "bench/load/options.h"
#include "bench/load/process_figures.h"

namespace chat::load {

struct Result {
    double join_s = 0;      // until all were in
    double told_s = 0;      // until all knew of all
    double join_cpu_s = 0;  // the server's, until then
    double restart_s = 0;   // from the new server's first line until all were back
    double measured_s = 0;
    double server_cpu_s = 0;
    double own_cpu_s = 0;
    Traffic traffic;  // while measuring
    Traffic all;
    std::uint64_t p50_us = 0, p99_us = 0, p999_us = 0, longest_us = 0;
    std::uint64_t lost = 0;  // had not come when all was said and done
    std::uint64_t rss_before_kib = 0, rss_after_kib = 0, rss_peak_kib = 0;
    SocketDrops drops;
    std::uint64_t problems = 0;
};

std::string table(const Options& options, const Result& result);
std::string json(const Options& options, const Result& result);

}  // namespace chat::load
