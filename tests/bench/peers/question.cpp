#include "tests/bench/peers/question.h"

#include <fmt/core.h>

#include <msgpack.hpp>
#include <stdexcept>

namespace flyball::bench {
namespace {

void put_text(std::string& out, std::string_view text) {
    out += static_cast<char>(0xa0U | text.size());
    out += text;
}

}  // namespace

void write_question(std::string& payload, std::string_view tenant, std::uint32_t id) {
    payload = "\x83";
    put_text(payload, "tenant");
    put_text(payload, tenant);
    put_text(payload, "id");
    payload += '\xce';
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        payload += static_cast<char>((id >> (shift - 8)) & 0xffU);
    }
    put_text(payload, "hits");
    payload += '\x01';
}

Answer read_answer(std::string_view payload) {
    Answer answer;
    bool has_id = false;
    try {
        const msgpack::object_handle handle = msgpack::unpack(payload.data(), payload.size());
        const msgpack::object_map map = handle->via.map;
        if (handle->type != msgpack::type::MAP) {
            throw std::runtime_error("an answer is no map");
        }
        for (std::uint32_t i = 0; i < map.size; ++i) {
            const auto key = map.ptr[i].key.as<std::string_view>();
            if (key == "id") {
                map.ptr[i].val.convert(answer.id);
                has_id = true;
            } else if (key == "decision") {
                map.ptr[i].val.convert(answer.decision);
            } else if (key == "remaining") {
                map.ptr[i].val.convert(answer.remaining);
            }
        }
    } catch (const msgpack::type_error&) {
        throw std::runtime_error("an answer has a value of a wrong type");
    } catch (const msgpack::unpack_error&) {
        throw std::runtime_error("an answer is no msgpack");
    }
    if (!has_id || answer.decision.empty() || answer.remaining < 0) {
        throw std::runtime_error("an answer has no id, decision or remaining");
    }
    return answer;
}

Questions::Questions() {
    for (std::size_t i = 0; i < tenant_count; ++i) {
        tenants_.push_back(fmt::format("tenant-{:04}", i));
    }
}

void Questions::next(std::string& payload) {
    ++id_;
    write_question(payload, tenants_[id_ % tenant_count], id_);
}

}  // namespace flyball::bench
