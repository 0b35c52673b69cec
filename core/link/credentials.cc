#include "core/link/credentials.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"
#include "core/link/x509.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_certificate_verifier.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace cairn {
namespace {

constexpr unsigned kRefreshSeconds = 10;
constexpr char kCoordinator[] = "coordinator";

absl::Status Bad(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

// With the file's name before its words.
absl::Status Named(const std::string& path, const absl::Status& status) {
  return status.ok() ? status : Bad(path, status.message());
}

struct Pem {
  std::string key, certificate, authority;
  PeerIdentity identity;
};

// Reads the three files, once, and checks what was read.
absl::StatusOr<Pem> ReadCredentials(const v1::Credentials& files) {
  Pem pem;
  CAIRN_RETURN_IF_ERROR(CheckSecretFile(files.key()));
  CAIRN_ASSIGN_OR_RETURN(pem.key, ReadFile(files.key()));
  CAIRN_ASSIGN_OR_RETURN(pem.certificate, ReadFile(files.certificate()));
  CAIRN_ASSIGN_OR_RETURN(pem.authority, ReadFile(files.authority()));
  const auto facts = ReadCertificate(pem.certificate);
  CAIRN_RETURN_IF_ERROR(Named(files.certificate(), facts.status()));
  const absl::Status fits = CheckKeyBelongs(pem.key, pem.certificate);
  if (!fits.ok()) {
    return Bad(files.key(),
               absl::StrCat(fits.message(), " (", files.certificate(), ")"));
  }
  const absl::Time now = absl::Now();
  if (now > facts->not_after) {
    return Bad(files.certificate(),
               absl::StrCat("has expired on ", FormatUtc(facts->not_after),
                            "; ask for a new one"));
  }
  if (now < facts->not_before) {
    return Bad(files.certificate(), absl::StrCat("is not valid before ",
                                                 FormatUtc(facts->not_before),
                                                 "; check this clock"));
  }
  if (facts->uris.size() != 1) {
    return Bad(files.certificate(), absl::StrCat("has ", facts->uris.size(),
                                                 " URI names; it must have "
                                                 "one"));
  }
  auto identity = ParseIdentity(facts->uris[0]);
  CAIRN_RETURN_IF_ERROR(Named(files.certificate(), identity.status()));
  pem.identity = *std::move(identity);
  const absl::Status comes = CheckChain(
      pem.certificate, pem.authority,
      pem.identity.role == kCoordinator ? Side::kServer : Side::kClient);
  if (!comes.ok()) {
    return Bad(files.certificate(),
               absl::StrCat("not accepted by ", files.authority(), ": ",
                            comes.message()));
  }
  return pem;
}

// Lets a server's side decide about whoever connects.
class CallerVerifier : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit CallerVerifier(AdmitPeer admit) : admit_(std::move(admit)) {}

  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    // At a server the chain does not repeat the caller's own.
    const auto own = request->peer_cert();
    const auto rest = request->peer_cert_full_chain();
    const absl::Status admitted =
        admit_(absl::StrCat(absl::string_view(own.data(), own.size()),
                            absl::string_view(rest.data(), rest.size())));
    *sync_status = admitted.ok()
                       ? grpc::Status::OK
                       : grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                      std::string(admitted.message()));
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {
  }

 private:
  const AdmitPeer admit_;
};

// At first contact: the chain must end in the key that the code names, and be a
// coordinator's of this partnership.
class PinnedVerifier : public grpc::experimental::ExternalCertificateVerifier {
 public:
  PinnedVerifier(std::string pin, std::string partnership,
                 std::shared_ptr<FirstContact> seen)
      : pin_(std::move(pin)),
        partnership_(std::move(partnership)),
        seen_(std::move(seen)) {}

  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const auto shown = request->peer_cert_full_chain();
    MutexLock lock(&seen_->mutex);
    const absl::Status good = Look({shown.data(), shown.size()});
    seen_->refusal = std::string(good.message());
    *sync_status = good.ok() ? grpc::Status::OK
                             : grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                            seen_->refusal);
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {
  }

 private:
  absl::Status Look(const std::string& chain)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(seen_->mutex) {
    const auto authority = FindByPin(chain, pin_);
    if (!authority.ok()) {
      return absl::UnauthenticatedError(
          "the server is not the one that this code was made for");
    }
    const absl::Status comes = CheckChain(chain, *authority, Side::kServer);
    if (!comes.ok()) {
      return absl::UnauthenticatedError(absl::StrCat(
          "the server's certificate does not hold: ", comes.message()));
    }
    CAIRN_ASSIGN_OR_RETURN(const CertificateFacts facts,
                           ReadCertificate(chain));
    const auto identity =
        ParseIdentity(facts.uris.size() == 1 ? facts.uris[0] : std::string());
    if (!identity.ok() || identity->role != kCoordinator ||
        identity->partnership != partnership_) {
      return absl::UnauthenticatedError(
          absl::StrCat("the server is not the coordinator of ", partnership_));
    }
    seen_->authority = *authority;
    seen_->key_pin = facts.key_pin;
    return absl::OkStatus();
  }

  const std::string pin_;
  const std::string partnership_;
  const std::shared_ptr<FirstContact> seen_;
};

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
      if (identity.ok() && identity->role == kCoordinator &&
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
  if (parts.size() == 2 && parts[1] == kCoordinator) {
    return PeerIdentity{parts[0], parts[1], ""};
  }
  if (parts.size() != 3 || parts[1] == kCoordinator) return bad;
  return PeerIdentity{parts[0], parts[1], parts[2]};
}

absl::StatusOr<PeerIdentity> CheckCredentials(const v1::Credentials& files) {
  CAIRN_ASSIGN_OR_RETURN(Pem pem, ReadCredentials(files));
  return std::move(pem.identity);
}

absl::StatusOr<Peer> VerifyPeer(const std::string& chain,
                                const std::string& authority,
                                const std::string& partnership) {
  if (chain.empty()) {
    return absl::UnauthenticatedError("it showed no certificate");
  }
  const absl::Status comes = CheckChain(chain, authority, Side::kClient);
  if (!comes.ok()) {
    return absl::UnauthenticatedError(absl::StrCat(
        "the partnership's authority does not vouch for the certificate: ",
        comes.message()));
  }
  return IdentifyPeer(chain, partnership);
}

absl::StatusOr<Peer> IdentifyPeer(const std::string& chain,
                                  const std::string& partnership) {
  const auto facts = ReadCertificate(chain);
  if (!facts.ok()) {
    return absl::UnauthenticatedError(
        absl::StrCat("what it showed ", facts.status().message()));
  }
  // Names of type URI only: a DNS or mail name that looks like one does not
  // count.
  if (facts->uris.size() != 1) {
    return absl::UnauthenticatedError(
        absl::StrCat("the certificate has ", facts->uris.size(),
                     " URI names; it must have one"));
  }
  auto identity = ParseIdentity(facts->uris[0]);
  if (!identity.ok()) {
    return absl::UnauthenticatedError(identity.status().message());
  }
  if (identity->partnership != partnership) {
    return absl::PermissionDeniedError(
        "the certificate is of another partnership");
  }
  return Peer{*std::move(identity), facts->uris[0], facts->key_pin,
              facts->not_after};
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::Credentials& files, AdmitPeer admit) {
  CAIRN_RETURN_IF_ERROR(ReadCredentials(files).status());
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          files.key(), files.certificate(), files.authority(),
          kRefreshSeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(
      GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<CallerVerifier>(
          std::move(admit)));
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>>
MakeEnrolmentServerCredentials(const v1::Credentials& files) {
  CAIRN_ASSIGN_OR_RETURN(const Pem pem, ReadCredentials(files));
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
          std::vector<grpc::experimental::IdentityKeyCertPair>{
              {pem.key, absl::StrCat(pem.certificate, pem.authority)}}));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> MakeEnrolmentChannelCredentials(
    const std::string& root_pin, const std::string& partnership,
    std::shared_ptr<FirstContact> seen) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  // There is no root yet: the verifier finds it in what the server shows.
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<PinnedVerifier>(
          root_pin, partnership, std::move(seen)));
  return grpc::experimental::TlsCredentials(options);
}

std::string ChainOf(const grpc::AuthContext& context) {
  std::string chain;
  for (const char* property : {GRPC_X509_PEM_CERT_PROPERTY_NAME,
                               GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME}) {
    for (const auto& part : context.FindPropertyValues(property)) {
      chain.append(part.data(), part.size());
    }
  }
  return chain;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>
MakeChannelCredentials(const v1::Credentials& files) {
  CAIRN_ASSIGN_OR_RETURN(const Pem pem, ReadCredentials(files));
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
          pem.authority, std::vector<grpc::experimental::IdentityKeyCertPair>{
                             {pem.key, pem.certificate}}));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_check_call_host(false);
  options.set_verify_server_certs(true);
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<
          CoordinatorVerifier>(pem.identity.partnership));
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace cairn
