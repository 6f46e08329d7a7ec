// SPDX-License-Identifier: MIT
// chat-load: see options.cpp for what it can do, run.h for how it goes.
#include <cstdio>
#include <sodium.h>
#include <sysexits.h>

#include "bench/load/crowds.h"
#include "bench/load/options.h"
#include "bench/load/run.h"

int main(int argc, char** argv) {
    using namespace chat::load;
    if (sodium_init() < 0) return EX_SOFTWARE;
    int status = 0;
    const auto options = read_options(argc, argv, status);
    if (!options) return status;
    Run run(*options);
    const Result result = run.run();
    const std::string text = options->json ? json(*options, result) : table(*options, result);
    std::fputs(text.c_str(), stdout);
    for (const auto& problem : run.account().problems)
        std::fprintf(stderr, "chat-load: %s\n", problem.c_str());
    return result.problems > 0 ? 1 : 0;
}
