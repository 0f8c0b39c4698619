// From MQTT to a token bucket in Redis and back: the raw echo's socket code and hiredis, so that
// what is measured is Redis. What the broker delivers in one piece goes to Redis in one piece.
// Usage: bench_redis_bridge PORT TOPIC LIMIT WINDOW_MS CHECKED CHECKED_LIMIT UNIX_SOCKET
// SCRIPT_FILE

#include <hiredis/hiredis.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <msgpack.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/echo/wire.h"

namespace {

using namespace std::chrono_literals;
using flyball::bench::Delivery;
using flyball::bench::WireClient;

struct Freed {
    void operator()(redisContext* context) const { redisFree(context); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Connection = std::unique_ptr<redisContext, Freed>;
using Reply = std::unique_ptr<redisReply, Freed>;

struct Arguments {
    std::uint16_t port;
    std::string topic, limit, window_ms, checked_tenant, checked_limit, socket, script;
};

struct Question {
    std::string tenant;
    std::uint64_t id = 0;
    std::int64_t hits = 1;
};

struct Waiting {
    std::string reply_topic;
    std::string correlation;
    std::uint64_t id;
};

// Redis is started beside us and needs a moment.
Connection connect(const std::string& socket) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (true) {
        Connection connection(redisConnectUnix(socket.c_str()));
        if (connection != nullptr && connection->err == 0) {
            return connection;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("no Redis at " + socket);
        }
        std::this_thread::sleep_for(1ms);
    }
}

Reply next_reply(redisContext& redis) {
    void* reply = nullptr;
    if (redisGetReply(&redis, &reply) != REDIS_OK) {
        throw std::runtime_error(std::string("Redis: ") + redis.errstr);
    }
    Reply owned(static_cast<redisReply*>(reply));
    if (owned->type == REDIS_REPLY_ERROR) {
        throw std::runtime_error(std::string("Redis: ") + owned->str);
    }
    return owned;
}

Question read_question(std::string_view payload) {
    Question question;
    const msgpack::object_handle handle = msgpack::unpack(payload.data(), payload.size());
    if (handle->type != msgpack::type::MAP) {
        throw std::runtime_error("a question is no map");
    }
    for (std::uint32_t i = 0; i < handle->via.map.size; ++i) {
        const msgpack::object_kv& pair = handle->via.map.ptr[i];
        const auto key = pair.key.as<std::string_view>();
        if (key == "tenant") {
            pair.val.convert(question.tenant);
        } else if (key == "id") {
            pair.val.convert(question.id);
        } else if (key == "hits") {
            pair.val.convert(question.hits);
        }
    }
    return question;
}

class Bridge {
public:
    explicit Bridge(Arguments arguments)
        : arguments_(std::move(arguments)),
          redis_(connect(arguments_.socket)),
          broker_(arguments_.port, "peer") {
        std::ifstream file(arguments_.script);
        const std::string script((std::istreambuf_iterator<char>(file)), {});
        redisAppendCommand(redis_.get(), "SCRIPT LOAD %b", script.data(), script.size());
        digest_ = next_reply(*redis_)->str;
        broker_.subscribe(arguments_.topic, 1);
    }

    void run() {
        while (const auto request = broker_.next(-1)) {
            ask(*request);
            if (!broker_.buffered()) {
                answer_all();
            }
        }
    }

private:
    void ask(const Delivery& request) {
        const Question question = read_question(request.payload);
        const bool checked = question.tenant == arguments_.checked_tenant;
        const std::string& limit = checked ? arguments_.checked_limit : arguments_.limit;
        const std::string key = "quota:" + question.tenant;
        const std::string hits = std::to_string(question.hits);
        const std::array<std::string_view, 7> words{
            "EVALSHA", digest_, "1", key, limit, arguments_.window_ms, hits};
        std::array<const char*, words.size()> bytes{};
        std::array<std::size_t, words.size()> sizes{};
        for (std::size_t i = 0; i < words.size(); ++i) {
            bytes[i] = words[i].data();
            sizes[i] = words[i].size();
        }
        redisAppendCommandArgv(redis_.get(), static_cast<int>(words.size()), bytes.data(),
                               sizes.data());
        waiting_.push_back(
            {std::string(request.response_topic), std::string(request.correlation), question.id});
    }

    void answer_all() {
        for (const Waiting& asked : waiting_) {
            const Reply verdict = next_reply(*redis_);
            buffer_.clear();
            msgpack::packer packer(buffer_);
            packer.pack_map(3);
            packer.pack("id");
            packer.pack(asked.id);
            packer.pack("decision");
            packer.pack(verdict->element[0]->integer == 1 ? "allow" : "deny");
            packer.pack("remaining");
            packer.pack(verdict->element[1]->integer);
            broker_.queue({asked.reply_topic,
                           std::string_view(buffer_.data(), buffer_.size()),
                           {},
                           asked.correlation,
                           0});
        }
        waiting_.clear();
        broker_.flush();
    }

    const Arguments arguments_;
    Connection redis_;
    WireClient broker_;
    std::string digest_;
    std::vector<Waiting> waiting_;
    msgpack::sbuffer buffer_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
        std::printf("hiredis %d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
        return 0;
    }
    if (argc != 9) {
        return 64;
    }
    try {
        Bridge bridge({static_cast<std::uint16_t>(std::stoi(argv[1])), argv[2], argv[3], argv[4],
                       argv[5], argv[6], argv[7], argv[8]});
        bridge.run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "redis bridge: %s\n", error.what());
        return 1;
    }
    return 0;
}
