#include "schemas/value.h"

namespace flyball {

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::null: return "null";
        case Kind::boolean: return "boolean";
        case Kind::integer: return "integer";
        case Kind::unsigned_integer: return "unsigned integer";
        case Kind::real: return "real number";
        case Kind::text: return "text";
        case Kind::binary: return "binary";
        case Kind::extension: return "extension";
        case Kind::array: return "array";
        case Kind::map: return "map";
    }
    return "";
}

}  // namespace flyball
