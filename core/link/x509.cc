#include "core/link/x509.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr size_t kMaxPemBytes = 64 << 10;
constexpr size_t kMaxChain = 8;
constexpr size_t kSerialBytes = 15;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using StoreContextPtr =
    std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using ExtensionPtr =
    std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freer<BN_free>>;
struct StackFreer {
  void operator()(STACK_OF(X509) * stack) const {
    sk_X509_pop_free(stack, X509_free);
  }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFreer>;

absl::Status Bad(absl::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(what);
}

absl::Status Failed() {
  ERR_clear_error();
  return absl::InternalError("OpenSSL could not make a certificate");
}

Bio Reading(absl::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string TextOf(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<size_t>(size)};
}

// All certificates of a text, at most kMaxChain.
absl::StatusOr<std::vector<X509Ptr>> ReadAll(absl::string_view pem) {
  if (pem.size() > kMaxPemBytes) return Bad("is too long for certificates");
  std::vector<X509Ptr> all;
  const Bio bio = Reading(pem);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    all.emplace_back(next);
    if (all.size() > kMaxChain) return Bad("holds too many certificates");
  }
  if (all.empty()) return Bad("holds no PEM certificate");
  ERR_clear_error();
  return all;
}

absl::StatusOr<KeyPtr> ReadKey(absl::string_view pem) {
  const Bio bio = Reading(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return Bad("holds no PEM private key");
  return key;
}

absl::StatusOr<RequestPtr> ReadRequest(absl::string_view pem) {
  if (pem.size() > kMaxPemBytes) return Bad("the request is too long");
  const Bio bio = Reading(pem);
  RequestPtr request(
      PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (request == nullptr) return Bad("this is no certificate request");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  char curve[32] = "";
  size_t size = 0;
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key, curve, sizeof(curve), &size) != 1 ||
      absl::string_view(curve, size) != SN_X9_62_prime256v1) {
    return Bad("the request is not for a key of the curve P-256");
  }
  // RFC 5480, section 2.1.1: a curve has a name. A certificate for a key that
  // spells its curve out would be refused by everybody it is shown to.
  int spelled_out = 0;
  if (EVP_PKEY_get_int_param(key,
                             OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &spelled_out) != 1 ||
      spelled_out != 0) {
    return Bad("the request does not name the curve P-256 but spells it out");
  }
  if (X509_REQ_verify(request.get(), key) != 1) {
    return Bad("the request is not signed with the key it is for");
  }
  return request;
}

std::string PinOf(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = key == nullptr ? 0 : i2d_PUBKEY(key, &der);
  if (size <= 0) return "";
  const std::string pin =
      Sha256({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return pin;
}

std::vector<std::string> UriNames(X509* certificate) {
  std::vector<std::string> uris;
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_STRING* text = name->d.uniformResourceIdentifier;
    uris.emplace_back(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
        static_cast<size_t>(ASN1_STRING_length(text)));
  }
  return uris;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string PemOf(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return TextOf(bio.get());
}

bool AddExtension(X509* certificate, X509* issuer, int nid,
                  const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr &&
         X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Of 120 random bits.
bool SetSerial(X509* certificate) {
  const std::string bytes = RandomBytes(kSerialBytes);
  const NumberPtr number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                static_cast<int>(bytes.size()), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) !=
             nullptr;
}

bool Fill(X509* certificate, X509* issuer, EVP_PKEY* key,
          const std::string& uri, absl::Time from, absl::Time until) {
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         SetSerial(certificate) &&
         X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) ==
             1 &&
         X509_NAME_add_entry_by_txt(
             X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
             reinterpret_cast<const unsigned char*>("cairn"), -1, -1, 0) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(from)) !=
             nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(until)) !=
             nullptr &&
         X509_set_pubkey(certificate, key) == 1 &&
         AddExtension(certificate, issuer, NID_basic_constraints,
                      "critical,CA:FALSE") &&
         AddExtension(certificate, issuer, NID_key_usage,
                      "critical,digitalSignature") &&
         AddExtension(certificate, issuer, NID_ext_key_usage, "clientAuth") &&
         AddExtension(certificate, issuer, NID_subject_alt_name,
                      absl::StrCat("URI:", uri)) &&
         AddExtension(certificate, issuer, NID_subject_key_identifier,
                      "hash") &&
         AddExtension(certificate, issuer, NID_authority_key_identifier,
                      "keyid");
}

}  // namespace

absl::StatusOr<CertificateFacts> ReadCertificate(absl::string_view pem) {
  CAIRN_ASSIGN_OR_RETURN(const auto all, ReadAll(pem));
  X509* const first = all.front().get();
  return CertificateFacts{UriNames(first), PinOf(X509_get0_pubkey(first)),
                          TimeOf(X509_get0_notBefore(first)),
                          TimeOf(X509_get0_notAfter(first))};
}

absl::Status CheckKeyBelongs(absl::string_view key_pem,
                             absl::string_view certificate_pem) {
  CAIRN_ASSIGN_OR_RETURN(const KeyPtr key, ReadKey(key_pem));
  CAIRN_ASSIGN_OR_RETURN(const auto all, ReadAll(certificate_pem));
  if (X509_check_private_key(all.front().get(), key.get()) == 1) {
    return absl::OkStatus();
  }
  return Bad("does not belong to the certificate");
}

absl::Status CheckChain(absl::string_view chain, absl::string_view authority,
                        Side side) {
  CAIRN_ASSIGN_OR_RETURN(auto shown, ReadAll(chain));
  CAIRN_ASSIGN_OR_RETURN(const auto roots, ReadAll(authority));
  const StorePtr store(X509_STORE_new());
  for (const X509Ptr& root : roots) {
    X509_STORE_add_cert(store.get(), root.get());
  }
  const StackPtr between(sk_X509_new_null());
  for (size_t i = 1; i < shown.size(); ++i) {
    sk_X509_push(between.get(), shown[i].release());
  }
  const StoreContextPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), shown.front().get(),
                      between.get());
  X509_STORE_CTX_set_default(
      context.get(), side == Side::kClient ? "ssl_client" : "ssl_server");
  const bool good = X509_verify_cert(context.get()) == 1;
  const int code = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (good) return absl::OkStatus();
  return Bad(X509_verify_cert_error_string(code));
}

absl::StatusOr<std::string> FindByPin(absl::string_view chain,
                                      absl::string_view pin) {
  CAIRN_ASSIGN_OR_RETURN(const auto all, ReadAll(chain));
  for (const X509Ptr& one : all) {
    if (PinOf(X509_get0_pubkey(one.get())) == pin) return PemOf(one.get());
  }
  return absl::NotFoundError("no certificate has that key");
}

absl::StatusOr<std::string> MakeKey() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const Bio bio(BIO_new(BIO_s_mem()));
  if (key == nullptr ||
      PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0,
                               nullptr, nullptr) != 1) {
    return Failed();
  }
  return TextOf(bio.get());
}

absl::StatusOr<std::string> MakeRequest(absl::string_view key_pem) {
  CAIRN_ASSIGN_OR_RETURN(const KeyPtr key, ReadKey(key_pem));
  const RequestPtr request(X509_REQ_new());
  const Bio bio(BIO_new(BIO_s_mem()));
  if (request == nullptr || X509_REQ_set_version(request.get(), 0) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
    return Failed();
  }
  return TextOf(bio.get());
}

absl::StatusOr<std::string> PinOfRequest(absl::string_view request) {
  CAIRN_ASSIGN_OR_RETURN(const RequestPtr read, ReadRequest(request));
  return PinOf(X509_REQ_get0_pubkey(read.get()));
}

absl::StatusOr<std::string> IssueCertificate(const Issuer& issuer,
                                             absl::string_view request,
                                             const std::string& uri,
                                             absl::Time from,
                                             absl::Time until) {
  CAIRN_ASSIGN_OR_RETURN(const RequestPtr read, ReadRequest(request));
  CAIRN_ASSIGN_OR_RETURN(const auto chain, ReadAll(issuer.certificate));
  CAIRN_ASSIGN_OR_RETURN(const KeyPtr key, ReadKey(issuer.key));
  X509* const signer = chain.front().get();
  if (TimeOf(X509_get0_notAfter(signer)) < until) {
    return absl::FailedPreconditionError(
        "the certificate of the coordinator's issuing authority ends too soon; "
        "make a new one");
  }
  const X509Ptr certificate(X509_new());
  if (certificate == nullptr ||
      !Fill(certificate.get(), signer, X509_REQ_get0_pubkey(read.get()), uri,
            from, until) ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) <= 0) {
    return Failed();
  }
  std::string pem = PemOf(certificate.get());
  for (const X509Ptr& one : chain) absl::StrAppend(&pem, PemOf(one.get()));
  return pem;
}

}  // namespace cairn
