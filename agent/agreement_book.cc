#include "agent/agreement_book.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/link/agreement_file.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

struct InForce {
  AgreementInForce agreement;
  absl::Time since;
};

absl::StatusOr<std::optional<InForce>> ReadInForce(Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS agreement_in_force("
      "one INTEGER PRIMARY KEY CHECK(one = 1), version INTEGER NOT NULL, "
      "digest TEXT NOT NULL, since INTEGER NOT NULL)"));
  CAIRN_ASSIGN_OR_RETURN(Statement select,
                         database->Prepare("SELECT version, digest, since FROM "
                                           "agreement_in_force"));
  CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<InForce>();
  InForce in_force;
  in_force.agreement = {select.Int(0), select.Text(1)};
  in_force.since = absl::FromUnixSeconds(select.Int(2));
  return std::optional<InForce>(std::move(in_force));
}

absl::Status WriteInForce(Database* database, const Agreement& agreement,
                          absl::Time now) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database->Prepare(
          "INSERT OR REPLACE INTO agreement_in_force(one, version, digest, "
          "since) VALUES(1, ?1, ?2, ?3)"));
  insert.BindInt(1, agreement.version);
  insert.BindText(2, agreement.digest);
  insert.BindInt(3, ToUnixSeconds(now));
  return insert.Run();
}

absl::Status Unfit(const std::string& path, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", why));
}

absl::Status CheckRule(const AgentSettings& settings,
                       const Agreement& agreement) {
  const std::string& own = settings.config.policy();
  const std::string path =
      RelativeTo(own, absl::StrCat(agreement.disclosure.name, ".textproto"));
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  if (Sha256Hex(text) != agreement.disclosure.sha256) {
    return Unfit(path,
                 "is not the rule of the agreement: its SHA-256 is "
                 "another");
  }
  CAIRN_ASSIGN_OR_RETURN(const DisclosurePolicy agreed, ReadPolicy(path));
  const absl::Status strict = CheckAtLeast(settings.policy, agreed);
  return strict.ok() ? strict : Unfit(own, strict.message());
}

absl::Status CheckFits(const AgentSettings& settings,
                       const Agreement& agreement) {
  const std::string& path = settings.config.agreement();
  if (agreement.agency != settings.config.agency()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is about the records of ", agreement.agency,
                     ", not of ", settings.config.agency()));
  }
  CAIRN_RETURN_IF_ERROR(CheckRule(settings, agreement));
  const std::string& plan = settings.config.release_plan();
  if (plan.empty() != !agreement.release_plan.has_value()) {
    return Unfit(path, plan.empty() ? "names a release plan, but none is "
                                      "configured"
                                    : "names no release plan, but one is "
                                      "configured");
  }
  if (plan.empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(plan));
  if (Sha256Hex(text) == agreement.release_plan->sha256) {
    return absl::OkStatus();
  }
  return Unfit(plan,
               "is not the release plan of the agreement: its SHA-256 is "
               "another");
}

}  // namespace

absl::StatusOr<std::unique_ptr<PeopleFiles>> ReadPeople(
    const AgentSettings& settings) {
  if (!settings.config.has_people()) return std::unique_ptr<PeopleFiles>();
  return ReadPeopleFiles(settings.config.people().authority(),
                         settings.config.people().deny_list(),
                         settings.catalogue->partnership);
}

absl::StatusOr<std::unique_ptr<const Agreement>> PutAgreementInForce(
    const AgentSettings& settings, const PeopleFiles* people,
    Database* database, Ledger* ledger, absl::Time now) {
  CAIRN_ASSIGN_OR_RETURN(const std::optional<InForce> before,
                         ReadInForce(database));
  const std::string& path = settings.config.agreement();
  if (path.empty()) {
    if (!before.has_value()) return std::unique_ptr<const Agreement>();
    return absl::FailedPreconditionError(absl::StrCat(
        "an agreement of version ", before->agreement.version,
        " was in force; name it, or the one that replaces it, under agreement "
        "in the configuration"));
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  const auto read = [&](absl::Time when) {
    return ReadSignedAgreement(path, bytes, *settings.catalogue, people->trust,
                               when);
  };
  auto given = read(now);
  // What was put in force stays so when its steward's certificate ends.
  if (absl::IsPermissionDenied(given.status()) && before.has_value()) {
    auto then = read(before->since);
    if (then.ok() && then->agreement.digest == before->agreement.digest) {
      given = std::move(then);
    }
  }
  CAIRN_RETURN_IF_ERROR(given.status());
  CAIRN_RETURN_IF_ERROR(CheckFits(settings, given->agreement));
  const absl::Status follows = CheckSuccession(
      before.has_value() ? std::optional(before->agreement) : std::nullopt,
      given->agreement);
  if (!follows.ok()) return Unfit(path, follows.message());
  auto agreement =
      std::make_unique<const Agreement>(std::move(given->agreement));
  if (before.has_value() && before->agreement.digest == agreement->digest) {
    return agreement;
  }
  Entry changed{"agreement.changed", "", {}};
  changed.fields["from"] =
      before.has_value() ? before->agreement.digest : std::string();
  changed.fields["to"] = agreement->digest;
  changed.fields["version"] = agreement->version;
  changed.fields["actor"] = given->signers[0].id;
  const auto write = [&] { return WriteInForce(database, *agreement, now); };
  CAIRN_RETURN_IF_ERROR(ledger->Append({changed}, write).status());
  LogLine("agreement.changed", {{"version", absl::StrCat(agreement->version)}});
  return agreement;
}

}  // namespace cairn
