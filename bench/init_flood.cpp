// SPDX-License-Identifier: MIT
// init_flood: what somebody with many addresses does to a server with nothing but INITs. It sends
// from one socket under as many addresses of 127/8 as it is told to, at a steady rate for a given
// time, follows up every RETRY if it is to, counts what comes back, and prints the account as one
// line of JSON. It keeps no state per handshake: RETRY repeats all that it needs, and there is one
// ephemeral key for all. Only a server on 127.0.0.1 can be flooded. Who is hurt by it is measured
// by tests/e2e/init_flood.py.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <sodium.h>
#include <string>
#include <sys/socket.h>
#include <sysexits.h>
#include <vector>

#include "proto/session/noise.h"
#include "proto/session/prologue.h"
#include "proto/wire/datagram.h"
#include "sys/descriptor.h"
#include "sys/system_random.h"

namespace {

using namespace chat;
using Clock = std::chrono::steady_clock;

constexpr std::size_t batch_max = 64;
constexpr std::size_t receive_bytes = 2048;
constexpr int socket_buffer_bytes = 8 << 20;
// A flood is steady: what could not be sent for longer than this is not made up for.
constexpr double debt_s_max = 0.01;

enum class Mode : std::uint8_t {
    bare,    // without a cookie
    forged,  // then with the cookie from RETRY and a wrong tag
    right,   // then with the cookie and what belongs there
};

struct Options {
    std::uint16_t port = 0;
    double rate = 1000;
    double seconds = 1;
    std::uint32_t sources = 10'000;
    Mode mode = Mode::bare;
};

struct Account {
    std::uint64_t sent = 0, sent_with_cookie = 0, sent_bytes = 0;
    std::uint64_t retries = 0, resps = 0, others = 0, received_bytes = 0;
    double took_s = 0;
};

// From 127.1.0.0 on.
in_addr source_address(std::uint32_t index) {
    return {htonl(0x7f01'0000U + index)};
}

class Flood {
  public:
    explicit Flood(const Options& options)
        : options_(options), ephemeral_(KeyPair::generate(random_)) {
        to_.sin_family = AF_INET;
        to_.sin_port = htons(options.port);
        to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }

    // False: no socket; errno says why.
    bool open();
    Account run();

  private:
    // One datagram with the address it is sent from.
    struct Outgoing {
        datagram::Bytes<datagram::init_bytes> bytes;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> control;
        iovec vector;
    };

    void add(const datagram::Init& init, const datagram::Bytes<24>& cookie, std::uint32_t source);
    void add_first();
    void follow_up(const datagram::Retry& retry);
    void flush();
    void receive();

    Options options_;
    sys::SystemRandom random_;
    std::mt19937_64 noise_{random_.u64()};
    KeyPair ephemeral_;
    sockaddr_in to_{};
    sys::Descriptor socket_;
    std::uint32_t next_source_ = 0;
    std::vector<datagram::Retry> to_follow_;
    std::array<Outgoing, batch_max> outgoing_{};
    std::array<mmsghdr, batch_max> headers_{};
    std::size_t waiting_ = 0;
    Account account_;
};

bool Flood::open() {
    socket_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return false;
    for (const int option : {SO_RCVBUF, SO_SNDBUF}) {
        ::setsockopt(socket_.get(), SOL_SOCKET, option, &socket_buffer_bytes, sizeof(int));
    }
    // To no address of its own, so that answers to all of them arrive here.
    const sockaddr_in any{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
    return ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
}

void Flood::add(const datagram::Init& init, const datagram::Bytes<24>& cookie,
                std::uint32_t source) {
    Outgoing& out = outgoing_[waiting_];
    out.bytes = datagram::encode(init);
    std::ranges::copy(cookie, out.bytes.begin() + init_head_bytes);
    out.vector = {out.bytes.data(), out.bytes.size()};
    msghdr& header = headers_[waiting_].msg_hdr;
    header = {};
    header.msg_name = &to_;
    header.msg_namelen = sizeof to_;
    header.msg_iov = &out.vector;
    header.msg_iovlen = 1;
    header.msg_control = out.control.data();
    header.msg_controllen = out.control.size();
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = IPPROTO_IP;
    control->cmsg_type = IP_PKTINFO;
    control->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    in_pktinfo from{};
    from.ipi_spec_dst = source_address(source);
    std::memcpy(CMSG_DATA(control), &from, sizeof from);
    if (++waiting_ == batch_max) flush();
}

void Flood::add_first() {
    datagram::Init init;
    init.client_sid = static_cast<std::uint32_t>(noise_()) | 1;
    init.client_nonce = noise_() << 32 | next_source_;
    if (options_.mode == Mode::bare) {
        for (std::size_t i = 0; i < 32; i += 8) {
            const std::uint64_t word = noise_();
            std::memcpy(init.noise.data() + i, &word, sizeof word);
        }
    } else {
        std::ranges::copy(ephemeral_.public_key.bytes, init.noise.begin());
    }
    add(init, {}, next_source_);
    next_source_ = (next_source_ + 1) % options_.sources;
}

void Flood::follow_up(const datagram::Retry& retry) {
    datagram::Init init;
    init.client_sid = retry.client_sid;
    init.client_nonce = retry.client_nonce;
    std::ranges::copy(ephemeral_.public_key.bytes, init.noise.begin());
    if (options_.mode == Mode::right) {
        const auto whole = datagram::encode(init);
        const auto prologue = handshake_prologue(std::span(whole).first<init_head_bytes>(),
                                                 retry.server_flags, retry.versions);
        HandshakeState handshake(pattern_xxpsk3, Role::initiator, prologue, &ephemeral_);
        handshake.set_ephemeral(ephemeral_.copy());
        static_cast<void>(handshake.write_message({}, init.noise));
    } else {
        init.noise.back() = std::byte{1};
    }
    const auto source = static_cast<std::uint32_t>(retry.client_nonce);
    if (source >= options_.sources) return;
    add(init, retry.cookie, source);
    ++account_.sent_with_cookie;
}

void Flood::flush() {
    for (std::size_t done = 0; done < waiting_;) {
        const int count = ::sendmmsg(socket_.get(), headers_.data() + done,
                                     static_cast<unsigned>(waiting_ - done), 0);
        if (count <= 0) {
            if (errno == EINTR || errno == ECONNREFUSED) continue;
            break;  // the rest is not sent
        }
        done += static_cast<std::size_t>(count);
        account_.sent += static_cast<std::uint64_t>(count);
        account_.sent_bytes += static_cast<std::uint64_t>(count) * datagram::init_bytes;
    }
    waiting_ = 0;
}

void Flood::receive() {
    static std::array<std::array<std::byte, receive_bytes>, batch_max> buffers;
    std::array<iovec, batch_max> vectors;
    std::array<mmsghdr, batch_max> headers{};
    for (std::size_t i = 0; i < batch_max; ++i) {
        vectors[i] = {buffers[i].data(), receive_bytes};
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::recvmmsg(socket_.get(), headers.data(), batch_max, 0, nullptr);
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i) {
        const std::span<const std::byte> got(buffers[i].data(), headers[i].msg_len);
        account_.received_bytes += got.size();
        if (const auto retry = datagram::decode_retry(got)) {
            ++account_.retries;
            if (options_.mode != Mode::bare) to_follow_.push_back(*retry);
        } else if (datagram::type_of(got) == datagram::Type::resp) {
            ++account_.resps;
        } else {
            ++account_.others;
        }
    }
}

Account Flood::run() {
    const auto began = Clock::now();
    const auto elapsed_s = [&] {
        return std::chrono::duration<double>(Clock::now() - began).count();
    };
    double allowed = 0;  // datagrams since the start, less what was not made up for
    double before_s = 0;
    std::uint64_t given = 0;
    for (double now_s = 0; now_s < options_.seconds; now_s = elapsed_s()) {
        allowed += (now_s - before_s) * options_.rate;
        before_s = now_s;
        allowed = std::min(allowed, static_cast<double>(given) + debt_s_max * options_.rate + 1);
        for (; static_cast<double>(given) + 1 <= allowed; ++given) {
            if (to_follow_.empty()) {
                add_first();
            } else {
                follow_up(to_follow_.back());
                to_follow_.pop_back();
            }
            if (waiting_ == 0) receive();
        }
        flush();
        receive();
        pollfd wait{socket_.get(), POLLIN, 0};
        const timespec pause{0, 100'000};
        ::ppoll(&wait, 1, &pause, nullptr);
    }
    account_.took_s = elapsed_s();
    // The last answers: until nothing has come for a moment.
    for (pollfd wait{socket_.get(), POLLIN, 0}; ::poll(&wait, 1, 200) == 1;)
        receive();
    return account_;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("A flood of INITs at a server on 127.0.0.1.", "init_flood");
    app.add_option("port", options.port, "the server's UDP port")->required();
    app.add_option("--rate", options.rate, "datagrams per second")->check(CLI::PositiveNumber);
    app.add_option("--seconds", options.seconds, "how long")->check(CLI::PositiveNumber);
    app.add_option("--sources", options.sources, "from how many addresses")
        ->check(CLI::Range(1U, 1U << 20));
    const std::map<std::string, Mode> modes{
        {"bare", Mode::bare}, {"forged", Mode::forged}, {"right", Mode::right}};
    app.add_option("--mode", options.mode, "what follows a RETRY")
        ->transform(CLI::CheckedTransformer(modes));
    CLI11_PARSE(app, argc, argv);
    if (sodium_init() < 0) return EX_OSERR;

    Flood flood(options);
    if (!flood.open()) {
        fmt::print(stderr, "init_flood: cannot open a socket: {}.\n", std::strerror(errno));
        return EX_OSERR;
    }
    const Account account = flood.run();
    fmt::print(R"({{"sent":{},"sent_with_cookie":{},"sent_bytes":{},"retries":{},"resps":{},)"
               R"("others":{},"received_bytes":{},"seconds":{:.3f}}})"
               "\n",
               account.sent, account.sent_with_cookie, account.sent_bytes, account.retries,
               account.resps, account.others, account.received_bytes, account.took_s);
    return 0;
}
