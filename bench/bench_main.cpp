// SPDX-License-Identifier: MIT
// The main() of all programs that time blocks. benchmark::benchmark_main has one too, which does
// not begin with libsodium.
#include <benchmark/benchmark.h>
#include <sodium.h>

int main(int argc, char** argv) {
    if (sodium_init() < 0) return 1;
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
