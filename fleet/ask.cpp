// flyball ask: one request, or a batch, and its reply.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "fleet/control_question.h"
#include "fleet/reply_text.h"
#include "fleet/values.h"
#include "fleet/verb.h"
#include "schemas/limits.h"
#include "schemas/request.h"
#include "schemas/topic.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball ask eu-west/pi-7 quota/main tenant=acme hits=3
  flyball ask eu-west/pi-7 quota/main set_limit tenant=acme limit=500 --admin
  flyball ask eu-west/pi-7 billing/main charge tenant=acme amount=250 --id auto
  flyball ask eu-west/pi-7 compliance/main tenant=acme action=store \
      attributes.region=eu-west
  flyball ask eu-west/pi-7 admit tenant=acme quota.hits=1 \
      entitlement.feature=export --dry-run
  flyball ask eu-west/pi-7 control list
  flyball ask eu-west/pi-7 quota/main --batch requests.jsonl --json)";

constexpr const char* about =
    R"(Asks a governor and prints its reply.

OP is check unless given. In key=value the value is JSON when it parses, else
a text (tenant=acme, but tenant='"42"'); a.b=1 is {"a":{"b":1}}. With --batch
each entry of the file is a request; OP and key=value are its defaults.
Exit status: 0 allowed or done, 1 denied, 2 an error reply, 64 usage,
69 no broker or no answer in time; of a batch, the worst.)";

struct Target {
    std::string type;  // "admit", "control", or a governor's type
    std::string name;
};

Error usage(std::string message) {
    return {ErrorCode::usage, std::move(message)};
}

Result<Target> parse_target(std::string_view text) {
    if (text == "admit" || text == "control") {
        return Target{std::string(text), {}};
    }
    const std::size_t slash = text.find('/');
    const std::string_view type = text.substr(0, slash);
    const std::string_view name = slash == std::string_view::npos ? "" : text.substr(slash + 1);
    if (!valid_name(type) || !valid_name(name)) {
        return usage(fmt::format(
            "'{}' is no governor: write type/name, like quota/main, or admit or control", text));
    }
    return Target{std::string(type), std::string(name)};
}

struct Answer {
    Json replies = Json::array();
    bool complete = true;  // false: no answer, or none to the rest of a batch
};

class Ask final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Result<Question> question() const;
    Result<Json> shared_fields() const;
    Result<std::vector<Json>> entries() const;
    Result<std::string> topic(const Json& first) const;
    Result<Answer> ask_all(const Question& question) const;
    Exit show(const Json& replies, const Question& question) const;

    Common common_;
    NodeName node_;
    Target target_;
    std::string node_text_;
    std::string target_text_;
    std::string op_;
    std::vector<std::string> fields_;
    std::string batch_file_;
    std::string encoding_ = "msgpack";
    std::string id_;
    bool admin_ = false;
    bool tenant_topic_ = false;
    bool dry_run_ = false;
    bool brief_ = false;
};

CLI::App* Ask::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("ask", about);
    verb->footer(examples);
    verb->add_option("NODE", node_text_, "region/node")->required()->type_name(node_value);
    verb->add_option("GOVERNOR", target_text_, "TYPE/NAME, admit or control")
        ->required()
        ->type_name(governor_value);
    verb->add_option("OP", op_, "what to do: check unless given")->type_name("OP");
    verb->add_option("FIELDS", fields_, "key=value: the op's fields")->type_name("key=value");
    verb->add_flag("--admin", admin_, "send to the admin topic: for ops that change settings");
    verb->add_option("--batch", batch_file_,
                     "requests: a JSON array or one JSON map a line; - is stdin")
        ->type_name(file_value);
    verb->add_option("--encoding", encoding_, "of the request, and so of the reply")
        ->check(CLI::IsMember({"msgpack", "json"}))
        ->type_name("msgpack|json")
        ->capture_default_str();
    verb->add_option("--id", id_,
                     "do this once: asked again with the same id, nothing is done "
                     "twice; auto makes one")
        ->type_name("ID");
    verb->add_flag("--tenant-topic", tenant_topic_, "ask as an application: on the tenant's topic");
    verb->add_flag("--dry-run", dry_run_, "the same answer, no effect");
    verb->add_flag("--brief", brief_, "only the short reply");
    add_common_options(*verb, common_);
    return verb;
}

Result<Json> Ask::shared_fields() const {
    const bool has_op = !op_.empty() && op_.find('=') == std::string::npos;
    std::vector<std::string> words = fields_;
    if (!has_op && !op_.empty()) {
        words.insert(words.begin(), op_);  // OP was left out: this is the first field
    }
    auto fields = parse_key_values(words);
    if (!fields) {
        return fields;
    }
    const auto add = [&](const char* key, Json value) {
        const bool added = !fields->contains(key);
        (*fields)[key] = std::move(value);
        return added;
    };
    if (has_op && !add("op", op_)) {
        return usage("the op is given twice");
    }
    if (!id_.empty() && !add("id", id_ == "auto" ? random_hex(16) : id_)) {
        return usage("the id is given twice");
    }
    if (dry_run_) {
        add("dry_run", true);
    }
    if (brief_) {
        add("brief", true);
    }
    return fields;
}

Result<std::vector<Json>> Ask::entries() const {
    auto shared = shared_fields();
    if (!shared) {
        return shared.error();
    }
    if (batch_file_.empty()) {
        return std::vector<Json>{*std::move(shared)};
    }
    if (id_ == "auto") {
        shared->erase("id");
    }
    auto entries = read_batch(batch_file_);
    if (!entries) {
        return entries;
    }
    for (Json& entry : *entries) {
        for (const auto& [key, value] : shared->items()) {
            if (!entry.contains(key)) {
                entry[key] = value;
            }
        }
        if (id_ == "auto" && !entry.contains("id")) {
            entry["id"] = random_hex(16);
        }
    }
    return entries;
}

Result<std::string> Ask::topic(const Json& first) const {
    const bool control = target_.type == "control";
    if (admin_ && (control || target_.type == "admit")) {
        return usage(fmt::format("{} has no admin topic; leave --admin out", target_.type));
    }
    if (tenant_topic_ && (control || admin_)) {
        return usage("only requests have a topic for each tenant; leave --tenant-topic out");
    }
    Topic topic{.channel = control ? Channel::control : admin_ ? Channel::admin : Channel::request};
    topic.type = control ? std::string_view() : std::string_view(target_.type);
    topic.name = target_.name;
    std::string tenant;
    if (tenant_topic_) {
        if (!first.contains("tenant") || !first["tenant"].is_string()) {
            return usage("--tenant-topic needs tenant=NAME");
        }
        tenant = first["tenant"].get<std::string>();
        topic.has_tenant = true;
        topic.tenant = tenant;
    }
    std::string text;
    append_topic(text, Root{common_.bus.prefix, node_.region, node_.node}, topic);
    if (!valid_publish_topic(text, topic_bytes_max)) {
        return usage(fmt::format("'{}' cannot be a topic", text));
    }
    return text;
}

Result<Question> Ask::question() const {
    auto requests = entries();
    if (!requests) {
        return requests.error();
    }
    for (const Json& request : *requests) {
        if (auto fine = encode_payload(request, WireFormat::msgpack); !fine) {
            return fine.error();
        }
    }
    Question question;
    question.batch = !batch_file_.empty();
    if (requests->empty()) {
        return usage(fmt::format("{}: no requests in it", batch_file_));
    }
    const Json& first = requests->front();
    auto where = topic(first);
    if (!where) {
        return where.error();
    }
    question.topic = *std::move(where);
    question.tenant = tenant_topic_ ? first["tenant"].get<std::string>() : std::string();
    question.format = encoding_ == "json" ? WireFormat::json : WireFormat::msgpack;
    // `profile` answers when its time is over.
    if (const auto found = first.find("for_ms");
        found != first.end() && found->is_number_integer() && target_.type == "control") {
        question.extra = Span(std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, 3'600'000));
    }
    question.entries = *std::move(requests);
    return question;
}

// A node takes so many entries and bytes in a payload; what is more goes in several, in order.
std::vector<Question> in_parts(const Question& whole) {
    constexpr Limits limits;
    constexpr std::size_t spare = 1024;  // the array's own header, and a reply_to
    std::vector<Question> parts;
    std::size_t bytes = 0;
    for (const Json& entry : whole.entries) {
        const auto encoded = encode_payload(entry, whole.format);
        const std::size_t size = encoded ? encoded->size() + 1 : 0;  // refused when it is sent
        if (parts.empty() || parts.back().entries.size() == limits.batch ||
            bytes + size > limits.payload_bytes - spare) {
            parts.push_back(whole);
            parts.back().entries.clear();
            bytes = 0;
        }
        parts.back().entries.push_back(entry);
        bytes += size;
    }
    return parts;
}

Result<Answer> Ask::ask_all(const Question& whole) const {
    auto bus = Bus::connect(common_.bus, {}, whole.tenant);
    if (!bus) {
        return bus.error();
    }
    Answer answer;
    for (const Question& part : in_parts(whole)) {
        auto reply = (*bus)->ask(part);
        if (!reply) {
            return reply.error();
        }
        if (!*reply) {
            answer.complete = false;
            return answer;
        }
        Json& got = **reply;
        if (!got.is_array() || !answer.replies.is_array()) {
            answer.replies = std::move(got);  // of a single request; or the batch was refused whole
            return answer;
        }
        answer.replies.insert(answer.replies.end(), got.begin(), got.end());
    }
    return answer;
}

Exit Ask::show(const Json& replies, const Question& question) const {
    const Style style = style_of(STDOUT_FILENO);
    if (common_.json) {
        print(json_text(replies) + "\n");
    } else {
        print(replies.is_array() ? batch_text(replies, style) : reply_text(replies, style));
    }
    if (replies.is_object()) {
        hint(hint_for(replies, question.entries.front(), target_.type));
    }
    return exit_of_replies(replies);
}

Exit Ask::run() {
    auto node = parse_node(node_text_);
    if (!node) {
        return fail(node.error());
    }
    node_ = *std::move(node);
    auto target = parse_target(target_text_);
    if (!target) {
        return fail(target.error());
    }
    target_ = *std::move(target);
    const auto asked = question();
    if (!asked) {
        return fail(asked.error());
    }
    const auto answer = ask_all(*asked);
    if (!answer) {
        return fail(answer.error());
    }
    if (answer->complete) {
        return show(answer->replies, *asked);
    }
    if (!answer->replies.empty()) {
        show(answer->replies, *asked);
    }
    return tell_of_silence(common_.bus, node_, asked->topic, common_.bus.timeout + asked->extra);
}

}  // namespace

std::unique_ptr<Verb> make_ask() {
    return std::make_unique<Ask>();
}

}  // namespace flyball
