// The half of Admit that is about what it keeps of its own, numbers and ids: looked up, told, and
// put in place again. What its parts changed their governors tell.

#include <algorithm>

#include "governors/keyed_hash.h"
#include "node/admit.h"

namespace flyball {

namespace {

// Stored with remembered ids.
constexpr std::uint64_t content_seed = 0x61646d6974636e74;
constexpr Span disk_retry{1000};  // when the keeper tries the disk again at the earliest

}  // namespace

std::uint32_t Admit::fingerprint() const {
    std::array<std::uint64_t, 3> words{content_seed, 0, 0};
    for (std::size_t at = 0; at < used_; ++at) {
        const Line& line = lines_[at];
        words[1] = keyed_hash(line.governor->title(), content_seed);
        words[2] = flyball::fingerprint(line.part.command);
        words[0] =
            keyed_hash({reinterpret_cast<const char*>(words.data()), sizeof(words)}, content_seed);
    }
    return static_cast<std::uint32_t>(words[0] ^ words[0] >> 32);
}

// A repeated id, and whether a new one could be remembered at all.
bool Admit::check_memory(const Request& request, const Occasion& occasion) {
    const auto looks = [](const Line& line) { return line.part.command.look; };
    const auto end = lines_.begin() + static_cast<std::ptrdiff_t>(used_);
    id_key_ = 0;
    if (!occasion.shows) {
        reply_.retry_after_ms = disk_retry.count();
        return refuse(Reason::overloaded, "", "");
    }
    if (!request.id.present() || request.dry_run || std::all_of(lines_.begin(), end, looks)) {
        return true;
    }
    id_key_ = ids_.key_of(reply_.tenant, request.id);
    if (const auto remembered = ids_.find(id_key_)) {
        if (remembered->fingerprint != fingerprint()) {
            return refuse(Reason::id_reused, "id", "an id that no other request has used");
        }
        reply_.verdict = remembered->outcome.verdict;
        reply_.reason = remembered->outcome.reason;
        reply_.seq = remembered->seq;
        reply_.at = occasion.now;
        reply_.replayed = true;
        from_memory_ = true;
        ++counts_.replayed;
        return false;
    }
    if (const auto wait = ids_.must_wait(occasion.now)) {
        reply_.retry_after_ms = wait->count();
        return refuse(Reason::overloaded, "id", "");
    }
    ids_.make_room();
    return true;
}

// Nothing is decided that could be lost.
bool Admit::check_keeping(const Request& request, const Occasion& occasion) {
    if (occasion.keeps || request.dry_run) {
        return true;
    }
    reply_.retry_after_ms = disk_retry.count();
    return refuse(Reason::overloaded, "", "");
}

void Admit::take_number() {
    if (numbers_.take()) {
        reserve();
    }
}

void Admit::reserve() {
    const std::uint64_t until = numbers_.renew();
    if (changes_ != nullptr) {
        changes_->note(Change{.kind = Change::Kind::reserved, .governor = title, .seq = until});
    }
}

void Admit::remember(const RememberedId& id) {
    const std::uint32_t tag = ids_.tenant_tag(reply_.tenant);
    ids_.add(id, tag);
    if (changes_ != nullptr) {
        changes_->note(Change{.governor = title,
                              .tenant = reply_.tenant,
                              .seq = id.seq,
                              .at = id.at,
                              .outcome = id.outcome,
                              .id = &id,
                              .id_tag = tag});
    }
}

void Admit::each_change(const std::function<void(const Change&)>& visit) const {
    visit({.kind = Change::Kind::reserved, .governor = title, .seq = numbers_.reserved()});
    ids_.walk([&](const RememberedId& id, std::uint32_t tag) {
        visit({.governor = title,
               .seq = id.seq,
               .at = id.at,
               .outcome = id.outcome,
               .id = &id,
               .id_tag = tag});
    });
    visit({.governor = title, .seq = numbers_.last()});
}

void Admit::apply(const Change& change) {
    if (change.kind == Change::Kind::reserved) {
        numbers_.seen_reserved(change.seq);
        return;
    }
    numbers_.seen(change.seq);
    if (change.id != nullptr) {
        ids_.add(*change.id, change.id_tag);
    }
}

}  // namespace flyball
