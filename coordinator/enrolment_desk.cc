#include "coordinator/enrolment_desk.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/identity/distrust.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

constexpr absl::Duration kUsualLife = absl::Hours(24 * 7);
// Of a certificate's life, before the next may follow.
constexpr int kRenewalsInALife = 10;

// enrolment.confirmed
constexpr int kNotCompared = 0;
constexpr int kCompared = 1;   // by the command
constexpr int kConfirmed = 2;  // and in the ledger

Entry EnrolledEntry(const std::string& agency, const std::string& key,
                    absl::Time until, const char* how) {
  return {"peer.enrolled",
          "",
          {{"agency", agency},
           {"key", Hex(key)},
           {"until", absl::ToUnixSeconds(until)},
           {"how", how}}};
}

// As two people may write them down.
std::string PlainWords(const std::string& words) {
  return absl::StrJoin(
      absl::StrSplit(absl::AsciiStrToLower(words), absl::ByAnyChar(" \t\n,"),
                     absl::SkipEmpty()),
      " ");
}

absl::Status Refused(const std::string& agency, const absl::Status& why) {
  LogLine("enrolment.refused",
          {{"agency", agency}, {"reason", std::string(why.message())}});
  return why;
}

}  // namespace

absl::StatusOr<InvitationBook> InvitationBook::Open(Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS invitation(agency TEXT PRIMARY KEY, "
      "secret_hash BLOB NOT NULL, expires INTEGER NOT NULL);"
      "CREATE TABLE IF NOT EXISTS enrolment(secret_hash BLOB PRIMARY KEY, "
      "agency TEXT NOT NULL, key BLOB NOT NULL, used INTEGER NOT NULL, "
      "certificate TEXT NOT NULL, words TEXT NOT NULL, "
      "confirmed INTEGER NOT NULL DEFAULT 0);"
      "CREATE TABLE IF NOT EXISTS agent_key(key BLOB PRIMARY KEY, "
      "agency TEXT NOT NULL, enrolment BLOB NOT NULL, "
      "until INTEGER NOT NULL)"));
  return InvitationBook(database);
}

absl::Status InvitationBook::Put(const Invitation& invitation) {
  return database_->Transact([&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(
        Statement insert,
        database_->Prepare("INSERT OR REPLACE INTO invitation(agency, "
                           "secret_hash, expires) VALUES(?1,?2,?3)"));
    insert.BindText(1, invitation.agency);
    insert.BindBlob(2, invitation.secret_hash);
    insert.BindInt(3, absl::ToUnixSeconds(invitation.expires));
    return insert.Run();
  });
}

absl::Status InvitationBook::Confirm(const std::string& agency,
                                     const std::string& words) {
  return database_->Transact([&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(
        Statement select,
        database_->Prepare(
            "SELECT secret_hash, words FROM enrolment WHERE agency = ?1 AND "
            "confirmed = ?2 ORDER BY used DESC, rowid DESC LIMIT 1"));
    select.BindText(1, agency);
    select.BindInt(2, kNotCompared);
    CAIRN_ASSIGN_OR_RETURN(const bool there, select.Step());
    if (!there) {
      return absl::NotFoundError(absl::StrCat(
          "no key of ", agency,
          " waits for its words to be compared; it has to enrol first"));
    }
    const std::string hash = select.Blob(0);
    if (PlainWords(words) != select.Text(1)) {
      return absl::PermissionDeniedError(absl::StrCat(
          "these are not the words of the key that used the invitation of ",
          agency,
          ": mistyped, or somebody else used it. If they differ when read out "
          "again, let nobody in and make a new invitation"));
    }
    select.Reset();
    CAIRN_ASSIGN_OR_RETURN(
        Statement update,
        database_->Prepare(
            "UPDATE enrolment SET confirmed = ?2 WHERE secret_hash = ?1"));
    update.BindBlob(1, hash);
    update.BindInt(2, kCompared);
    return update.Run();
  });
}

EnrolmentDesk::EnrolmentDesk(const CoordinatorSettings& settings, Issuer issuer,
                             std::string own_pin,
                             std::unique_ptr<Database> reader, Ledger* ledger,
                             Database* database, const Clock* clock)
    : partnership_(settings.catalogue->partnership),
      own_pin_(std::move(own_pin)),
      issuer_(std::move(issuer)),
      life_(settings.config.enrolment().certificate_seconds() == 0
                ? kUsualLife
                : absl::Seconds(
                      settings.config.enrolment().certificate_seconds())),
      ledger_(ledger),
      database_(database),
      clock_(clock),
      reader_(std::move(reader)) {}

absl::StatusOr<std::unique_ptr<EnrolmentDesk>> EnrolmentDesk::Create(
    const CoordinatorSettings& settings, Ledger* ledger, Database* database,
    const Clock* clock) {
  const v1::EnrolmentDesk& config = settings.config.enrolment();
  CAIRN_RETURN_IF_ERROR(CheckSecretFile(config.key()));
  Issuer issuer;
  CAIRN_ASSIGN_OR_RETURN(issuer.certificate, ReadFile(config.authority()));
  CAIRN_ASSIGN_OR_RETURN(issuer.key, ReadFile(config.key()));
  const absl::Status fits = CheckKeyBelongs(issuer.key, issuer.certificate);
  if (!fits.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        config.key(), ": ", fits.message(), " (", config.authority(), ")"));
  }
  const v1::Credentials& own = settings.config.credentials();
  CAIRN_ASSIGN_OR_RETURN(const std::string certificate,
                         ReadFile(own.certificate()));
  CAIRN_ASSIGN_OR_RETURN(const CertificateFacts facts,
                         ReadCertificate(certificate));
  CAIRN_RETURN_IF_ERROR(InvitationBook::Open(database).status());
  CAIRN_ASSIGN_OR_RETURN(
      auto reader, Database::Open(database->path(), Database::Mode::kDurable));
  std::unique_ptr<EnrolmentDesk> desk(
      new EnrolmentDesk(settings, std::move(issuer), facts.key_pin,
                        std::move(reader), ledger, database, clock));
  CAIRN_RETURN_IF_ERROR(desk->ReadKeys());
  // What it would issue must be accepted: found now, not by the first agency.
  CAIRN_ASSIGN_OR_RETURN(const std::string authority,
                         ReadFile(own.authority()));
  CAIRN_ASSIGN_OR_RETURN(const std::string key, MakeKey());
  CAIRN_ASSIGN_OR_RETURN(const std::string request, MakeRequest(key));
  const auto issued = desk->Issue("trial", request, clock->Now() + desk->life_);
  const absl::Status accepted =
      issued.ok() ? CheckChain(*issued, authority, Side::kClient)
                  : issued.status();
  if (!accepted.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        config.authority(), ": certificates by it are not accepted by ",
        own.authority(), ": ", accepted.message()));
  }
  return desk;
}

absl::Status EnrolmentDesk::ReadKeys() {
  MutexLock lock(&mutex_);
  CAIRN_ASSIGN_OR_RETURN(
      Statement enrolments,
      reader_->Prepare("SELECT agency, secret_hash FROM enrolment WHERE "
                       "confirmed = ?1 ORDER BY used, rowid"));
  enrolments.BindInt(1, kConfirmed);
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, enrolments.Step());
    if (!more) break;
    current_[enrolments.Text(0)] = enrolments.Blob(1);
  }
  CAIRN_ASSIGN_OR_RETURN(
      Statement keys,
      reader_->Prepare(
          "SELECT k.key, k.enrolment, e.confirmed FROM agent_key k "
          "JOIN enrolment e ON e.secret_hash = k.enrolment"));
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, keys.Step());
    if (!more) return absl::OkStatus();
    keys_[keys.Blob(0)] = {keys.Blob(1), keys.Int(2) == kConfirmed};
  }
}

absl::StatusOr<std::string> EnrolmentDesk::Issue(const std::string& agency,
                                                 const std::string& request,
                                                 absl::Time until) const {
  const absl::Time now = clock_->Now();
  const absl::Duration early = std::min(kClockSkew, life_ / kRenewalsInALife);
  return IssueCertificate(
      issuer_, request,
      absl::StrCat("spiffe://", partnership_, "/agent/", agency), now - early,
      until);
}

absl::Status EnrolmentDesk::WriteKey(const std::string& key,
                                     const std::string& agency,
                                     const std::string& enrolment,
                                     absl::Time until) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT OR REPLACE INTO agent_key(key, agency, "
                         "enrolment, until) VALUES(?1,?2,?3,?4)"));
  insert.BindBlob(1, key);
  insert.BindText(2, agency);
  insert.BindBlob(3, enrolment);
  insert.BindInt(4, absl::ToUnixSeconds(until));
  return insert.Run();
}

absl::StatusOr<Invitation> EnrolmentDesk::FindInvitation(
    const v1::EnrolRequest& request, std::string* certificate) {
  Invitation found;
  found.agency = request.agency();
  CAIRN_ASSIGN_OR_RETURN(
      Statement used,
      reader_->Prepare("SELECT secret_hash, key, used, certificate FROM "
                       "enrolment WHERE secret_hash = ?1 AND agency = ?2"));
  used.BindBlob(1, Sha256(request.secret()));
  used.BindText(2, request.agency());
  CAIRN_ASSIGN_OR_RETURN(const bool was_used, used.Step());
  if (was_used) {
    found.secret_hash = used.Blob(0);
    found.key = used.Blob(1);
    found.used = absl::FromUnixSeconds(used.Int(2));
    *certificate = used.Text(3);
    return found;
  }
  CAIRN_ASSIGN_OR_RETURN(Statement open,
                         reader_->Prepare("SELECT secret_hash, expires FROM "
                                          "invitation WHERE agency = ?1"));
  open.BindText(1, request.agency());
  CAIRN_ASSIGN_OR_RETURN(const bool is_open, open.Step());
  if (is_open) {
    found.secret_hash = open.Blob(0);
    found.expires = absl::FromUnixSeconds(open.Int(1));
  }
  return found;  // else no secret fits
}

absl::StatusOr<std::string> EnrolmentDesk::Enrol(
    const v1::EnrolRequest& request) {
  const std::string agency = request.agency().substr(0, 64);
  const auto key = PinOfRequest(request.request());
  if (!key.ok()) return Refused(agency, key.status());
  MutexLock lock(&mutex_);
  std::string certificate;
  CAIRN_ASSIGN_OR_RETURN(Invitation invitation,
                         FindInvitation(request, &certificate));
  const absl::Status redeemed =
      Redeem(request.secret(), *key, clock_->Now(), &invitation);
  if (!redeemed.ok()) return Refused(agency, redeemed);
  if (!certificate.empty()) return certificate;  // the reply was lost
  const absl::Time until = clock_->Now() + life_;
  CAIRN_ASSIGN_OR_RETURN(certificate, Issue(agency, request.request(), until));
  const auto write = [&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(
        Statement insert,
        database_->Prepare("INSERT INTO enrolment(secret_hash, agency, key, "
                           "used, certificate, words) "
                           "VALUES(?1,?2,?3,?4,?5,?6)"));
    insert.BindBlob(1, invitation.secret_hash);
    insert.BindText(2, agency);
    insert.BindBlob(3, *key);
    insert.BindInt(4, absl::ToUnixSeconds(invitation.used));
    insert.BindText(5, certificate);
    insert.BindText(6, SixWords(*key, own_pin_));
    CAIRN_RETURN_IF_ERROR(insert.Run());
    return WriteKey(*key, agency, invitation.secret_hash, until);
  };
  CAIRN_RETURN_IF_ERROR(
      ledger_->Append({EnrolledEntry(agency, *key, until, "invitation")}, write)
          .status());
  keys_[*key] = {invitation.secret_hash, false};
  LogLine("agency.enrolled", {{"agency", agency}});
  return certificate;
}

absl::Status EnrolmentDesk::TakeConfirmation(const Peer& peer, Key* key) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      reader_->Prepare("SELECT confirmed FROM enrolment WHERE secret_hash = "
                       "?1"));
  select.BindBlob(1, key->enrolment);
  CAIRN_ASSIGN_OR_RETURN(const bool there, select.Step());
  if (!there || select.Int(0) != kCompared) {
    return absl::PermissionDeniedError(
        "this agency is enrolled, but its six words were not compared yet; "
        "read them to the coordinator's operator");
  }
  const auto write = [&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(
        Statement update,
        database_->Prepare(
            "UPDATE enrolment SET confirmed = ?2 WHERE secret_hash = ?1"));
    update.BindBlob(1, key->enrolment);
    update.BindInt(2, kConfirmed);
    return update.Run();
  };
  const Entry confirmed{"operator.action",
                        "",
                        {{"action", "confirm"},
                         {"agency", peer.identity.id},
                         {"key", Hex(peer.key_pin)}}};
  CAIRN_RETURN_IF_ERROR(ledger_->Append({confirmed}, write).status());
  key->confirmed = true;
  current_[peer.identity.id] = key->enrolment;
  LogLine("agency.confirmed", {{"agency", peer.identity.id}});
  return absl::OkStatus();
}

absl::Status EnrolmentDesk::CheckConfirmed(const Peer& peer) {
  MutexLock lock(&mutex_);
  const auto current = current_.find(peer.identity.id);
  const auto key = keys_.find(peer.key_pin);
  if (key == keys_.end()) {
    if (current == current_.end()) return absl::OkStatus();
    return absl::PermissionDeniedError(
        "this agency is enrolled with another key than the one shown");
  }
  if (!key->second.confirmed) return TakeConfirmation(peer, &key->second);
  if (current != current_.end() && current->second == key->second.enrolment) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      "this agency was invited again, and enrolled with another key");
}

absl::StatusOr<std::string> EnrolmentDesk::Renew(const Peer& peer,
                                                 const std::string& request) {
  const std::string& agency = peer.identity.id;
  CAIRN_ASSIGN_OR_RETURN(const std::string key, PinOfRequest(request));
  MutexLock lock(&mutex_);
  const auto from = keys_.find(peer.key_pin);
  if (from == keys_.end() || keys_.contains(key)) {
    return absl::FailedPreconditionError(
        from == keys_.end()
            ? "only a certificate that came by enrolment is renewed"
            : "a certificate is renewed with a new key only");
  }
  const std::string enrolment = from->second.enrolment;
  const absl::Time now = clock_->Now();
  absl::Time& last = renewed_.try_emplace(agency).first->second;
  if (now < last + life_ / kRenewalsInALife) {
    return absl::FailedPreconditionError(
        "the last renewal was a short time ago");
  }
  const absl::Time until = now + life_;
  CAIRN_ASSIGN_OR_RETURN(std::string certificate,
                         Issue(agency, request, until));
  const auto write = [&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(
        Statement old,
        database_->Prepare("DELETE FROM agent_key WHERE until < ?1"));
    old.BindInt(1, absl::ToUnixSeconds(now - life_));
    CAIRN_RETURN_IF_ERROR(old.Run());
    return WriteKey(key, agency, enrolment, until);
  };
  CAIRN_RETURN_IF_ERROR(
      ledger_->Append({EnrolledEntry(agency, key, until, "renewal")}, write)
          .status());
  last = now;
  keys_[key] = {enrolment, true};
  LogLine("agency.renewed", {{"agency", agency}});
  return certificate;
}

}  // namespace cairn
