#include "governors/compliance_attributes.h"

#include <algorithm>

#include "schemas/expects.h"
#include "schemas/msgpack_form.h"
#include "schemas/short_text.h"

namespace flyball {

namespace {

// What is hashed goes to the hash in pieces, so that the buffer stays small.
constexpr std::size_t piece_bytes = 4096;

// Most names differ in their first byte.
bool comes_before(std::string_view a, std::string_view b) {
    if (!a.empty() && !b.empty() && a[0] != b[0]) {
        return static_cast<unsigned char>(a[0]) < static_cast<unsigned char>(b[0]);
    }
    return a < b;
}

void append(ByteBuffer& out, const Value& value) {
    if (value.is(Kind::boolean)) {
        out.push_back(msgpack_form::boolean(value.boolean));
    } else if (value.is(Kind::integer)) {
        msgpack_form::append_integer(out, value.integer);
    } else {
        msgpack_form::append_text(out, value.text());
    }
}

}  // namespace

ComplianceAttributes::ComplianceAttributes(const Value* map) {
    if (map == nullptr) {
        return;
    }
    expects(map->count <= attributes_max, "attributes were counted when they were read");
    const Value* key = map->first_child();
    for (; size_ < map->count; ++size_) {
        names_[size_] = key;
        key = key->next_sibling()->next_sibling();
    }
    std::sort(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(size_),
              [](const Value* a, const Value* b) { return comes_before(a->text(), b->text()); });
}

const Value* ComplianceAttributes::find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(all(), name, comes_before, &Value::text);
    const bool there = found != all().end() && same_text((*found)->text(), name);
    return there ? (*found)->next_sibling() : nullptr;
}

Sha256 ComplianceAttributes::hash(Hasher& hasher, const Salt& salt, ByteBuffer& scratch) const {
    hasher.start().add(salt);
    scratch.clear();
    const auto header = msgpack_form::container(true, static_cast<std::uint32_t>(size_));
    scratch.append({header.bytes, header.size});
    for (const Value* name : all()) {
        msgpack_form::append_text(scratch, name->text());
        append(scratch, *name->next_sibling());
        if (scratch.size() >= piece_bytes) {
            hasher.add(scratch.bytes());
            scratch.clear();
        }
    }
    return hasher.add(scratch.bytes()).finish();
}

}  // namespace flyball
