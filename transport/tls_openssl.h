#pragma once
// OpenSSL's things with an owner, its times and numbers as values. Only for the sources that call
// OpenSSL (transport/tls_*.cpp, fleet/pki/signing.cpp): their headers name none of it. Any thread.

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "schemas/time.h"

namespace flyball::tls {

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* thing) const {
        Free(thing);
    }
};
using Bio = std::unique_ptr<BIO, Freed<&BIO_free_all>>;
using BigNumber = std::unique_ptr<BIGNUM, Freed<&BN_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Freed<&ASN1_INTEGER_free>>;
using Time = std::unique_ptr<ASN1_TIME, Freed<&ASN1_TIME_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<&X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Freed<&X509_CRL_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<&GENERAL_NAMES_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<&SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<&SSL_free>>;

Bio memory(std::string_view text);  // to read from; `text` outlives it

// Neither by way of time_t, which ends in 2038 on 32-bit devices; authorities do not. Whole
// seconds; null when the year has no four digits.
Instant instant_of(const ASN1_TIME* time);
Time time_of(Instant at);

std::string hex_of(const ASN1_INTEGER* number);  // lower case
Integer integer_of(const std::string& hex);
// The first entry of the kind `nid`, as UTF-8; empty: none.
std::string entry_text(const X509_NAME* name, int nid);

}  // namespace flyball::tls
