#pragma once
// libflyball: the engine inside another program. No broker, no thread, no clock and no file of its
// own: the caller hands over requests and the time. One thread at a time; two nodes know nothing of
// each other. The same decisions, to the byte, as a flyball-node gives over MQTT
// (docs/protocol.md).

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace flyball {

class LocalNode {
public:
    using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

    struct Options {
        // Receives each event as a JSON map, during the call that raised it. Must not throw: what
        // it tells of is done, and the process would end.
        std::function<void(std::string_view event)> on_event{};
        // Keys the hashes and salts: 64 random bits, unless decisions shall be repeatable.
        std::optional<std::uint64_t> seed{};
    };
    explicit LocalNode(Options options);
    LocalNode() : LocalNode(Options{}) {}
    ~LocalNode();
    LocalNode(LocalNode&&) noexcept;
    LocalNode& operator=(LocalNode&&) noexcept;

    // `title`: "quota/main"; `config`: as in a [governor.<type>.<name>] table, written as JSON.
    // Returns what is wrong with it as a sentence that names the key, or nothing. A governor that
    // was removed without `purge` comes back with its state.
    std::optional<std::string> add_governor(std::string_view title, std::string_view config,
                                            Time now);
    bool remove_governor(std::string_view title, bool purge, Time now);

    struct Field {
        std::string_view name;
        std::variant<bool, std::int64_t, std::string_view> value;
    };
    // One op, as plain values. For maps and lists (attributes, admit) use decide_bytes().
    struct Request {
        std::string_view governor;  // "quota/main"
        std::string_view tenant;
        std::string_view op = "check";
        std::string_view id{};            // empty: not remembered
        std::span<const Field> fields{};  // at most 32
        bool admin = false;               // ops marked A are permitted
        bool dry_run = false;
    };
    struct Answer {
        bool allowed = false;
        std::string_view decision;  // "allow", "deny", "ok", "error"
        std::string_view reason;    // "" for a plain allow or ok
        std::string_view state;
        std::string_view field;  // with an error
        std::optional<std::int64_t> retry_after_ms;
        std::optional<std::int64_t> granted;
        std::uint64_t seq = 0;  // 0 with an error
        bool replayed = false;
    };
    // The views of an answer live until the next call. `now` must not run backwards by much: the
    // rules see it as it is. Allocates nothing in steady state. Without memory to decide: an error
    // `overloaded`, and nothing is done.
    Answer decide(const Request& request, Time now);
    // The whole reply to the last decide() as JSON, with the type's own keys.
    std::string_view reply_json();

    // A payload, msgpack or JSON, one request or a batch, as if published on `topic` below a node's
    // root: "quota/main/request", "quota/main/admin", "admit/request/acme". The reply in the same
    // encoding, valid until the next call; empty when a node would not answer either. Throws
    // std::bad_alloc; it may be done then: ask again with the same `id`.
    std::string_view decide_bytes(std::string_view topic, std::string_view payload, Time now);

    // Events of what time alone has changed. When to call it next: nothing, when nothing is due.
    std::optional<Time> pass_time(Time now);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace flyball
