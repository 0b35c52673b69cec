#ifndef CAIRN_CORE_DISCLOSURE_RELEASE_PROOF_H_
#define CAIRN_CORE_DISCLOSURE_RELEASE_PROOF_H_

#include <string>
#include <vector>

#include "core/disclosure/microdata.h"
#include "core/disclosure/suppress.h"

namespace cairn {

// The certificates behind everything released of one measure and epoch, as
// changes to records, so that they outlive the tables they were found for. The
// next release only has to extend them: without them most would have to be
// found anew, among many more tables, and what is not found is hidden.
//
// They are as secret as the records, and never leave the agent. A proof that is
// lost costs some cells of later releases, not their safety: every certificate
// is checked anew.
struct ReleaseProof {
  std::vector<Microdata::Part> parts;  // in whose leaves the edits speak
  std::vector<std::vector<RecordEdit>> certificates;
  // The records of which they are changes, where these were a stand-in
  // (core/disclosure/stand_in.h): a leaf for each part, row after row.
  std::vector<Microdata::Leaf> stand_in;
};

// The certificates that the proof in `suppression` uses.
ReleaseProof ProofOfReleases(const Microdata& data,
                             const Suppression& suppression);

// The same certificates in terms of these records, as far as their leaves are
// still there.
EarlierCertificates CertificatesOf(const ReleaseProof& proof,
                                   const Microdata& data);

// The stand-in in terms of these records, without those that have a leaf that
// is not there any more.
std::vector<Microdata::Leaf> StandInOf(const ReleaseProof& proof,
                                       const Microdata& data);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_RELEASE_PROOF_H_
