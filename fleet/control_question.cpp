#include "fleet/control_question.h"

#include <fmt/format.h>
#include <unistd.h>

#include "fleet/node_hint.h"
#include "fleet/reply_text.h"
#include "fleet/verb.h"
#include "schemas/topic.h"

namespace flyball {

std::optional<Json> ask_control(Bus& bus, const BusOptions& options, const NodeName& node,
                                Json request, Span extra, Exit& exit) {
    Question question;
    append_topic(question.topic, Root{options.prefix, node.region, node.node},
                 Topic{.channel = Channel::control});
    question.entries.push_back(std::move(request));
    question.extra = extra;
    const auto reply = bus.ask(question);
    if (!reply) {
        exit = fail(reply.error());
        return std::nullopt;
    }
    if (!*reply) {
        exit = tell_of_silence(options, node, question.topic, options.timeout + extra);
        return std::nullopt;
    }
    exit = exit_of_reply(**reply);
    if (exit != Exit::done) {
        fmt::print(stderr, "{}", reply_text(**reply, style_of(STDERR_FILENO)));
        return std::nullopt;
    }
    return **reply;
}

Exit tell_of_silence(const BusOptions& options, const NodeName& node, std::string_view topic,
                     Span waited) {
    complain(fmt::format("no answer on {} within {}", topic, span_text(waited.count())));
    const auto health = collect_health(options, std::nullopt);
    if (!health) {
        hint(health.error().message);
        return Exit::unavailable;
    }
    for (const std::string& text : hints_about(node, *health, options.prefix, wall_now())) {
        hint(text);
    }
    return Exit::unavailable;
}

}  // namespace flyball
