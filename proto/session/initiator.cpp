// SPDX-License-Identifier: MIT
#include "proto/session/initiator.h"

#include <algorithm>
#include <sodium.h>
#include <utility>

#include "proto/link/backoff.h"
#include "proto/session/invariant.h"
#include "proto/session/key_schedule.h"
#include "proto/session/noise.h"
#include "proto/session/primitives.h"
#include "proto/session/prologue.h"
#include "proto/session/secret_memory.h"

namespace chat {
namespace {

using Bytes = std::span<const std::byte>;

// A RETRY that was altered makes an INIT that the server drops without a word. After so many tries
// that is likelier than loss: at 30 % each way loss alone does it once in a hundred times.
constexpr int proving_tries_max = 6;
// The server forgets a half-open handshake after 10 s, counted from an INIT that was under way for
// some time. A decision within 8 s leaves FINI a chance.
constexpr Duration server_forgets_after = seconds(10);
constexpr Duration decision_good_for = seconds(8);

std::uint32_t new_sid(RandomSource& random) {
    std::uint32_t sid = 0;
    while (sid == 0)
        sid = random.u32();
    return sid;
}

datagram::Bytes<16> mac_of(const SecretKey& key, Bytes authenticated) {
    const SecretKey whole = hmac_sha256(key.bytes(), {authenticated});
    datagram::Bytes<16> mac;
    std::copy_n(whole.bytes().begin(), mac.size(), mac.begin());
    return mac;
}

// What was said when the owner trusted the server.
struct Decision {
    PublicKey server;
    bool with_password = false;
    SecretKey password_key;
    datagram::FiniPayload request;
};

struct Secrets {
    KeyPair ephemeral;
    std::optional<HandshakeState> noise;  // from proving on
    std::optional<Decision> decision;
    SecretKey refuse_key;
    SessionKeys session;
};

}  // namespace

struct Initiator::Impl {
    Impl(const KeyPair& own, RandomSource& random_source, std::pmr::memory_resource& memory,
         const HandshakeTimes& handshake_times)
        : identity(own),
          random(random_source),
          times(handshake_times),
          secrets(make_secret<Secrets>(memory)) {}

    void begin(Instant now);
    void enter(Instant now, Step next);
    void set_datagram(Bytes bytes);
    bool on_retry(Instant now, const datagram::Retry& retry);
    bool on_resp(Instant now, const datagram::Resp& resp);
    bool on_refuse(const datagram::Refuse& refuse, Bytes whole);
    void prove(Instant now, const datagram::Retry& retry);
    void finish(Instant now);
    bool waiting() const {
        return step == Step::asking || step == Step::proving || step == Step::finishing;
    }
    bool may_skip_decision() const {
        return secrets->decision && secrets->decision->server == server_key &&
               secrets->decision->with_password == needs_password();
    }
    bool needs_password() const { return (server_flags & datagram::flag_password) != 0; }

    const KeyPair& identity;
    RandomSource& random;
    HandshakeTimes times;
    SecretPtr<Secrets> secrets;

    Step step = Step::asking;
    Step furthest = Step::asking;
    datagram::Init init;  // with the cookie's bytes put in by hand: they are not read here
    datagram::Bytes<24> cookie{};
    std::uint16_t server_flags = 0;
    std::uint32_t versions = 0;
    std::uint32_t server_sid = 0;
    bool heard_retry = false;
    PublicKey server_key;
    datagram::RespPayload offer;

    std::array<std::byte, datagram::bytes_max> datagram{};  // of this step
    std::size_t datagram_bytes = 0;
    std::optional<Backoff> backoff;
    int tries = 0;
    bool lossy = false;  // something had to be repeated: two copies from then on
    Instant due;
    std::optional<Instant> copy_due;
    Instant give_up_at;
    std::optional<Instant> proving_since;  // the first INIT with a cookie was sent
    Instant sent_at;                       // the first datagram of this step
    std::optional<Duration> rtt;
};

Initiator::Initiator(const Now& now, const KeyPair& identity, RandomSource& random,
                     std::pmr::memory_resource& secrets, const HandshakeTimes& times)
    : impl_(std::make_unique<Impl>(identity, random, secrets, times)) {
    impl_->give_up_at = now.at + times.give_up_after;
    impl_->begin(now.at);
}

Initiator::~Initiator() = default;

// A handshake from its first datagram on, with nothing of the one before but the decision.
void Initiator::Impl::begin(Instant now) {
    secrets->noise.reset();
    secrets->refuse_key = {};
    secrets->session = {};
    secrets->ephemeral = KeyPair::generate(random);
    init = {};
    init.client_sid = new_sid(random);
    init.client_nonce = random.u64();
    std::ranges::copy(secrets->ephemeral.public_key.bytes, init.noise.begin());
    cookie = {};
    server_sid = 0;
    proving_since.reset();
    set_datagram(datagram::encode(init));
    enter(now, Step::asking);
}

void Initiator::Impl::enter(Instant now, Step next) {
    step = next;
    // A step that was reached before is no progress: what fails again and again comes to an end.
    if (next > furthest) {
        furthest = next;
        give_up_at = now + times.give_up_after;
    }
    // Two round trips, where one was measured: what is not answered then has got lost.
    const Duration first = rtt ? std::clamp(*rtt * 2, times.first_min, times.first) : times.first;
    backoff.emplace(BackoffRule{first, times.percent, times.longest});
    tries = 0;
    due = now;
    copy_due.reset();
}

void Initiator::Impl::set_datagram(Bytes bytes) {
    std::ranges::copy(bytes, datagram.begin());
    datagram_bytes = bytes.size();
}

bool Initiator::on_datagram(const Now& now, Bytes datagram) {
    Impl& self = *impl_;
    const auto type = datagram::type_of(datagram);
    if (type == datagram::Type::retry) {
        const auto retry = datagram::decode_retry(datagram);
        return retry && self.on_retry(now.at, *retry);
    }
    if (type == datagram::Type::resp) {
        const auto resp = datagram::decode_resp(datagram);
        return resp && self.on_resp(now.at, *resp);
    }
    if (type == datagram::Type::refuse) {
        const auto refuse = datagram::decode_refuse(datagram);
        return refuse && self.on_refuse(*refuse, datagram);
    }
    return false;
}

bool Initiator::Impl::on_retry(Instant now, const datagram::Retry& retry) {
    if (step != Step::asking && step != Step::proving) return false;
    if (retry.client_sid != init.client_sid || retry.client_nonce != init.client_nonce) {
        return false;
    }
    heard_retry = true;
    if ((retry.versions & datagram::versions_bitmap) == 0) return false;
    if (step == Step::asking) {
        server_flags = retry.server_flags;
        versions = retry.versions;
        if (tries == 1) rtt = now - sent_at;
        prove(now, retry);
        return true;
    }
    if (retry.server_flags != server_flags || retry.versions != versions) {
        // One of the two was altered. The same ephemeral key is never used with another prologue.
        const Instant next_try = due;
        begin(now);
        due = std::max(now, next_try);
        return true;
    }
    // The cookie that was sent has been too old or was altered, or this is a repetition. It is used
    // at the next try, not at once, as above: a timer says how often we send, not the other side.
    cookie = retry.cookie;
    std::ranges::copy(cookie, datagram.begin() + init_head_bytes);
    return false;
}

void Initiator::Impl::prove(Instant now, const datagram::Retry& retry) {
    const auto prologue = handshake_prologue(Bytes(datagram).first<init_head_bytes>(),
                                             retry.server_flags, retry.versions);
    HandshakeState& noise =
        secrets->noise.emplace(pattern_xxpsk3, Role::initiator, prologue, &identity);
    noise.set_ephemeral(secrets->ephemeral.copy());
    const auto written = noise.write_message({}, init.noise);
    require(written == init.noise.size());
    set_datagram(datagram::encode(init));
    cookie = retry.cookie;
    std::ranges::copy(cookie, datagram.begin() + init_head_bytes);
    enter(now, Step::proving);
}

bool Initiator::Impl::on_resp(Instant now, const datagram::Resp& resp) {
    // A RESP to an INIT that was not sent yet can be made by whoever saw the one before.
    if (step != Step::proving || !proving_since) return false;
    if (resp.client_sid != init.client_sid) return false;
    HandshakeState& noise = *secrets->noise;
    std::array<std::byte, datagram::resp_payload_bytes> payload;
    if (!noise.read_message(resp.noise, payload)) return false;
    const auto offered = datagram::decode_resp_payload(payload);
    if (!offered || offered->server_sid == 0) {
        begin(now);
        return true;
    }
    offer = *offered;
    server_key = noise.remote_static();
    server_sid = offered->server_sid;
    // Of a repeated datagram nobody knows which copy was answered.
    if (tries == 1) rtt = now - sent_at;
    enter(now, Step::deciding);
    if (may_skip_decision()) {
        finish(now);
    } else {
        secrets->decision.reset();
    }
    return true;
}

void Initiator::trust(const Now& now, const Key32& password_key,
                      const datagram::FiniPayload& request) {
    Impl& self = *impl_;
    require(self.step == Step::deciding);
    self.secrets->decision.emplace(
        Decision{self.server_key, self.needs_password(), SecretKey(password_key), request});
    self.give_up_at = now.at + self.times.give_up_after;
    const bool too_late = now.at > *self.proving_since + decision_good_for;
    if (too_late) {
        self.begin(now.at);
    } else {
        self.finish(now.at);
    }
}

void Initiator::Impl::finish(Instant now) {
    HandshakeState& noise = *secrets->noise;
    const SecretKey fini_key = noise.derive("fini");
    secrets->refuse_key = noise.derive("refuse");
    noise.set_psk(secrets->decision->password_key.bytes());
    datagram::Fini fini{server_sid, init.client_nonce, {}, {}};
    const auto written =
        noise.write_message(datagram::encode(secrets->decision->request), fini.noise);
    require(written == fini.noise.size());
    fini.mac = mac_of(fini_key, Bytes(datagram::encode(fini)).first(datagram::fini_mac_offset));
    secrets->session = session_keys(noise.split(), noise.handshake_hash());
    secrets->noise.reset();
    secrets->ephemeral = {};
    set_datagram(datagram::encode(fini));
    enter(now, Step::finishing);
}

bool Initiator::Impl::on_refuse(const datagram::Refuse& refuse, Bytes whole) {
    if (step != Step::finishing || refuse.code != datagram::refuse_password ||
        refuse.client_sid != init.client_sid || refuse.client_nonce != init.client_nonce) {
        return false;
    }
    const auto mac = mac_of(secrets->refuse_key, whole.first(datagram::refuse_mac_offset));
    if (sodium_memcmp(mac.data(), refuse.mac.data(), mac.size()) != 0) return false;
    secrets->session = {};
    secrets->refuse_key = {};
    secrets->decision.reset();
    step = Step::refused;
    return true;
}

Initiator::Step Initiator::step() const {
    return impl_->step;
}

const PublicKey& Initiator::server_key() const {
    return impl_->server_key;
}

const datagram::RespPayload& Initiator::offer() const {
    return impl_->offer;
}

bool Initiator::needs_password() const {
    return impl_->needs_password();
}

bool Initiator::heard_retry() const {
    return impl_->heard_retry;
}

std::uint32_t Initiator::client_sid() const {
    return impl_->init.client_sid;
}

std::uint32_t Initiator::server_sid() const {
    return impl_->server_sid;
}

const Key32& Initiator::send_key() const {
    require(impl_->step == Step::finishing);
    return impl_->secrets->session.client_to_server.bytes();
}

const Key32& Initiator::receive_key() const {
    require(impl_->step == Step::finishing);
    return impl_->secrets->session.server_to_client.bytes();
}

std::optional<Duration> Initiator::rtt() const {
    return impl_->rtt;
}

void Initiator::poll_transmit(const Now& now, TransmitSink& sink) {
    Impl& self = *impl_;
    if (!self.waiting()) return;
    const Bytes datagram = Bytes(self.datagram).first(self.datagram_bytes);
    if (self.copy_due && now.at >= *self.copy_due) {
        if (!sink.send({}, datagram)) return;
        self.copy_due.reset();
    }
    if (now.at < self.due) return;
    if (!sink.send({}, datagram)) return;
    if (self.step == Step::proving && !self.proving_since) self.proving_since = now.at;
    if (self.tries++ == 0) self.sent_at = now.at;
    self.due = now.at + self.backoff->next();
    self.lossy = self.lossy || self.tries > 1;
    if (self.lossy) self.copy_due = now.at + self.times.copy_after;
}

std::optional<Instant> Initiator::next_deadline() const {
    const Impl& self = *impl_;
    if (!self.waiting()) return std::nullopt;
    Instant next = std::min(self.due, self.give_up_at);
    if (self.copy_due) next = std::min(next, *self.copy_due);
    if (self.step == Step::finishing) {
        next = std::min(next, *self.proving_since + server_forgets_after);
    }
    return next;
}

void Initiator::on_deadline(const Now& now) {
    Impl& self = *impl_;
    if (!self.waiting()) return;
    if (now.at >= self.give_up_at) {
        self.secrets.reset();
        self.step = Step::given_up;
        return;
    }
    const bool proving_in_vain =
        self.step == Step::proving && self.tries >= proving_tries_max && now.at >= self.due;
    const bool forgotten =
        self.step == Step::finishing && now.at >= *self.proving_since + server_forgets_after;
    if (proving_in_vain || forgotten) self.begin(now.at);
}

}  // namespace chat
