// Adapter for C++'s WebSocket++, its whole endpoints without a socket: see docs/replay-protocol.md.
//
// apt-get install libwebsocketpp-dev nlohmann-json3-dev zlib1g-dev
// g++ -std=c++17 -O1 -o websocketpp adapters/cpp-websocketpp.cpp -lz; wireseam replay fixtures --to exec:./websocketpp

#define _WEBSOCKETPP_CPP11_STL_
#include <deque>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <websocketpp/client.hpp>
#include <websocketpp/config/core.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>
#include <websocketpp/server.hpp>

using Json = nlohmann::json;
using websocketpp::connection_hdl;

/// Where a client takes its key from: the one in the fixture's request, which the response answers.
struct Key {
    static inline std::deque<uint32_t> words;
    uint32_t operator()() {
        uint32_t word = words.empty() ? 0 : words.front();
        if (!words.empty()) words.pop_front();
        return word;
    }
};

template <bool extended>
struct Config : websocketpp::config::core {
    typedef Key rng_type;
    static bool const enable_extensions = extended;
    typedef websocketpp::extensions::permessage_deflate::enabled<permessage_deflate_config> permessage_deflate_type;
};

struct Connection {
    Json events = Json::array();
    virtual void chunk(std::string &bytes) = 0;
    virtual ~Connection() = default;
    void tell(const char *event, const std::string &bytes, const char *type = "") {
        events.push_back({{"event", event}, {"bytes", websocketpp::base64_encode(bytes)}, {"type", type}});
    }
};

template <template <typename> class Role, bool extended>
struct Of : Connection {
    using Endpoint = Role<Config<extended>>;
    Endpoint endpoint;
    typename Endpoint::connection_ptr connection;
    bool ended = false;

    Of() {
        endpoint.clear_access_channels(websocketpp::log::alevel::all);
        endpoint.clear_error_channels(websocketpp::log::elevel::all);
        endpoint.set_write_handler([](connection_hdl, char const *, size_t) { return std::error_code(); });
        endpoint.set_message_handler([this](connection_hdl, typename Endpoint::message_ptr message) {
            bool is_text = message->get_opcode() == websocketpp::frame::opcode::text;
            tell("message", message->get_payload(), is_text ? "text" : "binary");
        });
        endpoint.set_ping_handler([this](connection_hdl, std::string payload) { tell("ping", payload); return true; });
        endpoint.set_pong_handler([this](connection_hdl, std::string payload) { tell("pong", payload); });
        if constexpr (std::is_same_v<Endpoint, websocketpp::server<Config<extended>>>) {
            connection = endpoint.get_connection();
            connection->start();
        } else {
            std::error_code fault;
            connection = endpoint.get_connection("ws://localhost/", fault);
            endpoint.connect(connection);
        }
    }

    void chunk(std::string &bytes) override {
        if (ended) return;
        connection->read_all(bytes.data(), bytes.size());
        auto state = connection->get_state();
        ended = state == websocketpp::session::state::closing || state == websocketpp::session::state::closed;
        if (!ended) return;
        int code = connection->get_local_close_code(), theirs = connection->get_remote_close_code();
        std::string reason = connection->get_local_close_reason();
        // a Close frame that it likes is sent back as it came
        if (theirs == 1005 && code == 1000) code = 1005;  // its answer to none
        if (code == theirs && reason == connection->get_remote_close_reason() && code != 1006) {
            events.push_back({{"event", "close"}, {"code", code}, {"reason", reason}});
        } else {
            events.push_back({{"event", "error"}, {"code", code == 1006 ? Json() : Json(code)}, {"text", reason}});
        }
    }
};

std::unique_ptr<Connection> start(const Json &asked) {
    std::string request = websocketpp::base64_decode(asked["request"]);
    websocketpp::http::parser::request head;
    head.consume(request.data(), request.size());
    std::string key = websocketpp::base64_decode(head.get_header("Sec-WebSocket-Key"));
    bool is_server = asked["role"] == "server", is_extended = !asked["extensions"].empty();
    if (!is_server && key.size() != 16) return nullptr;  // it makes none but these
    Key::words.assign(4, 0);
    for (size_t at = 0; at + 4 <= key.size() && at < 16; at += 4) std::memcpy(&Key::words[at / 4], &key[at], 4);
    using websocketpp::client, websocketpp::server;
    if (is_server && is_extended) return std::make_unique<Of<server, true>>();
    if (is_server) return std::make_unique<Of<server, false>>();
    if (is_extended) return std::make_unique<Of<client, true>>();
    return std::make_unique<Of<client, false>>();
}

int main() {
    std::unique_ptr<Connection> connection;
    for (std::string line; std::getline(std::cin, line);) {
        Json asked = Json::parse(line), answer = {{"events", Json::array()}};
        if (asked["do"] == "hello") {
            std::string version = std::to_string(websocketpp::major_version) + "." +
                std::to_string(websocketpp::minor_version) + "." + std::to_string(websocketpp::patch_version);
            answer = {{"name", "WebSocket++"}, {"version", version}, {"server", "handshake"}, {"client", "handshake"},
                      {"extensions", {"permessage-deflate"}}};
        } else if (asked["do"] == "start") {
            connection = start(asked);
            if (!connection) answer = {{"unsupported", "it makes no key like the one in the request"}};
        } else if (asked["do"] == "chunk") {
            std::string bytes = websocketpp::base64_decode(asked["bytes"]);
            connection->chunk(bytes);
            std::fill(bytes.begin(), bytes.end(), '\xdd');  // who still looks at it is found out
            answer["events"].swap(connection->events);
        }
        std::cout << answer.dump() << std::endl;
    }
}
