#include "node/admit.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <new>

#include "governors/request_form.h"

namespace flyball {

struct Admit::Type {
    std::string_view name;
    bool many;                   // also as an array
    std::string_view forbidden;  // a field that cannot be part of all or nothing
};

namespace {

constexpr Span memory_retry{1000};
constexpr std::array<std::string_view, 1> ops = {"check"};
constexpr std::array<std::string_view, 5> names = {"entitlement", "subscription", "compliance",
                                                   "quota", "billing"};

}  // namespace

std::span<const Admit::Type> Admit::types() {
    static constexpr std::array<Type, 5> all = {{{names[0], true, {}},
                                                 {names[1], false, {}},
                                                 {names[2], false, {}},
                                                 {names[3], true, "partial"},
                                                 {names[4], false, {}}}};
    return all;
}

std::span<const std::string_view> Admit::part_names() {
    return names;
}

Admit::Admit(const Registry& registry, Supervisor& supervisor, const Options& options)
    : registry_(registry),
      supervisor_(supervisor),
      ids_(options.ids_capacity, options.id_window, options.seed),
      changes_(options.changes) {}

const Reply& Admit::decide(Request& request, const Occasion& occasion) {
    std::construct_at(&reply_);
    reply_.echo(request);
    reply_.governor = title;
    reply_.tenant = request.tenant.empty() ? occasion.topic_tenant : request.tenant;
    used_ = 0;
    judged_ = 0;
    denier_ = nullptr;
    from_memory_ = false;
    undo_after_write_ = false;
    if (check_form(request, occasion) && read_parts(request, occasion)) {
        if (check_memory(request, occasion) && check_keeping(request, occasion) &&
            find_places(occasion)) {
            judge(request, occasion);
        }
    }
    return reply_;
}

bool Admit::refuse(Reason reason, std::string_view field, std::string_view expected) {
    reply_.verdict = Verdict::error;
    reply_.reason = reason;
    reply_.field = field;
    reply_.expected = expected;
    if (!reply_.dry_run) {
        ++counts_.error;
    }
    return false;
}

// The field's path within the request: "quota.hits", "quota[1].hits".
bool Admit::refuse_at(const Line& line, Reason reason, std::string_view field,
                      std::string_view expected) {
    path_.assign(line.type->name);
    if (line.in_array) {
        path_.append("[").append(std::to_string(line.index)).append("]");
    }
    path_.append(".").append(field);
    return refuse(reason, path_, expected);
}

bool Admit::check_form(Request& request, const Occasion& occasion) {
    const auto knows = [&](std::string_view name) {
        const auto is_name = [name](std::string_view known) { return known == name; };
        return is_common_key(name) || std::ranges::any_of(occasion.features, is_name) ||
               std::ranges::any_of(names, is_name);
    };
    Fault fault = form_fault(request, reply_.tenant, knows);
    if (!fault) {
        fault = tenant_fault(occasion, reply_.tenant);
    }
    if (fault) {
        return refuse(fault.reason, fault.field, fault.expected);
    }
    if (request.op != ops[0]) {
        reply_.supported = ops;
        return refuse(Reason::unknown_op, "op", "left out: admit has one op");
    }
    return true;
}

bool Admit::read_parts(Request& request, const Occasion& occasion) {
    for (const Type& type : types()) {
        const Value* value = request.own.take(type.name);
        if (value != nullptr && !read_type(type, *value, request, occasion)) {
            return false;
        }
    }
    if (used_ == 0) {
        return refuse(Reason::missing_field, "quota",
                      "a map; or another part: entitlement, subscription, compliance, billing");
    }
    // The parts' ignored keys come behind the request's own.
    const std::size_t from_parts = reply_.ignored.count;
    Fields::Ignored ignored;
    request.own.find_ignored(ignored);
    for (std::size_t at = 0; at < from_parts && ignored.count < ignored.names.size(); ++at) {
        ignored.names[ignored.count++] = reply_.ignored.names[at];
    }
    reply_.ignored = ignored;
    return true;
}

bool Admit::read_type(const Type& type, const Value& value, const Request& request,
                      const Occasion& occasion) {
    const bool is_array = type.many && value.is(Kind::array);
    const std::size_t count = is_array ? value.count : 1;
    if ((!is_array && !value.is(Kind::map)) || count == 0 || count > parts_of_type_max) {
        return refuse(Reason::bad_field, type.name,
                      type.many ? "a map, or an array of 1 to 8 maps" : "a map");
    }
    const Value* map = is_array ? value.first_child() : &value;
    for (std::size_t index = 0; index < count; ++index, map = map->next_sibling()) {
        Line& line = next_line();
        line.type = &type;
        line.index = index;
        line.in_array = is_array;
        if (!map->is(Kind::map)) {
            return refuse(Reason::bad_field, type.name, "an array of 1 to 8 maps");
        }
        if (!read_line(line, *map, request, occasion)) {
            return false;
        }
    }
    return true;
}

Admit::Line& Admit::next_line() {
    if (used_ == lines_.size()) {
        lines_.emplace_back();
    }
    return lines_[used_++];
}

bool Admit::read_line(Line& line, const Value& map, const Request& request,
                      const Occasion& occasion) {
    fields_.fill(map);
    std::string_view name = "main";
    FieldReader reader(fields_, occasion.encoding);
    reader.text("governor", 1, name_bytes_max, name);
    if (const Fault& fault = reader.fault()) {
        return refuse_at(line, fault.reason, fault.field, fault.expected);
    }
    line.governor = registry_.find(line.type->name, name);
    if (line.governor == nullptr) {
        return refuse_at(line, Reason::unknown_governor, "governor",
                         "the name of a governor of this type");
    }
    if (line.governor->standing().down) {
        return refuse_at(line, Reason::governor_down, "governor", "");
    }
    const Rules& rules = line.governor->rules();
    if (!request.id.present() && rules.requires_id(rules.admit_op())) {
        const Fault fault = missing_id();
        return refuse(fault.reason, fault.field, fault.expected);
    }
    if (!line.type->forbidden.empty() && fields_.take(line.type->forbidden) != nullptr) {
        return refuse_at(line, Reason::bad_field, line.type->forbidden,
                         "left out: an admit grants all or nothing");
    }
    line.part.tenant_name = reply_.tenant;
    line.part.dry_run = request.dry_run;
    line.part.seq = 0;  // the line may have been another admit's
    if (const Fault fault = line.governor->read_part(line.part, fields_, occasion.encoding)) {
        return refuse_at(line, fault.reason, fault.field, fault.expected);
    }
    note_ignored(line);
    return true;
}

void Admit::note_ignored(const Line& line) {
    Fields::Ignored ignored;
    fields_.find_ignored(ignored);
    for (std::size_t at = 0; at < ignored.count; ++at) {
        Fields::Ignored& all = reply_.ignored;
        if (all.count == all.names.size()) {
            return;
        }
        std::string& path = ignored_paths_[all.count];
        path.assign(line.type->name).append(".").append(ignored.names[at]);
        all.names[all.count++] = path;
    }
}

bool Admit::find_places(const Occasion& occasion) {
    for (std::size_t at = 0; at < used_; ++at) {
        Line& line = lines_[at];
        const Reason reason = line.governor->find_part_place(line.part, occasion);
        if (reason != Reason::none) {
            return refuse_at(line, reason, "tenant",
                             "a tenant that this governor knows; it has no room for another "
                             "(max_tenants)");
        }
    }
    return true;
}

void Admit::judge(const Request& request, const Occasion& occasion) {
    if (judge_lines(occasion)) {
        conclude(request, occasion);
    }
}

// All of it or nothing: no memory for the rest ends the process.
void Admit::conclude(const Request& request, const Occasion& occasion) noexcept {
    const bool denied = denier_ != nullptr;
    const bool came = enrolled_somebody();
    if (denied) {
        take_back(judged_, reply_.dry_run);
    } else {
        undo_after_write_ = reply_.dry_run;
    }
    if (!reply_.dry_run) {
        for (std::size_t at = 0; at < judged_; ++at) {
            Line& line = lines_[at];
            if (!denied) {
                line.governor->keep(line.part, occasion);
            } else if (&line == denier_) {
                line.governor->keep_denial(line.part, occasion);
            }
        }
    }
    if (came) {
        find_tenants_again();
    }
    settle(request, occasion);
}

bool Admit::enrolled_somebody() const {
    const auto enrolled = [](const Line& line) { return line.part.enrolled; };
    return std::any_of(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(judged_),
                       enrolled);
}

// Parts judged before the one that enrolled knew nobody, those behind it may know somebody who has
// been sent away again; all of them are to show the same levels.
void Admit::find_tenants_again() {
    for (std::size_t at = 0; at < judged_; ++at) {
        Part& part = lines_[at].part;
        part.tenant = lines_[at].governor->find_tenant(part.tenant_name);
    }
}

// False: the whole is an error, and nothing of it has stayed.
bool Admit::judge_lines(const Occasion& occasion) {
    for (judged_ = 0; judged_ < used_ && denier_ == nullptr;) {
        Line& line = lines_[judged_];
        // The supervisor's edge, as for a single request.
        try {
            supervisor_.check_fault(*line.governor);
            line.governor->judge_part(line.part, occasion);
        } catch (const std::bad_alloc&) {  // found out before the part has changed anything
            take_back(judged_, true);
            reply_.retry_after_ms = memory_retry.count();
            return refuse(Reason::overloaded, "", "");
        } catch (const std::exception& failure) {
            take_back(judged_, true);
            supervisor_.failed(*line.governor, failure.what(), occasion.now);
            return refuse_at(line, Reason::governor_down, "governor", "");
        }
        ++judged_;
        const Judgement& judgement = line.part.judgement;
        if (judgement.verdict == Verdict::error) {
            take_back(judged_, true);
            return refuse_at(line, judgement.reason, judgement.field, judgement.expected);
        }
        if (line.part.denies()) {
            denier_ = &line;
        }
    }
    return true;
}

// The last first: two parts may have changed the same counter.
void Admit::take_back(std::size_t count, bool with_denier) {
    for (std::size_t at = count; at-- > 0;) {
        Line& line = lines_[at];
        if (with_denier || &line != denier_) {
            line.governor->take_back(line.part);
        }
    }
}

void Admit::settle(const Request& request, const Occasion& occasion) {
    take_number();
    reply_.seq = seq();
    reply_.at = occasion.now;
    reply_.verdict = denier_ == nullptr ? Verdict::allow : Verdict::deny;
    if (denier_ != nullptr) {
        const Judgement& judgement = denier_->part.judgement;
        reply_.reason = judgement.reason;
        reply_.retry_after_ms = judgement.retry_after_ms;
        reply_.policy_rev = denier_->governor->policy_rev();
    }
    if (request.dry_run) {
        return;
    }
    ++(denier_ == nullptr ? counts_.allow : counts_.deny);
    if (id_key_ != 0 && !reply_.retry_after_ms) {
        remember({.key = id_key_,
                  .fingerprint = fingerprint(),
                  .seq = seq(),
                  .at = occasion.now,
                  .outcome = {reply_.verdict, reply_.reason, false},
                  .granted = std::nullopt});
    }
}

void Admit::write_lines(Writer& writer, Instant now) const {
    const std::size_t count = from_memory_ ? used_ : judged_;
    for (std::size_t at = 0; at < count; ++at) {
        const Line& line = lines_[at];
        if (line.index == 0) {
            writer.key(line.type->name);
            if (line.in_array) {
                writer.begin_array();
            }
        }
        writer.begin_map();
        line.governor->write_part(writer, line.part, now, from_memory_);
        writer.end_map();
        const bool last = at + 1 == count || lines_[at + 1].type != line.type;
        if (line.in_array && last) {
            writer.end_array();
        }
    }
}

std::size_t Admit::memory_bytes() const {
    std::size_t bytes = sizeof(*this) + ids_.memory_bytes() + lines_.capacity() * sizeof(Line);
    for (const Line& line : lines_) {
        bytes += line.part.effect.memory_bytes() - sizeof(Effect);
    }
    return bytes;
}

}  // namespace flyball
