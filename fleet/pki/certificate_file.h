#pragma once
// One certificate of a fleet's folder as a file has it, and whom it is for. Bounded by what
// read_small_file() takes. Any thread.

#include <array>
#include <string>

#include "fleet/pki/folder.h"

namespace flyball {

// Those that an authority gives certificates.
inline constexpr std::array holder_roles{Role::broker, Role::node, Role::app, Role::operation};

struct CertificateFile {
    std::string pem;
    Certificate facts;  // of the first in it
};
// ErrorCode of whatever keeps it from being read, with its path.
Result<CertificateFile> read_certificate_file(const std::string& path);
Holder holder_of(Role role, const Certificate& certificate);

}  // namespace flyball
