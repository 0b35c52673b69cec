#include "core/disclosure/release_proof.h"

#include <utility>

#include "absl/container/flat_hash_map.h"

namespace cairn {
namespace {

using Leaf = Microdata::Leaf;
constexpr int64_t kGone = -1;

// For each part of the records: where the proof has it, and its leaves there
// in terms of the records.
struct PartMap {
  int64_t from = kGone;
  std::vector<int64_t> leaf;
};

std::vector<PartMap> MapParts(const ReleaseProof& proof,
                              const Microdata& data) {
  std::vector<PartMap> maps;
  for (const Microdata::Part& part : data.parts) {
    PartMap map;
    absl::flat_hash_map<std::string, int64_t> index;
    for (size_t i = 0; i < part.leaves.size(); ++i) {
      index[part.leaves[i]] = static_cast<int64_t>(i);
    }
    for (size_t p = 0; p < proof.parts.size(); ++p) {
      if (proof.parts[p].id != part.id) continue;
      map.from = static_cast<int64_t>(p);
      for (const std::string& leaf : proof.parts[p].leaves) {
        const auto found = index.find(leaf);
        map.leaf.push_back(found == index.end() ? kGone : found->second);
      }
    }
    maps.push_back(std::move(map));
  }
  return maps;
}

// False if a leaf is gone.
bool Translate(const std::vector<PartMap>& maps, const std::vector<Leaf>& from,
               std::vector<Leaf>* to) {
  if (from.empty()) return true;
  for (const PartMap& map : maps) {
    if (map.from == kGone) return false;
    const Leaf leaf = from[static_cast<size_t>(map.from)];
    if (leaf >= map.leaf.size() || map.leaf[leaf] == kGone) return false;
    to->push_back(static_cast<Leaf>(map.leaf[leaf]));
  }
  return true;
}

}  // namespace

ReleaseProof ProofOfReleases(const Microdata& data,
                             const Suppression& suppression) {
  ReleaseProof proof;
  proof.parts = data.parts;
  std::vector<bool> used(suppression.certificates.size(), false);
  for (const auto& ends : suppression.proof) {
    for (const int certificate : ends) {
      if (certificate >= 0) used[static_cast<size_t>(certificate)] = true;
    }
  }
  for (size_t i = 0; i < used.size(); ++i) {
    if (!used[i] || suppression.edits[i].empty()) continue;
    proof.certificates.push_back(suppression.edits[i]);
  }
  return proof;
}

EarlierCertificates CertificatesOf(const ReleaseProof& proof,
                                   const Microdata& data) {
  const std::vector<PartMap> maps = MapParts(proof, data);
  EarlierCertificates certificates;
  for (const std::vector<RecordEdit>& edits : proof.certificates) {
    CertificateSearch::Found found;
    for (const RecordEdit& edit : edits) {
      RecordEdit now;
      if (Translate(maps, edit.from, &now.from) &&
          Translate(maps, edit.to, &now.to)) {
        found.edits.push_back(std::move(now));
      }
    }
    if (!found.edits.empty()) certificates.push_back(std::move(found));
  }
  return certificates;
}

std::vector<Leaf> StandInOf(const ReleaseProof& proof, const Microdata& data) {
  const std::vector<PartMap> maps = MapParts(proof, data);
  const size_t parts = proof.parts.size();
  std::vector<Leaf> leaves, from, to;
  for (size_t at = 0; parts > 0 && at + parts <= proof.stand_in.size();
       at += parts) {
    from.assign(
        proof.stand_in.begin() + static_cast<std::ptrdiff_t>(at),
        proof.stand_in.begin() + static_cast<std::ptrdiff_t>(at + parts));
    to.clear();
    if (!Translate(maps, from, &to)) continue;
    leaves.insert(leaves.end(), to.begin(), to.end());
  }
  return leaves;
}

}  // namespace cairn
