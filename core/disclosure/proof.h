#ifndef CAIRN_CORE_DISCLOSURE_PROOF_H_
#define CAIRN_CORE_DISCLOSURE_PROOF_H_

#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/suppress.h"

namespace cairn {

// Holds a pattern against what it promises, apart from how it was found: every
// sensitive cell but the unproved has a certificate for both ends of what it
// keeps, and every certificate is a table of whole numbers that keeps all sums
// and lies within what is public. Adds up and compares; searches nothing.
bool CertificatesHold(const CellSystem& system,
                      const std::vector<SuppressionCell>& cells,
                      const Suppression& suppression,
                      const SuppressionOptions& options = {});

// Suppress(), and then the two proofs: the certificates and bound propagation
// over what is public; and elimination, for what algebra tells an outsider, or
// the one person behind a count of 1 of another small cell. What is not proved
// is hidden: further cells beside it, at last all open cells, with no mark
// telling anything. `cells` are changed where that was needed, and where a cell
// is too narrow even if nothing new is shown (it keeps nothing then).
// `earlier`: what was found when its pinned cells were released.
Suppression SuppressAndProve(const CellSystem& system,
                             std::vector<SuppressionCell>* cells,
                             const SuppressionOptions& options = {},
                             EarlierCertificates earlier = {},
                             CertificateSearch* search = nullptr);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_PROOF_H_
