// SPDX-License-Identifier: MIT
// What one datagram costs the server's brain, in CPU time: sealed, opened, forged, an entry encoded
// for it, the first request of a stranger, a whole handshake (the client's half is not counted).
// Beside it libsodium's bare AEAD, so that the figures mean something on any machine.
#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <deque>
#include <memory_resource>
#include <sodium.h>
#include <string>
#include <time.h>
#include <vector>

#include "chat-server/core/server.h"
#include "chat-server/store/memory_log.h"
#include "proto/session/cipher.h"
#include "proto/session/initiator.h"
#include "proto/wire/datagram.h"
#include "proto/wire/frame.h"
#include "proto/wire/writer.h"

namespace {

using namespace chat;

// A server that is full refuses; a new one then.
constexpr std::size_t members = 3000;

class Random final : public RandomSource {
  public:
    void fill(std::span<std::byte> bytes) override { randombytes_buf(bytes.data(), bytes.size()); }
};

class Caught final : public TransmitSink {
  public:
    bool send(const Path& path, std::span<const std::byte> datagram) override {
        last_to = path.peer;
        last.assign(datagram.begin(), datagram.end());
        ++count;
        return true;
    }

    Endpoint last_to;
    std::vector<std::byte> last;
    std::size_t count = 0;
};

// Of this thread alone, so that others on the machine do not count.
double cpu_s() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::pmr::memory_resource& memory() {
    return *std::pmr::new_delete_resource();
}

// A server and people's first words to it.
class Bench {
  public:
    Bench()
        : server_(server::ServerConfig{}, secrets(random_), random_, memory(),
                  [](const Endpoint&) { return std::string(); }) {
        server_.restore(now_, *log_.load(now_.wall));
    }

    Path next_path() {
        ++peers_;
        return {{IpAddress::v4(10, static_cast<std::uint8_t>(peers_ >> 16),
                               static_cast<std::uint8_t>(peers_ >> 8),
                               static_cast<std::uint8_t>(peers_)),
                 4000},
                {}};
    }
    // Nobody is limited for coming too often.
    void time_passes() { now_.at = now_.at + seconds(1); }
    void receive(const Path& path, std::span<std::byte> datagram) {
        server_.on_datagram(now_, path, datagram, false);
        drive();
    }
    // Added to spent_s. Asking for the time takes as long as a forged datagram.
    void receive_timed(const Path& path, std::span<std::byte> datagram) {
        const double began_s = cpu_s();
        receive(path, datagram);
        spent_s_ += cpu_s() - began_s;
    }
    // Both sides up to the FINI, which is returned and not yet received.
    std::vector<std::byte> up_to_fini(Initiator& client, const Path& path) {
        for (;;) {
            Caught up;
            client.poll_transmit(now_, up);
            if (client.step() == Initiator::Step::finishing) return up.last;
            down_.count = 0;
            receive_timed(path, up.last);
            client.on_datagram(now_, down_.last);
            if (client.step() == Initiator::Step::deciding) {
                datagram::FiniPayload request;
                request.client_epoch = random_.u64();
                const std::string name = "user" + std::to_string(peers_);
                request.name_bytes = static_cast<std::uint8_t>(name.size());
                std::ranges::copy(name, request.name.begin());
                client.trust(now_, {}, request);
            }
        }
    }
    // Returns the FINI.
    std::vector<std::byte> joins() {
        const Path path = next_path();
        Initiator client = new_client();
        const std::vector<std::byte> fini = up_to_fini(client, path);
        std::vector<std::byte> copy = fini;
        receive_timed(path, copy);
        return fini;
    }
    void reset_spent() { spent_s_ = 0; }
    double spent_s() const { return spent_s_; }
    Initiator new_client() {
        identities_.push_back(KeyPair::generate(random_));
        return {now_, identities_.back(), random_, memory()};
    }
    std::vector<std::byte> first_request(Initiator& client) {
        Caught up;
        client.poll_transmit(now_, up);
        return up.last;
    }
    const Now& now() const { return now_; }

  private:
    static server::ServerSecrets secrets(RandomSource& random) {
        server::ServerSecrets secrets;
        secrets.identity = KeyPair::generate(random);
        return secrets;
    }
    void drive() {
        while (const server::Changes* changes = server_.take_changes(now_))
            server_.on_committed(now_, *log_.commit(*changes));
        while (server_.poll_transmit(now_, down_)) {
        }
        server_.take_events();
    }

    Random random_;
    Now now_{{seconds(1000).us}, {1'760'000'000'000}};
    server::Server server_;
    server::MemoryLog log_{1};
    Caught down_;
    std::deque<KeyPair> identities_;
    std::uint32_t peers_ = 0;
    double spent_s_ = 0;
};

void bare_aead_open(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    std::vector<unsigned char> sealed(size + 16), opened(size);
    unsigned char key[32]{}, nonce[12]{}, ad[16]{};
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed.data(), nullptr, opened.data(), size, ad, 16,
                                              nullptr, nonce, key);
    sealed[0] ^= 1;
    for (auto _ : state) {
        benchmark::DoNotOptimize(crypto_aead_chacha20poly1305_ietf_decrypt(
            opened.data(), nullptr, nullptr, sealed.data(), sealed.size(), ad, 16, nonce, key));
    }
}
BENCHMARK(bare_aead_open)->Arg(64)->Arg(1168);

void seal(benchmark::State& state) {
    Sealer sealer(Key32{}, 1);
    std::vector<std::byte> datagram(padded_size(static_cast<std::size_t>(state.range(0))) +
                                    data_overhead_bytes);
    for (auto _ : state)
        benchmark::DoNotOptimize(sealer.seal(0, datagram));
}
BENCHMARK(seal)->Arg(64)->Arg(1168);

// Each can be opened once, so many are made first.
void open(benchmark::State& state) {
    constexpr std::size_t count = 400;
    const std::size_t bytes =
        padded_size(static_cast<std::size_t>(state.range(0))) + data_overhead_bytes;
    std::vector<std::vector<std::byte>> datagrams(count, std::vector<std::byte>(bytes));
    std::size_t opened = 0;
    Sealer sealer(Key32{}, 1);
    ServerOpener opener(Key32{});
    for (auto _ : state) {
        state.PauseTiming();
        for (auto& datagram : datagrams) {
            if (!sealer.seal(0, datagram)) state.SkipWithError("the key is used up");
        }
        state.ResumeTiming();
        for (auto& datagram : datagrams)
            opened += opener.open(datagram) ? 1U : 0U;
    }
    const auto all = static_cast<std::size_t>(state.iterations()) * count;
    if (opened != all) state.SkipWithError("one did not open");
    state.SetItemsProcessed(static_cast<std::int64_t>(all));
}
BENCHMARK(open)->Arg(64)->Arg(1168);

// What is done once for an entry, and what for each datagram with it.
void encode_entry(benchmark::State& state) {
    const std::string text(static_cast<std::size_t>(state.range(0)), '.');
    const frame::Entry entry{frame::EntryKind::message, 0, {1'760'000'000'000}, "member7", text};
    std::vector<std::byte> bytes;
    for (auto _ : state) {
        bytes.clear();
        frame::append_entry(entry, bytes);
        benchmark::DoNotOptimize(bytes.data());
    }
}
BENCHMARK(encode_entry)->Arg(64)->Arg(1024);

void encode_events(benchmark::State& state) {
    const std::string text(64, '.');
    std::vector<std::byte> entries;
    const auto count = static_cast<std::uint8_t>(state.range(0));
    for (std::uint8_t i = 0; i < count; ++i)
        frame::append_entry({frame::EntryKind::message, 0, {}, "member7", text}, entries);
    std::array<std::byte, datagram::plaintext_bytes_max> buffer;
    for (auto _ : state) {
        Writer writer(buffer);
        if (!frame::write(writer, frame::Events{1, 1, count, entries}) || !frame::pad(writer)) {
            state.SkipWithError("no room");
        }
        benchmark::DoNotOptimize(buffer.data());
    }
}
BENCHMARK(encode_events)->Arg(1)->Arg(12);

void first_init(benchmark::State& state) {
    Bench bench;
    Initiator client = bench.new_client();
    const auto init = bench.first_request(client);
    const Path path = bench.next_path();
    std::vector<std::byte> copy;
    for (auto _ : state) {
        copy = init;
        bench.receive(path, copy);
    }
}
BENCHMARK(first_init);

// The server's part of a whole handshake: both INITs, FINI, the join, its storing and WELCOME.
void handshake(benchmark::State& state) {
    auto bench = std::make_unique<Bench>();
    std::size_t joined = 0;
    for (auto _ : state) {
        if (++joined % members == 0) bench = std::make_unique<Bench>();
        bench->time_passes();
        bench->reset_spent();
        bench->joins();
        state.SetIterationTime(bench->spent_s());
    }
}
BENCHMARK(handshake)->UseManualTime()->Iterations(5000);

// DATA for a live session that its owner has not sealed.
void forged_data(benchmark::State& state) {
    Bench bench;
    const auto fini = bench.joins();
    const Path path = bench.next_path();
    std::vector<std::byte> forged(static_cast<std::size_t>(state.range(0)));
    randombytes_buf(forged.data(), forged.size());
    forged[0] = std::byte{0xfc};
    forged[1] = std::byte{0};
    std::copy_n(fini.begin() + 4, 4, forged.begin() + 4);
    std::fill_n(forged.begin() + 8, 8, std::byte{0});
    std::vector<std::byte> copy;
    for (auto _ : state) {
        copy = forged;
        bench.receive(path, copy);
    }
}
BENCHMARK(forged_data)->Arg(96)->Arg(1200);

}  // namespace
