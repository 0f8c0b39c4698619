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

// An event of one tenant's that needs no id.
Json bare_entry_of(const std::string& type, std::size_t number) {
    Json entry = entry_of(type, number);
    entry["tenant"] = "tenant-000";
    entry.erase("id");
    if (type == "billing") {
        entry["op"] = "set_overage";
    } else if (type == "entitlement") {
        entry["feature"] = "feature-0";
    } else if (type == "subscription") {
        entry["op"] = number == 0 ? "start" : "set_auto_renew";
        entry["value"] = number % 2 == 0;
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

std::vector<Json> filling_of(const std::string& type, Filling filling, std::size_t batch,
                             std::size_t of) {
    std::vector<Json> entries;
    const std::size_t size = ring_events / of;
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t number = batch * size + i;
        entries.push_back(filling == Filling::all ? entry_of(type, number)
                                                  : bare_entry_of(type, number));
    }
    return entries;
}

namespace {

// The filling, or the first request of it, to every governor; how many there are.
Result<std::uint64_t> fill(Bus& bus, const std::string& root, int governors, Filling filling,
                           bool first_only) {
    std::uint64_t filled = 0;
    for (const TypeCount& type : spread_governors(governors)) {
        for (int i = 0; i < type.count; ++i, ++filled) {
            Question question;
            question.topic = fmt::format("{}/{}/{}/admin", root, type.type, governor_name(i));
            question.batch = true;
            for (std::size_t batch = 0; batch < batches; ++batch) {
                question.entries = filling_of(type.type, filling, batch, batches);
                if (first_only) {
                    question.entries.resize(1);
                }
                if (const auto done = asked(bus, question); !done) {
                    return done.error();
                }
                if (first_only) {
                    break;
                }
            }
        }
    }
    return filled;
}

}  // namespace

Result<FilledNode> fill_node(const BusOptions& broker, const NodeName& node, int governors,
                             int stop_fd) {
    const std::string root = broker.prefix + "/" + node.text();
    auto bus = Bus::connect(broker, {root + "/health"});
    if (!bus) {
        return bus.error();
    }
    struct Step {
        Filling filling;
        bool first_only;
    };
    FilledNode filled;
    filled.ring_events = ring_events;
    std::vector<Levels> after;
    for (const Step step :
         {Step{Filling::ring, true}, Step{Filling::ring, false}, Step{Filling::all, false}}) {
        const auto count = fill(**bus, root, governors, step.filling, step.first_only);
        if (!count) {
            return count.error();
        }
        filled.governors = *count;
        const auto levels = levels_of(**bus, root, stop_fd);
        if (!levels) {
            return levels.error();
        }
        after.push_back(*levels);
    }
    filled.begun_governor_bytes = after[0].governor_bytes;
    filled.ring_governor_bytes = after[1].governor_bytes;
    filled.governor_bytes = after[2].governor_bytes;
    filled.raw_bytes = after[2].raw_bytes;
    filled.snapshot_bytes = after[2].snapshot_bytes;
    return filled;
}

}  // namespace flyball
