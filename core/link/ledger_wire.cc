#include "core/link/ledger_wire.h"

#include "core/base/utf8.h"

namespace cairn {
namespace {

using Outcome = WitnessAnswer::Outcome;

constexpr struct {
  Outcome outcome;
  v1::WitnessOutcome wire;
} kOutcomes[] = {
    {Outcome::kCosigned, v1::COSIGNED},
    {Outcome::kMalformed, v1::MALFORMED},
    {Outcome::kNotSigned, v1::NOT_SIGNED},
    {Outcome::kUnknownLog, v1::UNKNOWN_LOG},
    {Outcome::kWrongSize, v1::WRONG_SIZE},
    {Outcome::kSplitView, v1::SPLIT_VIEW},
    {Outcome::kBadProof, v1::BAD_PROOF},
};

}  // namespace

v1::WitnessRequest ToProto(const WitnessRequest& request,
                           const std::string& from, const std::string& to) {
  v1::WitnessRequest message;
  message.set_from(from);
  message.set_to(to);
  message.set_old_size(request.old_size);
  for (const std::string& hash : request.proof) message.add_proof(hash);
  message.set_checkpoint(request.checkpoint);
  return message;
}

WitnessRequest FromProto(const v1::WitnessRequest& message) {
  return {message.old_size(),
          {message.proof().begin(), message.proof().end()},
          message.checkpoint()};
}

v1::WitnessReply ToProto(const WitnessAnswer& answer, const std::string& from,
                         const std::string& to) {
  v1::WitnessReply message;
  message.set_from(from);
  message.set_to(to);
  for (const auto& pair : kOutcomes) {
    if (pair.outcome == answer.outcome) message.set_outcome(pair.wire);
  }
  message.set_reason(answer.reason);
  message.set_signature_line(answer.signature_line);
  message.set_size(answer.size);
  message.set_kept_checkpoint(answer.kept_checkpoint);
  return message;
}

WitnessAnswer FromProto(const v1::WitnessReply& message) {
  WitnessAnswer answer;
  for (const auto& pair : kOutcomes) {
    if (pair.wire == message.outcome()) answer.outcome = pair.outcome;
  }
  answer.reason =
      PrintableUtf8(absl::string_view(message.reason()).substr(0, 500));
  answer.signature_line = message.signature_line();
  answer.size = message.size();
  answer.kept_checkpoint = message.kept_checkpoint();
  return answer;
}

v1::ShownEntry ToProto(const ShownEntry& shown, const std::string& salt) {
  v1::ShownEntry message;
  message.set_line(shown.line);
  message.set_salt(salt);
  message.set_proof(shown.proof);
  message.set_old_size(shown.old_size);
  for (const std::string& hash : shown.since_old) message.add_since_old(hash);
  message.set_cosigned(shown.cosigned);
  for (const std::string& hash : shown.since_cosigned) {
    message.add_since_cosigned(hash);
  }
  return message;
}

ShownEntry FromProto(const v1::ShownEntry& message) {
  return {message.line(),
          message.proof(),
          message.old_size(),
          {message.since_old().begin(), message.since_old().end()},
          message.cosigned(),
          {message.since_cosigned().begin(), message.since_cosigned().end()}};
}

}  // namespace cairn
