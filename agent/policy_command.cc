#include "agent/policy_command.h"

#include <cstdio>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/config.h"
#include "core/agreement/words.h"
#include "core/base/status_macros.h"
#include "core/link/agreement_file.h"
#include "core/link/people_files.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

struct ReadPolicyFile {
  std::string text;
  bool is_signed = false;
  Agreement agreement;
};

absl::StatusOr<ReadPolicyFile> Read(const AgentSettings& settings,
                                    const std::string& file) {
  ReadPolicyFile read;
  CAIRN_ASSIGN_OR_RETURN(read.text, ReadFile(file));
  if (absl::StartsWith(read.text, "{\"payload\"")) {
    auto envelope = ParseDsse(read.text.substr(0, read.text.find('\n')));
    if (!envelope.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": ", envelope.status().message()));
    }
    read.text = std::move(envelope->payload);
    read.is_signed = true;
  }
  CAIRN_ASSIGN_OR_RETURN(read.agreement,
                         ParseAgreement(file, read.text, *settings.catalogue));
  return read;
}

std::string SignatureWords(const ReadPolicyFile& read) {
  return absl::StrCat(
      "\n",
      read.is_signed ? "Signed; who signed it is checked when the agent starts."
                     : "Not signed: the agent does not take it like this.",
      "\n");
}

}  // namespace

absl::Status ExplainPolicy(const std::string& config_path,
                           const std::string& file) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  CAIRN_ASSIGN_OR_RETURN(const ReadPolicyFile read, Read(settings, file));
  Print(ExplainAgreement(read.agreement, settings.policy.ToWords()) +
        SignatureWords(read));
  return absl::OkStatus();
}

absl::Status DiffPolicies(const std::string& config_path,
                          const std::string& before, const std::string& after) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  CAIRN_ASSIGN_OR_RETURN(const ReadPolicyFile first, Read(settings, before));
  CAIRN_ASSIGN_OR_RETURN(const ReadPolicyFile second, Read(settings, after));
  const std::string words = DiffAgreements(first.agreement, second.agreement);
  Print(!words.empty()              ? words
        : first.text == second.text ? "They are the same text.\n"
                                    : "They say the same in other words.\n");
  return absl::OkStatus();
}

absl::Status ReportPolicy(const std::string& config_path,
                          const std::string& file) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  CAIRN_ASSIGN_OR_RETURN(const ReadPolicyFile read, Read(settings, file));
  Print(ReportAgreement(read.agreement, settings.policy.ToWords()));
  return absl::OkStatus();
}

absl::Status SignPolicy(const std::string& config_path,
                        const SignPolicyFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  CAIRN_ASSIGN_OR_RETURN(const ReadPolicyFile read, Read(settings, flags.file));
  if (read.is_signed) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.file, ": is signed already; give its text"));
  }
  CAIRN_ASSIGN_OR_RETURN(const Signer signer, ReadSigner(flags.certificate));
  const Person& person = signer.person;
  if (person.organisation != read.agreement.agency ||
      !May(person.roles, Call::kSignAgreement)) {
    return absl::PermissionDeniedError(
        absl::StrCat(flags.certificate,
                     ": is not the certificate of a steward "
                     "of ",
                     read.agreement.agency));
  }
  Print(ExplainAgreement(read.agreement, settings.policy.ToWords()));
  CAIRN_ASSIGN_OR_RETURN(
      const SecretKey key,
      OpenKeyOf(signer, flags.key, flags.pin_file, "\nTo sign this"));
  CAIRN_RETURN_IF_ERROR(WriteFile(
      flags.out, WriteSignedAgreement(key, signer.certificate, read.text)));
  Print(absl::StrCat("\nWrote ", flags.out, ", version ",
                     read.agreement.version, ", SHA-256 ",
                     read.agreement.digest, "\n"));
  return absl::OkStatus();
}

}  // namespace cairn
