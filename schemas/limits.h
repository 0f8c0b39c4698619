#pragma once
// Every bound on what a peer may send, with its reason. Defaults of the [limits] configuration.
// A device has 256 MB for everything, so the worst payload (`values` and a key for each, 24 bytes a
// node) stays under 2.5 MB, and only while it is being decoded.

#include <cstddef>
#include <cstdint>

namespace flyball {

struct Limits {
    std::size_t payload_bytes = 256 * 1024;  // a batch of 1,024 requests of 256 bytes
    std::uint32_t nesting = 8;  // deepest request in use is 4 (batch, admit, part, attributes)
    std::uint32_t string_bytes = 1024;  // longest useful text is a reply topic of 256
    std::uint32_t map_keys = 64;        // the widest request has 12 keys
    std::uint32_t entry_values = 1024;  // values below one entry, keys not counted
    std::uint32_t values = 32768;       // values in a payload, keys not counted
    std::uint32_t batch = 1024;         // entries of a batch
    std::uint32_t inbox = 4096;         // requests waiting in the node
};

inline constexpr std::size_t tenant_bytes_max = 64;
inline constexpr std::size_t id_bytes_max = 64;
inline constexpr std::size_t name_bytes_max = 63;          // region, node, governor
inline constexpr std::size_t reply_topic_bytes_max = 256;  // MQTT allows 65,535; nobody needs it
// Entries of a batch are decided until their replies have this much together for each entry that
// the limits allow. An admit over five governors needs half of it; 1,024 times an account's 64
// holds would be more memory than a device has.
inline constexpr std::size_t reply_bytes_of_entry = 2048;
// A message with a reply at its longest: the last of those entries may tell of 1,024 events, each
// of the others has an error, and 64 KiB of Correlation Data go with it.
constexpr std::size_t longest_reply_bytes(const Limits& limits) {
    constexpr std::size_t error_bytes = 512;
    return (reply_bytes_of_entry + error_bytes) * limits.batch + (std::size_t{1} << 20U);
}
inline constexpr std::size_t topic_bytes_max = 1024;
inline constexpr std::size_t ignored_names_max = 4;
inline constexpr std::size_t trace_bytes_max = 512;  // W3C Trace Context: tracestate of 512
inline constexpr std::size_t batch_slice = 64;       // entries decided before others get a turn

}  // namespace flyball
