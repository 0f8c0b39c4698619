// Who may publish and who is delivered what: every topic of the protocol, for every kind of login,
// on a real broker with the access list that flyball acl writes. Deliveries are looked at, not
// SUBACKs: Mosquitto grants every subscription and filters later.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "tests/e2e/broker.h"
#include "tests/e2e/identity/identities.h"

namespace flyball::testing {
namespace {

// A letter a login: N the node, M another node, A and B applications of two tenants, T a trusted
// back end, O an operator, W a watcher, S a stranger: somebody the broker lets in and the list does
// not name.
const std::map<char, std::string> logins{{'N', "eu/n1"}, {'M', "eu/n2"},   {'A', "acme"},
                                         {'B', "a%2Fb"}, {'T', "backend"}, {'O', "ops"},
                                         {'W', "watch"}, {'S', "stranger"}};

struct Row {
    std::string topic;  // below the prefix; with a slash in front: as it is
    std::string may_publish;
    std::string is_delivered;
    // With --patterns, where every login that has no other role is the tenant of its name, that of
    // a stranger, a back end and an operator too; else as above.
    const char* may_publish_by_pattern = nullptr;
    const char* is_delivered_by_pattern = nullptr;
};

// From the protocol's table of topics, by hand.
const std::vector<Row> rows{
    {"eu/n1/quota/main/request", "TO", "NO"},
    {"eu/n1/quota/main/request/acme", "A", "NO"},
    {"eu/n1/quota/main/request/a%2Fb", "B", "NO"},
    {"eu/n1/quota/main/request/a/b", "", "O"},
    {"eu/n1/quota/main/request/eu/n1", "", "O"},
    {"eu/n1/quota/main/request/backend", "", "NO", "T"},
    {"eu/n1/quota/main/request/ops", "", "NO", "O"},
    {"eu/n1/quota/main/request/stranger", "", "NO", "S"},
    {"eu/n1/quota/main/request/watch", "", "NO"},
    {"eu/n1/admit/request/watch", "", "NO"},
    {"eu/n1/quota/main/decision/watch", "N", "OW"},
    {"eu/n1/billing/prepaid/request", "TO", "NO"},
    {"eu/n1/billing/prepaid/request/acme", "A", "NO"},
    {"eu/n1/admit/request", "TO", "NO"},
    {"eu/n1/admit/request/acme", "A", "NO"},
    {"eu/n1/admit/request/a%2Fb", "B", "NO"},
    {"eu/n1/admit/request/stranger", "", "NO", "S"},
    {"eu/n1/quota/main/admin", "O", "NO"},
    {"eu/n1/control", "O", "NO"},
    {"eu/n1/quota/main/decision", "N", "TOW"},
    {"eu/n1/quota/main/decision/acme", "N", "AOW"},
    {"eu/n1/quota/main/decision/a%2Fb", "N", "BOW"},
    {"eu/n1/quota/main/decision/backend", "N", "OW", nullptr, "TOW"},
    {"eu/n1/quota/main/decision/stranger", "N", "OW", nullptr, "OSW"},
    {"eu/n1/admit/decision", "N", "TOW"},
    {"eu/n1/admit/decision/acme", "N", "AOW"},
    {"eu/n1/admit/decision/stranger", "N", "OW", nullptr, "OSW"},
    {"eu/n1/quota/main/event", "N", "OW"},
    {"eu/n1/control/reply", "N", "O"},
    {"eu/n1/health", "NO", "NOW"},
    {"eu/n1/trace", "N", "O"},
    {"eu/n1/_tick", "N", "NO"},
    {"eu/n1/_wake", "N", "O"},
    {"eu/n1/policy", "", "O"},
    {"eu/n1/quota/main/nonsense", "", "O"},
    {"eu/n1/quota/main/event/acme", "", "O"},
    {"eu/health", "", "O"},
    {"reply/acme/1", "NM", "AO"},
    {"reply/a%2Fb/1", "NM", "BO"},
    {"reply/backend/1", "NM", "TO"},
    {"reply/ops/1", "NMO", "O"},
    {"reply/stranger/1", "NM", "O", nullptr, "OS"},
    {"reply/watch/1", "NM", "O", nullptr, "OW"},
    {"reply/eu/n1/1", "NM", "O", "M"},
    {"reply/nobody/1", "NM", "O"},
    {"reply", "NM", "O"},
    // What a list for any region would open below `reply`: forged and overheard replies. Nobody who
    // is denied such a topic is delivered it either, so that it is no reply topic of one's own.
    {"reply/victim/x/y/request/acme", "NM", "O"},
    {"reply/victim/x/y/request/a%2Fb", "NM", "O"},
    {"reply/victim/x/y/request/stranger", "NM", "O"},
    {"reply/victim/x/y/request", "NM", ""},
    {"reply/victim/x/y/admin", "NM", ""},
    {"reply/victim/x/y/decision", "NM", "O"},
    {"reply/victim/x/y/decision/acme", "NM", "O"},
    {"reply/victim/x/y/decision/stranger", "NM", "O"},
    {"reply/victim/admit/request", "NM", ""},
    {"reply/victim/admit/request/acme", "NM", "O"},
    {"reply/victim/admit/request/stranger", "NM", "O"},
    {"reply/victim/admit/decision/acme", "NM", "O"},
    {"reply/victim/control", "NM", ""},
    {"reply/victim/health", "NM", ""},
    {"reply/acme/x/y/request/acme", "NM", "O"},
    {"policy/n1/quota/main/request", "", ""},
    {"policy/n1/quota/main/request/acme", "", "O"},
    {"policy/n1/quota/main/decision/acme", "", "O"},
    {"policy/n1/control", "", ""},
    {"/clients/acme/1", "", ""},
    {"/elsewhere/reply/1", "", ""},
    {"/elsewhere", "", ""},
};

std::string topic_of(const Row& row) {
    return row.topic.starts_with('/') ? row.topic.substr(1) : "flyball/v1/" + row.topic;
}

// Logins by certificate or by password, with a list of names or with patterns.
struct Setting {
    const char* name;
    bool certificates;
    bool patterns;
};
void PrintTo(const Setting& setting, std::ostream* out) {
    *out << setting.name;
}

class AclMatrix : public ::testing::TestWithParam<Setting> {
protected:
    void SetUp() override {
        for (const auto& [verb, names] :
             std::vector<std::pair<std::string, std::vector<std::string>>>{
                 {"node", {"eu/n1", "eu/n2"}},
                 {"app", {"acme", "a/b", "backend", "watch"}},
                 {"operator", {"ops"}}}) {
            identities_.pki(verb, names);
        }
        std::string acl = flyball_acl();
        // Sees and may do all: what the broker passes on, and what it does not.
        acl += "\nuser observer\ntopic readwrite #\n";
        acl_file_ = identities_.write("acl", acl);
        identities_.pki("app", {"stranger", "observer"});
        broker_ = std::make_unique<Broker>(settings());
    }

    std::string flyball_acl() const {
        std::vector<std::string> words{"acl", "--watcher", "watch"};
        if (GetParam().certificates) {
            words.insert(words.end(), {"--pki", identities_.folder(), "--trusted", "backend"});
        } else {
            words.insert(words.end(), {"--node", "eu/n1", "--node", "eu/n2", "--trusted", "backend",
                                       "--operator", "ops"});
            if (!GetParam().patterns) {
                words.insert(words.end(), {"--tenant", "acme", "--tenant", "a/b"});
            }
        }
        if (GetParam().patterns) {
            words.emplace_back("--patterns");
        }
        const Ran ran = flyball(words);
        EXPECT_EQ(ran.status, 0) << ran.err;
        return ran.out;
    }

    BrokerSettings settings() {
        BrokerSettings settings{.extra = "acl_file " + acl_file_, .anonymous = false};
        if (GetParam().certificates) {
            settings.listener = identities_.listener_for_certificates();
            return settings;
        }
        std::string passwords;
        for (const auto& [letter, login] : logins) {
            passwords += login + ":secret-of-" + login + "\n";
        }
        const std::string file =
            identities_.write("passwords", passwords + "observer:secret-of-observer\n");
        EXPECT_EQ(std::system(("mosquitto_passwd -U " + file).c_str()), 0);
        settings.extra += "\npassword_file " + file;
        return settings;
    }

    std::unique_ptr<RawClient> client(const std::string& login) const {
        RawClient::Login as{.client_id = "client-of-" + login};
        if (GetParam().certificates) {
            const std::string folder = login.starts_with("eu/") ? "nodes/"
                                       : login == "ops"         ? "operators/"
                                                                : "apps/";
            as.identity = identities_.identity(folder + login);
        } else {
            as.user = login;
            as.password = "secret-of-" + login;
        }
        return std::make_unique<RawClient>(broker_->port(), as);
    }

    // The tool with a login of an app.
    Ran tool_as(const std::string& login, std::vector<std::string> words) const {
        if (GetParam().certificates) {
            const std::string stem = identities_.path("apps/" + login);
            words.insert(words.end(),
                         {"--broker", fmt::format("mqtts://localhost:{}", broker_->port()),
                          "--ca-file", identities_.path("ca.crt"), "--cert-file", stem + ".crt",
                          "--key-file", stem + ".key"});
        } else {
            words.insert(words.end(),
                         {"--broker", fmt::format("tcp://localhost:{}", broker_->port()),
                          "--username", login, "--password-file",
                          identities_.write("password", "secret-of-" + login + "\n")});
        }
        return flyball(words);
    }

    const std::string& publishers(const Row& row) const {
        by_pattern_ = GetParam().patterns && row.may_publish_by_pattern != nullptr
                          ? row.may_publish_by_pattern
                          : row.may_publish;
        return by_pattern_;
    }
    const std::string& receivers(const Row& row) const {
        by_pattern_ = GetParam().patterns && row.is_delivered_by_pattern != nullptr
                          ? row.is_delivered_by_pattern
                          : row.is_delivered;
        return by_pattern_;
    }

    Identities identities_;
    std::string acl_file_;
    std::unique_ptr<Broker> broker_;
    mutable std::string by_pattern_;
};

TEST_P(AclMatrix, IsExactlyTheTable) {
    const auto observer = client("observer");
    observer->subscribe("#");
    std::size_t cells = 0;
    std::size_t open = 0;
    std::size_t wrong = 0;
    for (const auto& [letter, login] : logins) {
        const auto one = client(login);
        one->subscribe("#");
        one->subscribe("$SYS/#");
        std::set<std::string> passed;
        std::set<std::string> refused;
        for (const Row& row : rows) {
            const int reason = one->publish(topic_of(row), "by " + login);
            (reason == 0 ? passed : refused).insert(topic_of(row));
        }
        observer->ping();
        std::set<std::string> seen;
        for (const auto& arrived : observer->take()) {
            if (arrived.payload == "by " + login) {
                seen.insert(arrived.topic);
            }
        }
        EXPECT_EQ(seen, passed) << "the broker's word differs from what it did";
        one->ping();
        one->take();
        for (const Row& row : rows) {
            ASSERT_EQ(observer->publish(topic_of(row), "for all"), 0);
        }
        one->ping();
        std::set<std::string> delivered;
        for (const auto& arrived : one->take()) {
            delivered.insert(arrived.topic);
        }
        observer->ping();
        observer->take();
        for (const Row& row : rows) {
            const bool may = publishers(row).find(letter) != std::string::npos;
            const bool gets = receivers(row).find(letter) != std::string::npos;
            const bool right =
                seen.contains(topic_of(row)) == may && delivered.contains(topic_of(row)) == gets;
            EXPECT_EQ(seen.contains(topic_of(row)), may) << login << " publishes " << row.topic;
            EXPECT_EQ(delivered.contains(topic_of(row)), gets) << login << " reads " << row.topic;
            delivered.erase(topic_of(row));
            cells += 2;
            open += static_cast<std::size_t>(may) + static_cast<std::size_t>(gets);
            wrong += right ? 0 : 1;
        }
        EXPECT_TRUE(delivered.empty()) << login << " reads what nobody published for it";
    }
    fmt::print("acl matrix, {}: {} topics x {} logins x 2 = {} cells, {} open, {} wrong\n",
               GetParam().name, rows.size(), logins.size(), cells, open, wrong);
}

TEST_P(AclMatrix, ListsHealthForALoginThatMayOnlyRead) {
    const auto observer = client("observer");
    ASSERT_EQ(observer->publish("flyball/v1/eu/n1/health", R"({"status":"online"})", 1, true), 0);
    const Ran ran = tool_as("watch", {"health", "--json", "--timeout", "5m"});
    EXPECT_EQ(ran.status, 0) << "it waited for what the access list drops; " << ran.err;
    EXPECT_NE(ran.out.find(R"("node":"n1")"), std::string::npos) << ran.out;
}

INSTANTIATE_TEST_SUITE_P(Logins, AclMatrix,
                         ::testing::Values(Setting{"certificates", true, false},
                                           Setting{"certificates_and_patterns", true, true},
                                           Setting{"passwords", false, false},
                                           Setting{"passwords_and_patterns", false, true}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace flyball::testing
