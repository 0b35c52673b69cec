#include "core/link/credentials.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_certificate_verifier.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace cairn {
namespace {

constexpr unsigned kRefreshSeconds = 10;

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
using StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using StoreContextPtr =
    std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

absl::Status Bad(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

absl::StatusOr<X509Ptr> ReadCertificate(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const std::string pem, ReadFile(path));
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return Bad(path, "holds no PEM certificate");
  return certificate;
}

absl::StatusOr<KeyPtr> ReadKey(const std::string& path) {
  CAIRN_RETURN_IF_ERROR(CheckSecretFile(path));
  CAIRN_ASSIGN_OR_RETURN(const std::string pem, ReadFile(path));
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (key == nullptr) return Bad(path, "holds no PEM private key");
  return key;
}

std::vector<std::string> UriNames(X509* certificate) {
  std::vector<std::string> uris;
  NamesPtr names(static_cast<GENERAL_NAMES*>(
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

absl::Status CheckChain(X509* certificate, const v1::Credentials& files) {
  CAIRN_ASSIGN_OR_RETURN(X509Ptr authority, ReadCertificate(files.authority()));
  StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), authority.get());
  StoreContextPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr);
  const bool good = X509_verify_cert(context.get()) == 1;
  const int code = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (good) return absl::OkStatus();
  return Bad(files.certificate(),
             absl::StrCat("not accepted by ", files.authority(), ": ",
                          X509_verify_cert_error_string(code)));
}

struct PemFiles {
  std::string authority, key, certificate;
};

absl::Status CheckFiles(const v1::Credentials& files) {
  return CheckCredentials(files).status();
}

std::shared_ptr<grpc::experimental::CertificateProviderInterface> Watch(
    const v1::Credentials& files) {
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      files.key(), files.certificate(), files.authority(), kRefreshSeconds);
}

// Accepts the coordinator of our own partnership, by its URI name and nothing
// else.
class CoordinatorVerifier
    : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit CoordinatorVerifier(std::string partnership)
      : partnership_(std::move(partnership)) {}

  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const auto uris = request->uri_names();
    if (uris.size() == 1) {
      auto identity =
          ParseIdentity(std::string(uris[0].data(), uris[0].size()));
      if (identity.ok() && identity->role == "coordinator" &&
          identity->partnership == partnership_) {
        *sync_status = grpc::Status::OK;
        return true;
      }
    }
    *sync_status =
        grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                     "the server is not this partnership's coordinator");
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {
  }

 private:
  const std::string partnership_;
};

}  // namespace

absl::StatusOr<PeerIdentity> ParseIdentity(const std::string& uri) {
  absl::string_view rest = uri;
  const absl::Status bad = absl::InvalidArgumentError(absl::StrCat(
      "the certificate's URI name is not spiffe://PARTNERSHIP/ROLE/ID"));
  if (!absl::ConsumePrefix(&rest, "spiffe://") || uri.size() > 200) return bad;
  const std::vector<std::string> parts = absl::StrSplit(rest, '/');
  for (const std::string& part : parts) {
    if (part.empty()) return bad;
    for (const char c : part) {
      if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-' &&
          c != '_' && c != '.') {
        return bad;
      }
    }
  }
  if (parts.size() == 2 && parts[1] == "coordinator") {
    return PeerIdentity{parts[0], parts[1], ""};
  }
  if (parts.size() != 3 || parts[1] == "coordinator") return bad;
  return PeerIdentity{parts[0], parts[1], parts[2]};
}

absl::StatusOr<PeerIdentity> CheckCredentials(const v1::Credentials& files) {
  CAIRN_ASSIGN_OR_RETURN(const KeyPtr key, ReadKey(files.key()));
  CAIRN_ASSIGN_OR_RETURN(const X509Ptr certificate,
                         ReadCertificate(files.certificate()));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return Bad(files.key(), absl::StrCat("does not belong to the certificate ",
                                         files.certificate()));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    return Bad(files.certificate(), "has expired; ask for a new one");
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate.get())) > 0) {
    return Bad(files.certificate(), "is not valid yet; check this clock");
  }
  CAIRN_RETURN_IF_ERROR(CheckChain(certificate.get(), files));
  const std::vector<std::string> uris = UriNames(certificate.get());
  if (uris.size() != 1) {
    return Bad(
        files.certificate(),
        absl::StrCat("has ", uris.size(), " URI names; it must have one"));
  }
  auto identity = ParseIdentity(uris[0]);
  if (!identity.ok()) {
    return Bad(files.certificate(), identity.status().message());
  }
  return identity;
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::Credentials& files) {
  CAIRN_RETURN_IF_ERROR(CheckFiles(files));
  grpc::experimental::TlsServerCredentialsOptions options(Watch(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>
MakeChannelCredentials(const v1::Credentials& files) {
  CAIRN_ASSIGN_OR_RETURN(const PeerIdentity own, CheckCredentials(files));
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watch(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_check_call_host(false);
  options.set_verify_server_certs(true);
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<
          CoordinatorVerifier>(own.partnership));
  return grpc::experimental::TlsCredentials(options);
}

absl::StatusOr<PeerIdentity> IdentifyPeer(
    const grpc::AuthContext& context, const std::string& partnership,
    const std::vector<std::string>& roles) {
  // Names of type URI only: a DNS or mail name that looks like one does not
  // count.
  std::vector<std::string> uris;
  for (const auto& name :
       context.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    uris.emplace_back(name.data(), name.size());
  }
  if (uris.size() != 1) {
    return absl::UnauthenticatedError(
        "the certificate does not carry exactly one URI name");
  }
  auto identity = ParseIdentity(uris[0]);
  if (!identity.ok()) {
    return absl::UnauthenticatedError(identity.status().message());
  }
  if (identity->partnership != partnership) {
    return absl::PermissionDeniedError(
        "the certificate is of another partnership");
  }
  if (std::find(roles.begin(), roles.end(), identity->role) == roles.end()) {
    return absl::PermissionDeniedError(absl::StrCat(
        "a certificate of role ", identity->role,
        " may not make this call; it is for: ", absl::StrJoin(roles, ", ")));
  }
  return identity;
}

}  // namespace cairn
