#include "agent/renewal.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"
#include "core/link/x509.h"

namespace cairn {
namespace {

constexpr absl::Duration kLongestPause = absl::Minutes(10);
constexpr int kTriesInALife = 20;

}  // namespace

absl::StatusOr<Entry> EnrolledEntry(const std::string& agency,
                                    const std::string& certificate,
                                    const char* how) {
  CAIRN_ASSIGN_OR_RETURN(const CertificateFacts facts,
                         ReadCertificate(certificate));
  return Entry{"peer.enrolled",
               "",
               {{"agency", agency},
                {"key", Hex(facts.key_pin)},
                {"until", absl::ToUnixSeconds(facts.not_after)},
                {"how", how}}};
}

Renewal::Renewal(const std::string& state_dir, bool enrolled, PeerIdentity own)
    : folder_(state_dir), enrolled_(enrolled), own_(std::move(own)) {
  MutexLock lock(&mutex_);
  if (enrolled_) ReadTimes().IgnoreError();  // it was read at the start
}

absl::Status Renewal::ReadTimes() {
  CAIRN_ASSIGN_OR_RETURN(const std::string pem,
                         ReadFile(folder_.Current().certificate()));
  CAIRN_ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(pem));
  const absl::Duration life = facts.not_after - facts.not_before;
  due_ = facts.not_after - life / 3;
  late_ = facts.not_after - life / 6;
  pause_ = std::min(kLongestPause, life / kTriesInALife);
  return absl::OkStatus();
}

bool Renewal::Due(absl::Time now, v1::Renewal* request) {
  MutexLock lock(&mutex_);
  if (!enrolled_ || now < due_) return false;
  if (now > late_) {
    LogLine("renewal.late", {{"reason",
                              "the certificate ends soon, and no new "
                              "one has come"}});
  }
  due_ = now + pause_;
  auto key = MakeKey();
  const auto made = key.ok() ? MakeRequest(*key) : key;
  if (!made.ok()) {
    LogLine("renewal.failed",
            {{"reason", std::string(made.status().message())}});
    return false;
  }
  key_ = *std::move(key);
  request->set_request(*made);
  return true;
}

absl::Status Renewal::Take(const v1::Renewed& renewed, Entry* entry) {
  MutexLock lock(&mutex_);
  if (!renewed.refusal().empty()) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the coordinator renewed nothing: ", renewed.refusal().substr(0, 300)));
  }
  const std::string own_key = std::exchange(key_, "");
  if (own_key.empty()) {
    return absl::FailedPreconditionError("a certificate came unasked");
  }
  CAIRN_RETURN_IF_ERROR(folder_.Put(own_key, renewed.certificate(), "", own_));
  CAIRN_ASSIGN_OR_RETURN(
      *entry, EnrolledEntry(own_.id, renewed.certificate(), "renewal"));
  return ReadTimes();
}

}  // namespace cairn
