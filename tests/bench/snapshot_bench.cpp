// What a snapshot takes: a governor of each type with 100 tenants and 1,024 events, without and
// with 1,024 ids, from seeded traffic; beside it the same as plain msgpack maps. Prints each beside
// its aim and exits 1 when one is missed.

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>

#include "governors/governor_state.h"
#include "node/registry.h"
#include "node/state/snapshot.h"
#include "schemas/decode.h"
#include "schemas/request.h"
#include "tests/sim/memory_disk.h"

namespace flyball {
namespace {

constexpr int tenants = 100;
constexpr std::size_t ring = 1024;
constexpr double bytes_an_event_max = 9;
constexpr double ratio_without_ids_min = 5;
constexpr double ratio_with_ids_min = 3.5;

// The standard's distributions differ from library to library; its engine does not.
class Dice {
public:
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    double share() { return static_cast<double>(engine_()) / 0x1p64; }
    // Few ask often, many seldom.
    int tenant() { return static_cast<int>(tenants * std::pow(share(), 2.5)); }
    // Random arrivals, five a second.
    Span gap() { return Span{static_cast<std::int64_t>(-200 * std::log(1 - share()))}; }

private:
    std::mt19937_64 engine_{20240229};
};

using Ask = std::string (*)(Dice& dice, int number);

std::string op(const char* name, const std::string& more = {}) {
    return R"("op":")" + std::string(name) + '"' + (more.empty() ? "" : ',' + more);
}

std::string ask_quota(Dice& dice, int /*number*/) {
    const std::uint64_t which = dice.below(10);
    if (which < 7) {
        return op("check", R"("resource":"api_calls")");
    }
    const bool tokens = which < 9;
    return op("check", std::string(R"("resource":")") + (tokens ? "tokens" : "storage_mb") +
                           R"(","hits":)" + std::to_string(1 + dice.below(tokens ? 800 : 3)));
}

std::string ask_billing(Dice& dice, int number) {
    if (number < tenants) {
        return op("topup", R"("amount":)" + std::to_string(1000 * (1 + dice.below(50))));
    }
    const std::uint64_t which = dice.below(10);
    const std::string amount = R"("amount":)" + std::to_string(5 + 5 * dice.below(400));
    if (which < 7) {
        return op("charge", amount);
    }
    const std::string hold = R"("hold":"h)" + std::to_string(number / 10 % 10) + '"';
    return which < 9 ? op("hold", hold + ',' + amount) : op("capture", hold);
}

std::string ask_compliance(Dice& dice, int /*number*/) {
    static constexpr std::array regions = {"eu", "eu", "eu", "eu", "us", "ap"};
    static constexpr std::array actions = {"store", "store", "export", "delete"};
    return op("check", R"("action":")" + std::string(actions[dice.below(4)]) +
                           R"(","attributes":{"region":")" + regions[dice.below(6)] +
                           R"(","records":)" + std::to_string(dice.below(5000)) + '}');
}

std::string ask_entitlement(Dice& dice, int number) {
    static constexpr std::array features = {"export", "seats", "beta", "sso"};
    if (number < tenants) {
        return op("set_tier", R"("tier":"pro")");
    }
    const std::string feature = R"("feature":")" + std::string(features[dice.below(4)]) + '"';
    switch (dice.below(4)) {
        case 0: return op("revoke", feature);
        case 1: return op("clear", feature);
        default:
            return op("grant", feature + R"(,"value":)" + std::to_string(dice.below(50)) +
                                   R"(,"ttl_ms":)" +
                                   std::to_string(3'600'000 * dice.below(720) + 1));
    }
}

std::string ask_subscription(Dice& dice, int number) {
    if (number < tenants) {
        return op("start", R"("trial":false)");
    }
    switch (dice.below(5)) {
        case 0: return op("payment_failed");
        case 1:
            return op("set_auto_renew",
                      dice.below(2) == 0 ? R"("value":true)" : R"("value":false)");
        default: return op("paid");
    }
}

struct Type {
    const char* name;
    Ask ask;
    Tree::Map settings;
};

const std::array<Type, 5>& types() {
    static const Tree::Map eu_only = {{"id", "eu-only"},
                                      {"actions", Tree::List{"store", "export"}},
                                      {"attribute", "region"},
                                      {"op", "in"},
                                      {"value", Tree::List{"eu", "us"}}};
    static const std::array<Type, 5> all = {{
        {"billing", &ask_billing, {{"require_id", false}}},
        {"compliance", &ask_compliance, {{"rules", Tree::List{eu_only}}}},
        {"entitlement", &ask_entitlement, {}},
        {"quota",
         &ask_quota,
         {{"resources",
           Tree::Map{{"tokens",
                      Tree::Map{{"limit", 5000}, {"window", "1m"}, {"algorithm", "bucket"}}}}}}},
        {"subscription", &ask_subscription, {}},
    }};
    return all;
}

void fill(Governor& governor, Ask ask, bool with_ids) {
    Dice dice;
    Decoder decoder;
    Request request;
    Decided decided;
    Effect effect;
    Instant now = instant_from_ms(1'800'000'000'000);
    // Until the rings have been full for a while.
    for (int number = 0; governor.seq() < 2 * ring; ++number) {
        now += dice.gap();
        const int tenant = number < tenants ? number : dice.tenant();
        std::string json = R"({"tenant":"customer-)" + std::to_string(1000 + 7 * tenant) + "\",";
        if (with_ids) {
            json += R"("id":"order-)" + std::to_string(number) + "\",";
        }
        json += ask(dice, number) + '}';
        const Payload payload = decoder.decode(json);
        expects(payload.good(), "the benchmark's request decodes");
        read_request(*payload.root, payload.encoding, request);
        governor.pass_time(now, effect, SIZE_MAX);
        governor.decide(request, {.now = now, .encoding = payload.encoding, .admin = true}, decided,
                        effect);
    }
    expects(governor.events().size() == ring, "the benchmark fills the history");
}

std::uint64_t stored_bytes(const Governor& governor) {
    MemoryDisk disk;
    ByteBuffer bytes;
    GovernorState::save(governor, bytes);
    auto writer = SnapshotWriter::begin(disk, 1);
    expects((*writer)->section({.type = node_section, .bytes = "node"}).has_value() &&
            (*writer)->section({.type = governor_section, .bytes = bytes.bytes()}).has_value());
    return (*writer)->finish().value().stored;
}

bool report(const Type& type, bool with_ids) {
    Registry registry({.seed = 7});
    Tree::Map settings = type.settings;
    settings["ids"] = Tree::Map{{"capacity", static_cast<std::int64_t>(ring)}};
    auto made = registry.add(type.name, "g", Tree(settings), Instant{});
    expects(made.has_value(), "the benchmark's governor is configured");
    const Governor& governor = **made;
    fill(**made, type.ask, with_ids);
    const std::uint64_t raw = GovernorState::map_bytes(governor);
    const std::uint64_t stored = stored_bytes(governor);
    const double ratio = static_cast<double>(raw) / static_cast<double>(stored);
    const double an_event = static_cast<double>(stored) / static_cast<double>(ring);
    const bool met = with_ids ? ratio >= ratio_with_ids_min
                              : ratio >= ratio_without_ids_min && an_event <= bytes_an_event_max;
    std::printf("%-13s %5zu ids  maps %7llu  snapshot %6llu  ratio %5.2f (%.1f)  ", type.name,
                governor.ids().size(), static_cast<unsigned long long>(raw),
                static_cast<unsigned long long>(stored), ratio,
                with_ids ? ratio_with_ids_min : ratio_without_ids_min);
    if (with_ids) {
        std::printf("%5.2f B an event with its id       ", an_event);
    } else {
        std::printf("%5.2f B an event (%.0f)              ", an_event, bytes_an_event_max);
    }
    std::printf("%s\n", met ? "met" : "MISSED");
    return met;
}

int run() {
    bool met = true;
    for (const bool with_ids : {false, true}) {
        for (const Type& type : types()) {
            met &= report(type, with_ids);
        }
    }
    return met ? 0 : 1;
}

}  // namespace
}  // namespace flyball

int main() {
    return flyball::run();
}
