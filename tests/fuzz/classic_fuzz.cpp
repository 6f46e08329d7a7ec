// SPDX-License-Identifier: MIT
// The plain-text protocol, names and texts, from arbitrary bytes.
#include <string>
#include <variant>

#include "proto/wire/classic.h"
#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"
#include "tests/fuzz/fuzz.h"

namespace chat::fuzz {
namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

void check_text(std::string_view raw) {
    const std::string clean = clean_line(raw);
    require(is_valid_utf8(clean), "a clean line is UTF-8");
    require(clean_line(clean) == clean, "cleaning twice changes nothing");
    require(clean.size() <= 3 * raw.size(), "a clean line is at most three times as long");
    for (std::string_view rest = clean; !rest.empty();) {
        const auto step = decode_character(rest);
        require(step.code_point && !is_control(*step.code_point), "no controls in a clean line");
        rest.remove_prefix(step.bytes);
    }
    for (const std::size_t bytes_max : {std::size_t{4}, std::size_t{100}}) {
        const auto prefix = prefix_within(clean, bytes_max);
        require(clean.starts_with(prefix) && prefix.size() <= bytes_max, "a prefix is within");
        require(is_valid_utf8(prefix), "a prefix cuts no character");
        require(!prefix.empty() || clean.empty(), "a prefix goes on");
    }
    if (is_valid_utf8(raw)) require(clean.size() <= raw.size(), "cleaning UTF-8 only takes away");
}

// What the server makes of somebody's text, and what a client reads in it.
void check_sentences(std::string_view name, std::string_view text) {
    classic::DatagramList list;
    classic::encode_said(name, text, list);
    const bool is_ambiguous = is_reserved_name(name) && name != administrator_name;
    std::string together;
    for (std::size_t i = 0; i < list.size(); ++i) {
        require(list[i].size() <= classic::datagram_bytes_max, "a sentence fits into a datagram");
        require(is_valid_utf8(as_text(list[i])), "a sentence is cut between characters");
        const auto notice = classic::decode_notice(list[i]);
        const auto* said = std::get_if<classic::Said>(&notice);
        if (is_ambiguous) continue;
        require(said != nullptr && said->name == name, "what was said is read as said");
        together += said->text;
    }
    if (is_ambiguous) return;
    require(together == text, "the parts are the whole");

    list.clear();
    classic::encode_joined(name, list);
    classic::encode_left(name, list);
    require(list.size() == 2, "one datagram each");
    const auto joined_notice = classic::decode_notice(list[0]);
    const auto left_notice = classic::decode_notice(list[1]);
    const auto* joined = std::get_if<classic::Joined>(&joined_notice);
    const auto* left = std::get_if<classic::Left>(&left_notice);
    require(joined != nullptr && joined->name == name, "a coming is read as a coming");
    require(left != nullptr && left->name == name, "a leaving is read as a leaving");
}

void check_name_rules(std::string_view name) {
    if (!check_name(name)) return;
    require(name.size() <= name_bytes_max && is_valid_utf8(name), "a usable name is short UTF-8");
    require(name.find(' ') == std::string_view::npos, "a usable name is one word");
    require(clean_line(name) == name, "a usable name is clean");
    const std::string key = name_key(name);
    require(is_valid_utf8(key) && !key.empty(), "a key is UTF-8");
    if (name == administrator_name) require(is_reserved_name(name), "管理员 is reserved");

    const std::string log_in_bytes = classic::encode_log_in(name);
    const auto log_in = classic::decode_request(as_bytes(log_in_bytes));
    require(log_in && std::get<classic::LogIn>(*log_in).name == name, "L goes round");
    const std::string quit_bytes = classic::encode_quit(name);
    const auto quit = classic::decode_request(as_bytes(quit_bytes));
    require(quit && std::get<classic::Quit>(*quit).name == name, "Q goes round");
}

void check_requests(std::span<const std::byte> datagram) {
    const auto request = classic::decode_request(datagram);
    if (!request) return;
    const auto name = std::visit([](const auto& r) { return r.name; }, *request);
    require(!name.empty() && name.find(' ') == std::string_view::npos, "a name is one word");
    check_name_rules(name);
    const auto* say = std::get_if<classic::Say>(&*request);
    if (say == nullptr) return;
    require(!say->text.empty() && say->text.size() <= text_bytes_max, "a text has bounds");
    const std::string say_bytes = classic::encode_say(name, say->text);
    const auto again = classic::decode_request(as_bytes(say_bytes));
    require(again && std::get<classic::Say>(*again).text == say->text, "C goes round");
    const std::string clean = clean_line(say->text);
    if (check_name(name) && !clean.empty()) check_sentences(name, clean);
}

}  // namespace
}  // namespace chat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chat::fuzz;
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto text = as_text(bytes);
    check_requests(bytes);
    chat::classic::decode_notice(bytes);
    check_text(text);
    check_name_rules(text.substr(0, 40));
    chat::is_reserved_name(chat::prefix_within(chat::clean_line(text), chat::name_bytes_max));
    return 0;
}
