#include "fleet/run/filled_node.h"

#include <fmt/format.h>

#include "fleet/run/plan.h"
#include "fleet/typed_json.h"

namespace flyball {
namespace {

constexpr std::size_t batches = 4;  // of 256: well below a payload's limit
constexpr std::size_t tenants = 100;

struct Levels {
    std::uint64_t governor_bytes = 0;
    std::uint64_t raw_bytes = 0;
    std::uint64_t snapshot_bytes = 0;
};

Json entry_of(const std::string& type, std::size_t number) {
    Json entry{{"tenant", fmt::format("tenant-{:03}", number % tenants)}};
    entry["id"] = fmt::format("fill-{:08}", number);
    if (type == "quota") {
        entry["hits"] = 1;
    } else if (type == "billing") {
        // The account opens with its first topup; a charge needs it to be there.
        entry["op"] = number < tenants ? "topup" : number % 5 == 0 ? "topup" : "refund";
        entry["amount"] = 100 + number % 900;
    } else if (type == "entitlement") {
        entry["op"] = number % 3 == 2 ? "revoke" : "grant";
        entry["feature"] = fmt::format("feature-{}", number % 7);
    } else if (type == "compliance") {
        entry["action"] = "store";
        entry["attributes"] = {{"region", "eu-west"}, {"bytes", number}};
    } else {
        entry["op"] = number < tenants ? "start" : "set_auto_renew";
        if (number >= tenants) {
            entry["value"] = number % 2 == 0;
        }
    }
    return entry;
}

Result<Json> asked(Bus& bus, const Question& question) {
    auto reply = bus.ask(question);
    if (!reply) {
        return reply.error();
    }
    if (!*reply) {
        return Error{ErrorCode::unavailable, "no answer on " + question.topic};
    }
    return **reply;
}

// What the health says that follows a snapshot.
Result<Levels> levels_of(Bus& bus, const std::string& root, int stop_fd) {
    Question snapshot;
    snapshot.topic = root + "/control";
    snapshot.entries.push_back({{"op", "snapshot"}});
    if (const auto done = asked(bus, snapshot); !done) {
        return done.error();
    }
    // Health comes by itself within its interval; the first after the snapshot has its figures.
    const Deadline deadline = deadline_after(Span(30'000));
    const Instant taken = wall_now();
    while (const auto arrived = bus.next(deadline, stop_fd)) {
        const auto health = parse_json(arrived->payload);
        if (!arrived->topic.ends_with("/health") || arrived->retained || !health ||
            count_at(*health, "at") < to_ms(taken)) {
            continue;
        }
        const Json& written = map_at(*health, "snapshot");
        const auto level = [](const Json& map, const char* key) {
            return static_cast<std::uint64_t>(count_at(map, key));
        };
        if (integer_at(written, "raw_bytes")) {
            return Levels{level(map_at(*health, "memory"), "governor_bytes"),
                          level(written, "raw_bytes"), level(written, "bytes")};
        }
    }
    return Error{ErrorCode::unavailable, "no health report after a snapshot on " + root};
}

}  // namespace

std::vector<Json> filling_of(const std::string& type, std::size_t batch, std::size_t of) {
    std::vector<Json> entries;
    const std::size_t size = ring_events / of;
    for (std::size_t i = 0; i < size; ++i) {
        entries.push_back(entry_of(type, batch * size + i));
    }
    return entries;
}

Result<FilledNode> fill_node(const BusOptions& broker, const NodeName& node, int governors,
                             int stop_fd) {
    const std::string root = broker.prefix + "/" + node.text();
    auto bus = Bus::connect(broker, {root + "/health"});
    if (!bus) {
        return bus.error();
    }
    const auto empty = levels_of(**bus, root, stop_fd);
    if (!empty) {
        return empty.error();
    }
    FilledNode filled;
    for (const TypeCount& type : spread_governors(governors)) {
        for (int i = 0; i < type.count; ++i) {
            Question question;
            question.topic = fmt::format("{}/{}/{}/admin", root, type.type, governor_name(i));
            question.batch = true;
            for (std::size_t batch = 0; batch < batches; ++batch) {
                question.entries = filling_of(type.type, batch, batches);
                if (const auto done = asked(**bus, question); !done) {
                    return done.error();
                }
            }
            ++filled.governors;
        }
    }
    const auto full = levels_of(**bus, root, stop_fd);
    if (!full) {
        return full.error();
    }
    filled.raw_bytes = full->raw_bytes;
    filled.snapshot_bytes = full->snapshot_bytes;
    filled.governor_bytes = full->governor_bytes;
    filled.empty_governor_bytes = empty->governor_bytes;
    filled.ring_events = ring_events;
    return filled;
}

}  // namespace flyball
