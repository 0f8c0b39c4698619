#include "tests/bench/bench_engine.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <msgpack.hpp>
#include <mutex>
#include <random>
#include <utility>

#include "node/state/record.h"

namespace flyball {

namespace {

constexpr std::string_view root = "flyball/v1/eu/bench/";
constexpr std::string_view id_digits = "0000000000";
constexpr int governors_of_a_type = 6;
constexpr std::uint32_t batch_entries = 256;

constexpr std::array<BenchKind, 11> kinds = {{
    {"quota", "quota check, fixed"},
    {"quota_batch", "quota check, fixed, one of 256"},
    {"quota_sliding", "quota check, sliding"},
    {"quota_bucket", "quota check, bucket"},
    {"quota_id", "quota check, fixed, with id"},
    {"quota_json", "quota check, fixed, JSON"},
    {"billing", "billing charge"},
    {"entitlement", "entitlement check"},
    {"subscription", "subscription check"},
    {"compliance", "compliance check"},
    {"admit", "admit over five types"},
}};

Tree resource(const char* algorithm, const char* window, std::int64_t limit) {
    return Tree(Tree::Map{{"limit", limit}, {"window", window}, {"algorithm", algorithm}});
}

Tree rule(const char* id, const char* attribute, const char* op, Tree value, const char* severity) {
    return Tree(Tree::Map{{"id", id},
                          {"actions", Tree::List{Tree("store"), Tree("export")}},
                          {"attribute", attribute},
                          {"op", op},
                          {"value", std::move(value)},
                          {"severity", severity}});
}

Tree settings_of(std::string_view type) {
    Tree::Map all{{"max_tenants", 200'000}};
    if (type == "quota") {
        constexpr std::int64_t plenty = std::int64_t{1} << 40;
        all["resources"] = Tree::Map{{"api_calls", resource("fixed", "1d", plenty)},
                                     {"searches", resource("sliding", "1h", plenty)},
                                     {"uploads", resource("bucket", "1m", plenty)}};
    } else if (type == "billing") {
        all["rate_limit"] = 1'000'000;
        all["low_at"] = 1'000;
    } else if (type == "entitlement") {
        Tree::Map tiers;
        for (const char* tier : {"free", "pro", "team"}) {
            tiers[tier] = Tree::Map{{"basic", true},      {"export", true}, {"seats", 25},
                                    {"storage_mb", 500},  {"sso", false},   {"support", "email"},
                                    {"api_access", true}, {"webhooks", 10}};
        }
        all["tiers"] = std::move(tiers);
        all["default_tier"] = "pro";
    } else if (type == "compliance") {
        all["rules"] = Tree::List{
            rule("eu-only", "region", "in", Tree::List{Tree("eu-west"), Tree("eu-north")}, "deny"),
            rule("small", "bytes", "le", 1'000'000, "deny"),
            rule("encrypted", "encrypted", "eq", true, "deny"),
            rule("named-purpose", "purpose", "prefix", "ops-", "warn"),
        };
    } else if (type == "subscription") {
        all["plans"] =
            Tree::Map{{"team", Tree::Map{{"period", "1mo"}, {"trial", "7d"}, {"grace", "1d"}}}};
    }
    return Tree(std::move(all));
}

using Packer = msgpack::packer<msgpack::sbuffer>;

void pack_text(Packer& packer, std::string_view text) {
    packer.pack_str(static_cast<std::uint32_t>(text.size()));
    packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

void pack_pair(Packer& packer, std::string_view key, std::string_view text) {
    pack_text(packer, key);
    pack_text(packer, text);
}

void pack_amount(Packer& packer, std::string_view key, std::int64_t amount) {
    pack_text(packer, key);
    packer.pack(amount);
}

void pack_attributes(Packer& packer) {
    pack_text(packer, "attributes");
    packer.pack_map(4);
    pack_pair(packer, "region", "eu-west");
    pack_amount(packer, "bytes", 52'000);
    pack_text(packer, "encrypted");
    packer.pack_true();
    pack_pair(packer, "purpose", "ops-backup");
}

void pack_parts(Packer& packer) {
    pack_text(packer, "entitlement");
    packer.pack_map(1);
    pack_pair(packer, "feature", "export");
    pack_text(packer, "subscription");
    packer.pack_map(0);
    pack_text(packer, "compliance");
    packer.pack_map(2);
    pack_pair(packer, "action", "store");
    pack_attributes(packer);
    pack_text(packer, "quota");
    packer.pack_map(2);
    pack_pair(packer, "resource", "api_calls");
    pack_amount(packer, "hits", 1);
    pack_text(packer, "billing");
    packer.pack_map(1);
    pack_amount(packer, "amount", 25);
}

bool has_id(std::string_view kind) {
    return kind == "quota_id" || kind == "billing" || kind == "admit";
}

// The own fields of `kind`; how many keys they are stands in front, in the map's header.
void pack_own(Packer& packer, std::string_view kind) {
    if (kind == "entitlement") {
        pack_pair(packer, "feature", "export");
    } else if (kind == "compliance") {
        pack_pair(packer, "action", "store");
        pack_attributes(packer);
    } else if (kind == "billing") {
        pack_pair(packer, "op", "charge");
        pack_amount(packer, "amount", 25);
    } else if (kind == "admit") {
        pack_parts(packer);
    } else if (kind != "subscription") {
        pack_pair(packer, "resource",
                  kind == "quota_sliding"  ? "searches"
                  : kind == "quota_bucket" ? "uploads"
                                           : "api_calls");
        pack_amount(packer, "hits", 1);
    }
}

std::uint32_t own_keys(std::string_view kind) {
    return kind == "subscription" ? 0 : kind == "entitlement" ? 1 : kind == "admit" ? 5 : 2;
}

}  // namespace

std::span<const BenchKind> bench_kinds() {
    return kinds;
}

// Records of what changed, made and gathered the way the keeper does on the deciding side.
class BenchEngine::Journal final : public ChangeSink {
public:
    void note(const Change& change) override { writer_.add(change); }
    void note(const GovernorChange& change) override { writer_.add(change); }
    void end_decision() override {
        if (writer_.empty()) {
            return;
        }
        const std::string_view record = writer_.finish();
        const std::lock_guard lock(lock_);
        if (group_.size() > group_bytes_max) {
            bytes_ += group_.size();
            group_.clear();
        }
        group_.append(record);
    }
    std::uint64_t bytes() const { return bytes_ + group_.size(); }

private:
    static constexpr std::size_t group_bytes_max = 64 * 1024;
    RecordWriter writer_;
    std::mutex lock_;
    ByteBuffer group_;
    std::uint64_t bytes_ = 0;
};

BenchEngine::BenchEngine(std::string_view kind, int tenants, bool journal)
    : journal_(journal ? std::make_unique<Journal>() : nullptr),
      engine_({.root = {.prefix = "flyball/v1", .region = "eu", .node = "bench"},
               .limits = {},
               .reply_prefixes = {"*/reply/", "*/response/", "clients/"},
               .seed = 42,
               .changes = journal_.get()}) {
    for (int tenant = 0; tenant < tenants; ++tenant) {
        std::array<char, 16> text{};
        std::snprintf(text.data(), text.size(), "%06d", tenant);
        std::copy_n(text.begin(), sizeof(Digits), tenants_.emplace_back().begin());
    }
    std::ranges::shuffle(tenants_, std::mt19937(42));
    add_governors();
    open_accounts();
    write_request(kind);
    expected_ = "allow";
    replies_ = reply_bytes_ = 0;
}

BenchEngine::~BenchEngine() = default;

void BenchEngine::add_governors() {
    for (const char* type : {"billing", "compliance", "entitlement", "quota", "subscription"}) {
        for (int number = 0; number < governors_of_a_type; ++number) {
            const std::string name = number == 0 ? "main" : "site-" + std::to_string(number);
            const auto added = engine_.registry().add(type, name, settings_of(type), now_);
            expects(added.has_value(), "the benchmark's governors are configured");
        }
    }
}

void BenchEngine::open_accounts() {
    expected_ = "\"ok\"";
    for (const Digits& digits : tenants_) {
        const std::string tenant = R"({"tenant":"tenant-)" + std::string(digits.data(), 6) + '"';
        admin("billing/main", tenant + R"(,"op":"topup","amount":1000000000000,"id":"open"})");
        admin("subscription/main", tenant + R"(,"op":"start","plan":"team"})");
        admin("subscription/main", tenant + R"(,"op":"paid"})");
        admin("entitlement/main", tenant + R"(,"op":"set_tier","tier":"team"})");
    }
}

void BenchEngine::admin(std::string_view title, const std::string& json) {
    Message message;
    const std::string topic = std::string(root).append(title).append("/admin");
    message.topic = topic;
    message.payload = json;
    engine_.handle(message, {}, now_, *this);
}

void BenchEngine::write_request(std::string_view kind) {
    const bool quota = kind.starts_with("quota");
    topic_ = kind == "admit" ? std::string(root) + "admit/request"
                             : std::string(root).append(quota ? "quota" : kind) + "/main/request";
    if (kind == "quota_json") {
        payload_ = R"({"tenant":"tenant-000000","resource":"api_calls","hits":1})";
    } else {
        msgpack::sbuffer buffer;
        Packer packer(buffer);
        packer.pack_map(1 + own_keys(kind) + (has_id(kind) ? 1 : 0));
        pack_pair(packer, "tenant", "tenant-000000");
        pack_own(packer, kind);
        if (has_id(kind)) {
            pack_pair(packer, "id", std::string("order-").append(id_digits));
        }
        payload_.assign(buffer.data(), buffer.size());
    }
    entry_bytes_ = payload_.size();
    if (kind == "quota_batch") {
        const std::string entry = std::exchange(payload_, {});
        msgpack::sbuffer header;
        Packer(header).pack_array(batch_entries);
        payload_.assign(header.data(), header.size());
        entries_ = batch_entries;
        for (std::size_t at = 0; at < entries_; ++at) {
            payload_ += entry;
        }
    }
    tenant_at_ = payload_.find("tenant-0") + 7;
    id_at_ = has_id(kind) ? payload_.size() - id_digits.size() : 0;
}

// The id is a number that goes up.
void BenchEngine::count_up() {
    for (std::size_t at = id_at_ + id_digits.size(); at-- > id_at_;) {
        if (payload_[at] != '9') {
            ++payload_[at];
            return;
        }
        payload_[at] = '0';
    }
}

void BenchEngine::ask() {
    std::memcpy(&payload_[tenant_at_ + asked_ * entry_bytes_], tenants_[next_].data(),
                sizeof(Digits));
    next_ = next_ + 1 == tenants_.size() ? 0 : next_ + 1;
    if (id_at_ != 0) {
        count_up();
    }
    now_ += Span{1};
    if (++asked_ < entries_) {
        return;
    }
    asked_ = 0;
    Message message;
    message.topic = topic_;
    message.response_topic = "bench/reply/1";
    message.has_response_topic = true;
    message.correlation_data = "12345678";
    message.payload = payload_;
    engine_.handle(message, {}, now_, *this);
}

void BenchEngine::send(const Message& message) {
    // A benchmark of errors would be a fine thing, were it meant.
    if (messages_++ % 0x1000 == 0) {
        expects(message.payload.find(expected_) != std::string_view::npos,
                "the benchmark's requests are granted");
    }
    reply_bytes_ += message.payload.size();
    replies_ += entries_;
}

void BenchEngine::reply_topic_refused(std::string_view /*topic*/) {
    expects(false, "the benchmark's reply topic is allowed");
}

std::uint64_t BenchEngine::record_bytes() const {
    return journal_ != nullptr ? journal_->bytes() : 0;
}

}  // namespace flyball
