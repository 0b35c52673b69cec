#ifndef CAIRN_AGENT_CERTIFICATE_STORE_H_
#define CAIRN_AGENT_CERTIFICATE_STORE_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/disclosure/release_proof.h"
#include "core/query/query.h"
#include "core/store/sqlite.h"

namespace cairn {

// What proves all that was released of a data set's measure: the starting point
// of the next release. In the release store's database, and written in one
// commit with the tables. One thread at a time.
class CertificateStore {
 public:
  // The database must outlive the store. To read only, the constructor will do.
  static absl::StatusOr<std::unique_ptr<CertificateStore>> Create(
      Database* database);
  explicit CertificateStore(Database* database) : database_(database) {}

  using ProofPtr = std::shared_ptr<const ReleaseProof>;

  // Null where nothing was proved yet. DATA_LOSS if it cannot be read back.
  absl::StatusOr<ProofPtr> Find(const std::string& data_set,
                                const Measure& measure);
  // In the place of what is there; to be called inside the ledger's commit.
  absl::Status Write(const std::string& data_set, const Measure& measure,
                     const ReleaseProof& proof);
  // Makes it known, after the commit.
  void Remember(const std::string& data_set, const Measure& measure,
                ProofPtr proof);
  // Back to what is written.
  void Forget() { known_.clear(); }

 private:
  Database* const database_;
  std::map<std::string, ProofPtr> known_;
};

// The bytes of a proof (proto/cairn/v1/release_proof.proto). DATA_LOSS: these
// are none.
std::string ProofBytes(const ReleaseProof& proof);
absl::StatusOr<ReleaseProof> ProofFromBytes(absl::string_view bytes);

}  // namespace cairn

#endif  // CAIRN_AGENT_CERTIFICATE_STORE_H_
