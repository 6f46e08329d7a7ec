// SPDX-License-Identifier: MIT
#include "chat-client/process/credentials.h"

#include <cerrno>
#include <fmt/format.h>
#include <sysexits.h>
#include <utility>

#include "chat-client/process/identity.h"
#include "chat-client/process/known_servers.h"
#include "sys/password_file.h"

namespace chat::client {
namespace {

std::unexpected<Refusal> refuse(std::string sentence, int exit_status) {
    return std::unexpected(Refusal{std::move(sentence), exit_status});
}

std::unexpected<Refusal> unusable_folder(const sys::OsError& error) {
    return refuse(error.sentence() + ". Your key is kept there; name another folder with --data",
                  EX_CANTCREAT);
}

void remark_on(const KnownServers& servers, const KnownServers::Answer& answer,
               std::vector<std::string>& remarks) {
    for (const std::size_t line : answer.damaged) {
        remarks.push_back(
            fmt::format("line {} of {} is damaged and means nothing; correct it or "
                        "delete it",
                        line, servers.path()));
    }
    for (const std::size_t line : answer.contradicting) {
        remarks.push_back(
            fmt::format("line {} of {} has another key for this server than line "
                        "{}, which counts; delete the wrong one",
                        line, servers.path(), answer.line));
    }
}

}  // namespace

std::expected<Credentials, Refusal> load_credentials(const Options& options, bool may_ask,
                                                     RandomSource& random,
                                                     std::pmr::memory_resource& secrets) {
    auto folder = sys::DataFolder::open_shared(options.data);
    if (!folder) return unusable_folder(folder.error());
    auto identity = load_identity(*folder, random);
    if (!identity && identity.error().code == EINVAL) {
        return refuse(identity.error().sentence(), EX_DATAERR);
    }
    if (!identity) return unusable_folder(identity.error());

    const std::pmr::polymorphic_allocator<KeyPair> allocator(&secrets);
    Credentials credentials{
        .folder = std::move(*folder),
        .identity = std::allocate_shared<KeyPair>(allocator, std::move(*identity)),
        .trust = {},
        .known_line = 0,
        .password = std::nullopt,
        .remarks = {}};
    credentials.trust.accepted_fingerprint = options.accept_key;
    credentials.trust.accept_new = options.accept_new_key && options.accept_key.empty();
    credentials.trust.may_ask = may_ask;

    const KnownServers servers(credentials.folder);
    const auto known = servers.find(server_address(options.host, options.port));
    if (!known) return refuse(known.error().sentence(), EX_NOINPUT);
    if (known->damaged_here) {
        return refuse(fmt::format("line {} of {} names this server, but is damaged, so its key "
                                  "can't be checked. Correct the line, or delete it to be asked "
                                  "for the key again",
                                  *known->damaged_here, servers.path()),
                      EX_DATAERR);
    }
    remark_on(servers, *known, credentials.remarks);
    credentials.trust.pinned = known->key;
    credentials.known_line = known->line;

    if (!options.password_file.empty()) {
        auto password = sys::read_password(options.password_file);
        if (!password) return refuse(password.error().sentence(), EX_NOINPUT);
        if (password->readable_by_others) {
            credentials.remarks.push_back(
                fmt::format("others on this machine can read the password in {}; chmod 600 keeps "
                            "it to you",
                            options.password_file));
        }
        credentials.password = std::move(password->text);
    }
    return credentials;
}

}  // namespace chat::client
