#include "agent/certificate_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cairn/v1/release_proof.pb.h"
#include "core/base/status_macros.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr size_t kMaxProofBytes = size_t{512} << 20;

std::string KeyOf(const std::string& data_set, const Measure& measure) {
  return absl::StrCat(data_set, "\n", measure.ToString());
}

// No record, one, or (`many`) any number.
bool LeavesFit(const google::protobuf::RepeatedField<uint32_t>& leaves,
               const ReleaseProof& proof, bool many = false) {
  const size_t size = static_cast<size_t>(leaves.size());
  const size_t parts = proof.parts.size();
  if (size == 0) return true;
  if (parts == 0 || size % parts != 0 || (!many && size != parts)) return false;
  for (size_t at = 0; at < size; ++at) {
    if (leaves[static_cast<int>(at)] >= proof.parts[at % parts].leaves.size()) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string ProofBytes(const ReleaseProof& proof) {
  v1::ReleaseProof message;
  for (const Microdata::Part& part : proof.parts) {
    v1::ReleaseProof::Part* added = message.add_part();
    added->set_id(part.id);
    for (const std::string& leaf : part.leaves) added->add_leaf(leaf);
  }
  for (const std::vector<RecordEdit>& edits : proof.certificates) {
    v1::ReleaseProof::Certificate* added = message.add_certificate();
    for (const RecordEdit& edit : edits) {
      v1::ReleaseProof::Edit* one = added->add_edit();
      *one->mutable_from() = {edit.from.begin(), edit.from.end()};
      *one->mutable_to() = {edit.to.begin(), edit.to.end()};
    }
  }
  *message.mutable_stand_in() = {proof.stand_in.begin(), proof.stand_in.end()};
  return message.SerializeAsString();
}

absl::StatusOr<ReleaseProof> ProofFromBytes(absl::string_view bytes) {
  v1::ReleaseProof message;
  CAIRN_RETURN_IF_ERROR(ParseMessage(bytes, kMaxProofBytes, &message));
  ReleaseProof proof;
  for (const v1::ReleaseProof::Part& part : message.part()) {
    proof.parts.push_back(
        {part.id(), {part.leaf().begin(), part.leaf().end()}});
  }
  for (const v1::ReleaseProof::Certificate& certificate :
       message.certificate()) {
    std::vector<RecordEdit>& edits = proof.certificates.emplace_back();
    for (const v1::ReleaseProof::Edit& edit : certificate.edit()) {
      if (!LeavesFit(edit.from(), proof) || !LeavesFit(edit.to(), proof)) {
        return absl::DataLossError("a proof names what no record can say");
      }
      edits.push_back({{edit.from().begin(), edit.from().end()},
                       {edit.to().begin(), edit.to().end()}});
    }
  }
  if (!LeavesFit(message.stand_in(), proof, /*many=*/true)) {
    return absl::DataLossError("a proof names what no record can say");
  }
  proof.stand_in = {message.stand_in().begin(), message.stand_in().end()};
  return proof;
}

absl::StatusOr<std::unique_ptr<CertificateStore>> CertificateStore::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS certificates("
      "data_set TEXT NOT NULL, measure TEXT NOT NULL, bytes BLOB NOT NULL, "
      "PRIMARY KEY(data_set, measure))"));
  return std::unique_ptr<CertificateStore>(new CertificateStore(database));
}

absl::StatusOr<CertificateStore::ProofPtr> CertificateStore::Find(
    const std::string& data_set, const Measure& measure) {
  const std::string key = KeyOf(data_set, measure);
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  // A database that is only read may be from before there were any.
  CAIRN_ASSIGN_OR_RETURN(
      Statement table,
      database_->Prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' "
                         "AND name = 'certificates'"));
  CAIRN_ASSIGN_OR_RETURN(const bool any, table.Step());
  if (!any) return nullptr;
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT bytes FROM certificates WHERE data_set = ?1 "
                         "AND measure = ?2"));
  select.BindText(1, data_set);
  select.BindText(2, measure.ToString());
  CAIRN_ASSIGN_OR_RETURN(const bool there, select.Step());
  ProofPtr proof;
  if (there) {
    auto read = ProofFromBytes(select.Blob(0));
    if (!read.ok()) {
      return absl::DataLossError(
          absl::StrCat("the proof of what was released cannot be read back (",
                       read.status().message(), ")"));
    }
    proof = std::make_shared<const ReleaseProof>(*std::move(read));
  }
  known_[key] = proof;
  return proof;
}

absl::Status CertificateStore::Write(const std::string& data_set,
                                     const Measure& measure,
                                     const ReleaseProof& proof) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT OR REPLACE INTO certificates(data_set, "
                         "measure, bytes) VALUES(?1,?2,?3)"));
  insert.BindText(1, data_set);
  insert.BindText(2, measure.ToString());
  insert.BindBlob(3, ProofBytes(proof));
  return insert.Run();
}

void CertificateStore::Remember(const std::string& data_set,
                                const Measure& measure, ProofPtr proof) {
  known_[KeyOf(data_set, measure)] = std::move(proof);
}

}  // namespace cairn
