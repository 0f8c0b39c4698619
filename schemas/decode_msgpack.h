#pragma once
// msgpack bytes onto a Tape, by msgpack-c's visitor interface. msgpack::parse makes a new parse
// context, and with it one allocation, a call; here the context lives as long as its reader. The
// name `detail::context` is not promised by the library: a test pins what we rely on. Internal to
// the decoder.

#include <cstddef>
#include <cstdint>
#include <string_view>

#define MSGPACK_NO_BOOST  // else the library's byte order macros come from Boost
#include <msgpack/unpack.hpp>

#include "schemas/tape.h"

namespace flyball {

class MsgpackReader : public msgpack::v2::detail::context<MsgpackReader> {
public:
    explicit MsgpackReader(Tape& tape) : tape_(tape), visitor_(tape) {}

    // False: the tape holds the fault. `stopped` is the byte at which reading ended.
    bool read(std::string_view payload, std::size_t& stopped);

private:
    using Context = msgpack::v2::detail::context<MsgpackReader>;
    friend Context;

    class Visitor {
    public:
        explicit Visitor(Tape& tape) : tape_(tape) {}
        void init() {}

        bool visit_nil() { return tape_.add_null(); }
        bool visit_boolean(bool flag) { return tape_.add_boolean(flag); }
        bool visit_positive_integer(std::uint64_t number) { return tape_.add_unsigned(number); }
        bool visit_negative_integer(std::int64_t number) { return tape_.add_integer(number); }
        bool visit_float32(float number) { return tape_.add_real(static_cast<double>(number)); }
        bool visit_float64(double number) { return tape_.add_real(number); }
        bool visit_str(const char* bytes, std::uint32_t size) {
            return tape_.add_text(bytes, size);
        }
        bool visit_bin(const char* bytes, std::uint32_t size) {
            return tape_.add_bytes(Kind::binary, bytes, size);
        }
        bool visit_ext(const char* bytes, std::uint32_t size) {
            return tape_.add_bytes(Kind::extension, bytes, size);
        }
        bool start_array(std::uint32_t elements) { return tape_.open(false, elements); }
        bool start_array_item() { return true; }
        bool end_array_item() { return true; }
        bool end_array() {
            tape_.close();
            return true;
        }
        bool start_map(std::uint32_t pairs) { return tape_.open(true, pairs); }
        bool start_map_key() {
            tape_.expect_key();
            return true;
        }
        bool end_map_key() { return true; }
        bool start_map_value() { return true; }
        bool end_map_value() { return true; }
        bool end_map() {
            tape_.close();
            return true;
        }
        void parse_error(std::size_t, std::size_t) {}
        void insufficient_bytes(std::size_t, std::size_t) {}
        bool referenced() const { return true; }
        void set_referenced(bool) {}

    private:
        Tape& tape_;
    };

    Visitor& visitor() { return visitor_; }

    Tape& tape_;
    Visitor visitor_;
};

}  // namespace flyball
